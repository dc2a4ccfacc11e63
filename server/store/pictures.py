"""Makes a picture that somebody sent safe to keep and to show: decoded, made small, written anew. Pure."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from server.kernel.errors import Invalid

# 8 MiB: a 12-megapixel JPEG of a phone is 3-5.
SENT_MAX = 8 * 1024**2
# 40 megapixels: the best phones send 12; decoded it is 120 MB, for a moment.
PIXELS_MAX = 40_000_000
# 1,280 px, quality 70: a plate is readable, and a photo is 150 KB.
SIDE_MAX = 1_280
QUALITY = 70
FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of ours: nothing of the sender's bytes is in it but the colors of its pixels."""

    data: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Name it by what it is."""
        return hashlib.sha256(self.data).hexdigest()


def draw_anew(sent: bytes) -> Picture:
    """Decode a picture and write it anew, upright, without its EXIF, at most 1,280 px a side.

    Refuses with `photo_too_large`, `photo_not_an_image` (also what is cut off, or of a format that
    cameras do not write) and `photo_too_many_pixels`, which is told before anything is decoded.
    """
    if len(sent) > SENT_MAX:
        raise Invalid("photo_too_large", "照片过大", most=SENT_MAX)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _draw(sent)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise _too_many() from bomb
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise Invalid("photo_not_an_image", "不是有效的照片") from error


def _draw(sent: bytes) -> Picture:
    with Image.open(io.BytesIO(sent), formats=FORMATS) as opened:
        if opened.width * opened.height > PIXELS_MAX:
            raise _too_many()
        opened.draft("RGB", (SIDE_MAX, SIDE_MAX))  # a JPEG is decoded small at once
        opened.thumbnail((SIDE_MAX, SIDE_MAX))  # before it is turned: that makes a copy
        upright = ImageOps.exif_transpose(opened)
        clean = Image.new("RGB", upright.size, "white")
        rgba = upright.convert("RGBA")
        clean.paste(rgba, mask=rgba.getchannel("A"))
    written = io.BytesIO()
    clean.save(written, "JPEG", quality=QUALITY)
    return Picture(written.getvalue(), clean.width, clean.height)


def _too_many() -> Invalid:
    return Invalid("photo_too_many_pixels", "照片像素过多", most=PIXELS_MAX)
