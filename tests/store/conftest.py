"""Every test here has a store that is emptied before it."""

from tests.clean_store import store

__all__ = ["store"]
