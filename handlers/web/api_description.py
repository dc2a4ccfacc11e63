"""`/openapi.json`."""

from typing import Any

import msgspec
from tornado.web import RequestHandler


class ApiDescription(RequestHandler):
    """Gives the API's description."""

    def initialize(self, description: dict[str, Any]) -> None:
        """Take the description, made once."""
        self._body = msgspec.json.encode(description)

    def get(self) -> None:
        """Give it as JSON."""
        self.set_header("Content-Type", "application/json")
        self.finish(self._body)
