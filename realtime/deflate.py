"""permessage-deflate whose compressed frames are the same bytes for all who get them.

That is so when no message leans on an earlier one: the server asks for no context takeover, both
ways, and keeps no compressor a connection.
"""

import zlib

from realtime.protocol import text_frame

AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
# Below this the header of a deflate block eats what is saved.
LEAST = 128


def agree(offers: str) -> str:
    """Give the extension to agree on of those that a client offers; empty for none.

    A client that bounds the server's window is refused: it would need frames of its own.
    """
    for offer in offers.split(","):
        name, *parameters = [part.strip() for part in offer.split(";")]
        bounded = any(one.startswith("server_max_window_bits") for one in parameters)
        if name == "permessage-deflate" and not bounded:
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
