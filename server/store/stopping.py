"""Makes sure that a task which was told to stop does."""

import asyncio


def stop_if_cancelled() -> None:
    """End the current task if it was cancelled, for loops that would otherwise go on for ever.

    Up to Python 3.11 `asyncio.wait_for` swallows a cancel that comes in the very tick in which
    what it waits for is done, and PyMongo waits so for each command that it sends.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
