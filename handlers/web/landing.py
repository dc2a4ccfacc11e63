"""The landing page: where the clients are, how the platform is, and the demo's logins."""

from pathlib import Path
from typing import Any

from tornado.web import RequestHandler

from handlers.app import App


class Landing(RequestHandler):
    """`/`."""

    def initialize(self, app: App) -> None:
        """Take what the handler works with."""
        self.app = app

    def get_template_path(self) -> str:
        """Find the page beside this file."""
        return str(Path(__file__).parent)

    async def get(self) -> None:
        """Show the page; logins only in demo mode."""
        demo: dict[str, Any] | None = await self.app.demo()
        self.set_header("Cache-Control", "no-store")
        self.render("landing.html", demo=demo)
