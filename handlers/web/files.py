"""The built clients: files that never change are kept for a year, pages are always asked for."""

from pathlib import Path
from typing import Any

from tornado.web import HTTPError, StaticFileHandler

# One year: such a file has its content's hash in its name.
_IMMUTABLE_S = 31_536_000


class ClientFiles(StaticFileHandler):
    """One client's folder; a path that names no file is a page of its router."""

    async def get(self, path: str, include_body: bool = True) -> None:
        """Give a file, or the page that starts the client."""
        if not (Path(self.root) / "index.html").is_file():
            self.set_status(503)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            await self.finish(_NOT_BUILT)
            return
        if "." not in path.rsplit("/", 1)[-1]:
            path = "index.html"
        await super().get(path, include_body)

    def set_extra_headers(self, path: str) -> None:
        """Keep hashed files, ask again for pages and service workers."""
        kept = "/assets/" in f"/{path}"
        caching = f"public, max-age={_IMMUTABLE_S}, immutable" if kept else "no-cache"
        self.set_header("Cache-Control", caching)
        self.set_header("X-Content-Type-Options", "nosniff")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say plainly that there is no such file."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, HTTPError):
            super().write_error(status_code, **kwargs)
            return
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}\n")


_NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>客户端尚未构建</title>
<body style="font-family:sans-serif;max-width:36rem;margin:20vh auto;line-height:1.8">
<h1>客户端尚未构建</h1><p>请在项目目录运行 <code>make clients</code>，完成后刷新本页。</p></body></html>"""
