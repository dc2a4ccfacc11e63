"""Pictures are drawn anew, whatever was sent; and both stores keep them alike."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from server.kernel.errors import Invalid, NotFound
from server.store.mongo import Store
from server.store.photos import FolderPhotos, GridFsPhotos, PhotoStore
from server.store.pictures import PIXELS_MAX, SENT_MAX, SIDE_MAX, draw_anew
from tests.handlers.clerks import picture

GPS = 0x8825
ORIENTATION = 0x0112


def with_exif(orientation: int) -> bytes:
    """Take a photo that says where it was taken, and that it lies on its side."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010E] = "secret place"
    exif.get_ifd(GPS)[1] = "N"
    taken = io.BytesIO()
    Image.new("RGB", (400, 200), "red").save(taken, "JPEG", exif=exif)
    return taken.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Make a PNG of a few bytes that says it is that large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


NASTY: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "photo_not_an_image"),
    "HTML": (b"<html><script>alert(1)</script></html>", "photo_not_an_image"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo_not_an_image"),
    "a GIF, which no camera writes": (picture("red", format="GIF"), "photo_not_an_image"),
    "a TIFF": (picture("red", format="TIFF"), "photo_not_an_image"),
    "cut off": (picture("red", (900, 900), "JPEG")[:2000], "photo_not_an_image"),
    "a JPEG of a head only": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "photo_not_an_image"),
    "a bomb": (bomb(50_000, 50_000), "photo_too_many_pixels"),
    "just above the pixels": (bomb(PIXELS_MAX // 1000 + 1, 1000), "photo_too_many_pixels"),
    "too long": (b"\xff" * (SENT_MAX + 1), "photo_too_large"),
    "zeros": (b"\0" * 1000, "photo_not_an_image"),
    "a zip": (b"PK\x03\x04" + b"\0" * 200, "photo_not_an_image"),
}


@pytest.mark.parametrize("name", NASTY)
def test_what_is_no_photo_is_refused_with_a_code(name: str) -> None:
    sent, code = NASTY[name]

    with pytest.raises(Invalid) as refused:
        draw_anew(sent)

    assert refused.value.code == code


def test_a_picture_that_is_also_something_else_is_only_a_picture_afterwards() -> None:
    script = b"<script>alert(1)</script>"

    drawn = draw_anew(picture("red", format="JPEG") + script + b"PK\x03\x04")

    assert script not in drawn.data
    assert b"PK\x03\x04" not in drawn.data


@pytest.mark.parametrize(("orientation", "size"), [(1, (400, 200)), (6, (200, 400))])
def test_a_photo_is_upright_and_says_nothing_beside_what_is_seen(
    orientation: int, size: tuple[int, int]
) -> None:
    drawn = draw_anew(with_exif(orientation))

    with Image.open(io.BytesIO(drawn.data)) as shown:
        assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", size, {})
    assert b"secret" not in drawn.data
    assert (drawn.width, drawn.height) == size


@pytest.mark.parametrize(
    ("size", "after"),
    [
        ((SIDE_MAX, 100), (SIDE_MAX, 100)),
        ((SIDE_MAX + 1, 100), (SIDE_MAX, 100)),
        ((4000, 3000), (1280, 960)),
        ((1, 1), (1, 1)),
    ],
)
def test_a_large_photo_is_made_small(size: tuple[int, int], after: tuple[int, int]) -> None:
    drawn = draw_anew(picture("blue", size, "JPEG"))

    assert (drawn.width, drawn.height) == after


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_pixels_becomes_a_photo(mode: str) -> None:
    sent = io.BytesIO()
    Image.new(mode, (20, 10)).save(sent, "PNG")

    assert draw_anew(sent.getvalue()).width == 20


def test_the_same_picture_has_the_same_name() -> None:
    sent = picture("green")

    assert draw_anew(sent).sha256 == draw_anew(sent).sha256 != draw_anew(picture("red")).sha256


STORES: dict[str, Callable[[Store, Path], PhotoStore]] = {
    "gridfs": lambda store, _folder: GridFsPhotos(store.database),
    "folder": lambda _store, folder: FolderPhotos(folder),
}


@pytest.mark.parametrize("kind", STORES)
async def test_a_photo_is_kept_once_and_read_whole(kind: str, store: Store, tmp_path: Path) -> None:
    photos = STORES[kind](store, tmp_path)
    drawn = draw_anew(picture("red", (900, 700)))

    await photos.put(drawn.sha256, drawn.data)
    await photos.put(drawn.sha256, drawn.data)

    assert await photos.get(drawn.sha256) == drawn.data


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", "", "A" * 64])
async def test_what_is_not_kept_is_not_there(
    kind: str, name: str, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="photo_gone"):
        await STORES[kind](store, tmp_path).get(name)


@pytest.mark.parametrize("collection", ["files", "chunks"])
async def test_a_photo_that_was_half_kept_is_kept_whole_the_next_time(
    collection: str, store: Store
) -> None:
    photos = GridFsPhotos(store.database)
    drawn = draw_anew(picture("red"))
    await photos.put(drawn.sha256, drawn.data)
    await store.database[f"photo_bytes.{collection}"].delete_many({})

    await photos.put(drawn.sha256, drawn.data)

    assert await photos.get(drawn.sha256) == drawn.data
