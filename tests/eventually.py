"""Waits on a condition in tests, instead of sleeping for as long as it might take."""

import asyncio
from collections.abc import Callable


async def eventually(condition: Callable[[], bool], *, within_s: float = 10) -> None:
    """Return as soon as the condition holds; TimeoutError when it does not within the time."""
    async with asyncio.timeout(within_s):
        # It is about other processes, which can set no event of ours.
        while not condition():
            await asyncio.sleep(0.02)
