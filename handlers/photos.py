"""Photos as they are sent and shown: drawn anew on the way in, cached by one's own client on the way out."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from handlers.base import Handler
from handlers.shows import Shown
from handlers.stay_shows import show_photo
from server.domain.stay import keep_photo, photo_in_sight, stay_in_sight
from server.store.pictures import draw_anew

# A photo never changes: another one has another address.
_CACHE = "private, max-age=31536000, immutable"
# 2 at a time: the largest picture takes 0.2 GB and a second while it is decoded.
_DRAWING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")


class PhotoHandler(Handler):
    """Takes and gives pictures."""

    async def take(self, stay_id: str, **about: Any) -> Shown:
        """Keep the picture that is the body; nothing of it is, where the stay is out of sight."""
        await self.run(stay_in_sight, stay_id=stay_id)
        loop = asyncio.get_running_loop()
        picture = await loop.run_in_executor(_DRAWING, draw_anew, self.request.body)
        # Bytes first: a photo that is known has its picture, and bytes without a photo harm nobody.
        await self.app.photos.put(picture.sha256, picture.data)
        photo = await self.run(
            keep_photo,
            stay_id=stay_id,
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
            size=len(picture.data),
            **about,
        )
        return {"photo": show_photo(photo)}

    async def give(self, photo_id: str) -> bytes:
        """Read a picture, if who is asking may see its stay."""
        photo = await self.run(photo_in_sight, photo_id=photo_id)
        return await self.app.photos.get(photo.sha256)

    def answer(self, data: Any, *, status: int = 200) -> None:
        """Answer with a picture, or with JSON as ever."""
        if not isinstance(data, bytes):
            super().answer(data, status=status)
            return
        self.set_header("Content-Type", "image/jpeg")
        self.set_header("Content-Disposition", "inline")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Cache-Control", _CACHE)
        self.finish(data)
