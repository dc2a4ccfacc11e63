"""Rows that a process may remember for a second."""

from server.store.memory import KEPT_S, Memory


class Shelf:
    """Holds rows, and counts how often they are read."""

    def __init__(self) -> None:
        self.rows = ["first"]
        self.reads = 0

    async def read(self) -> list[str]:
        """Give what is there now."""
        self.reads += 1
        return list(self.rows)


async def test_within_a_second_the_answer_is_not_asked_for_again() -> None:
    now = [100.0]
    memory, shelf = Memory(lambda: now[0]), Shelf()
    await memory.ask("rows", shelf.read)
    shelf.rows = ["second"]

    now[0] += KEPT_S - 0.01

    assert await memory.ask("rows", shelf.read) == ["first"]
    assert shelf.reads == 1


async def test_after_a_second_it_is_read_anew() -> None:
    now = [100.0]
    memory, shelf = Memory(lambda: now[0]), Shelf()
    await memory.ask("rows", shelf.read)
    shelf.rows = ["second"]

    now[0] += KEPT_S

    assert await memory.ask("rows", shelf.read) == ["second"]


async def test_each_question_has_its_own_answer() -> None:
    memory, shelf = Memory(lambda: 0.0), Shelf()
    await memory.ask("these", shelf.read)
    shelf.rows = ["others"]

    assert await memory.ask("those", shelf.read) == ["others"]
    assert await memory.ask("these", shelf.read) == ["first"]
