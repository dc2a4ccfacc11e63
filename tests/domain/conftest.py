"""Use cases run on a store that is emptied between them."""

from tests.clean_store import store

__all__ = ["store"]
