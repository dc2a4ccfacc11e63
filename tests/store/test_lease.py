"""One runner at a time."""

import asyncio

from server.store.lease import COLLECTION, Lease
from server.store.mongo import Store


def lease(store: Store, holder: str, *, lasts_s: float = 60) -> Lease:
    """Make one holder's view of the lease."""
    return Lease(store.database, name="test", holder=holder, lasts_s=lasts_s)


async def test_a_lease_is_taken_once_and_renewed_by_its_holder(store: Store) -> None:
    mine, yours = lease(store, "a"), lease(store, "b")

    assert await mine.take()
    assert not await yours.take()
    assert await mine.take()

    assert (mine.fence, yours.fence) == (1, 0)


async def test_a_lease_that_ran_out_is_taken_over_and_its_fence_rises(store: Store) -> None:
    gone, next_ = lease(store, "a", lasts_s=0), lease(store, "b")

    assert await gone.take()
    assert await next_.take()

    assert not await gone.take()
    assert (gone.fence, next_.fence) == (1, 2)


async def test_a_lease_that_is_given_back_is_free_at_once(store: Store) -> None:
    mine, yours = lease(store, "a"), lease(store, "b")
    await mine.take()

    await yours.give_back()
    assert not await yours.take(), "only its holder gives it back"
    await mine.give_back()

    assert await yours.take()


async def test_of_many_at_once_one_gets_it(store: Store) -> None:
    taken = await asyncio.gather(*(lease(store, f"h{n}").take() for n in range(10)))

    assert sum(taken) == 1
    assert await store.database[COLLECTION].count_documents({}) == 1
