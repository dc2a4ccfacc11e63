"""permessage-deflate whose compressed frames are the same bytes for all who get them.

That is so when no message leans on an earlier one: the server asks for no context takeover, both
ways, and keeps no compressor a connection.
"""

import re
import zlib

from realtime.protocol import text_frame

AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
_ACCEPTED = re.compile(
    r"(server|client)_no_context_takeover|client_max_window_bits(=\"?([89]|1[0-5])\"?)?"
)
# Below this the header of a deflate block eats what is saved.
LEAST = 128


def agree(offers: str) -> str:
    """Give the extension to agree on of those that a client offers; empty for none.

    A client that bounds the server's window is refused, it would need frames of its own; and, as
    RFC 7692 has it, an offer with a parameter that is not known or cannot be.
    """
    for offer in offers.split(","):
        name, *parameters = ["".join(part.split()) for part in offer.split(";")]
        if name == "permessage-deflate" and all(map(_ACCEPTED.fullmatch, parameters)):
            return AGREED
    return ""


def deflated_frame(payload: bytes) -> bytes:
    """Give the websocket frame of a text, compressed where that makes it smaller."""
    if len(payload) < LEAST:
        return text_frame(payload)
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH)
    # The end of the flush is left out, as RFC 7692 has it; the first byte says text, compressed.
    return b"\xc1" + text_frame(deflated[:-4])[1:]
