"""Where photos are kept, by the hash of their bytes: GridFS, or a folder."""

import asyncio
import contextlib
import os
import re
from pathlib import Path
from typing import Protocol

from gridfs import AsyncGridFSBucket, NoFile
from gridfs.errors import CorruptGridFile, FileExists

from server.kernel.errors import NotFound
from server.store.mongo import Database

_NAME = re.compile(r"[0-9a-f]{64}")


class PhotoStore(Protocol):
    """Keeps bytes by their SHA-256, so that keeping the same twice is keeping it once."""

    async def put(self, sha256: str, data: bytes) -> None:
        """Keep it."""
        ...

    async def get(self, sha256: str) -> bytes:
        """Read it; refuses with `photo_gone` when it is not kept any more."""
        ...


# 4 MiB: a photo of ours is one chunk, so that it is there whole or hardly at all.
_CHUNK = 4 * 1024**2


class GridFsPhotos:
    """In the database, so that every process has them."""

    def __init__(self, database: Database) -> None:
        self._bucket = AsyncGridFSBucket(
            database, bucket_name="photo_bytes", chunk_size_bytes=_CHUNK
        )

    async def put(self, sha256: str, data: bytes) -> None:
        """Keep it, once."""
        try:
            await self._upload(sha256, data)
        except FileExists:
            if not await self._is_whole(sha256):  # whoever kept it was killed in between
                with contextlib.suppress(NoFile):
                    await self._bucket.delete(sha256)
                with contextlib.suppress(FileExists):
                    await self._upload(sha256, data)

    async def get(self, sha256: str) -> bytes:
        """Read it."""
        try:
            stream = await self._bucket.open_download_stream(_named(sha256))
            return await stream.read()
        except (NoFile, CorruptGridFile) as gone:
            raise _gone() from gone

    async def _upload(self, sha256: str, data: bytes) -> None:
        await self._bucket.upload_from_stream_with_id(_named(sha256), sha256, data)

    async def _is_whole(self, sha256: str) -> bool:
        try:
            await self.get(sha256)
        except NotFound:
            return False
        return True


class FolderPhotos:
    """In a folder, which may be a mounted share; two letters of the hash make a sub-folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, sha256: str, data: bytes) -> None:
        """Keep it, whole or not at all."""
        await asyncio.to_thread(self._write, self._path(sha256), data)

    async def get(self, sha256: str) -> bytes:
        """Read it."""
        try:
            return await asyncio.to_thread(self._path(sha256).read_bytes)
        except FileNotFoundError as gone:
            raise _gone() from gone

    def _path(self, sha256: str) -> Path:
        name = _named(sha256)
        return self._folder / name[:2] / f"{name}.jpg"

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.part")
        half.write_bytes(data)
        half.replace(path)


def _named(sha256: str) -> str:
    """Refuse what is no hash, so that no name leads out of the store."""
    if not _NAME.fullmatch(sha256):
        raise _gone()
    return sha256


def _gone() -> NotFound:
    return NotFound("photo_gone", "照片已不存在")
