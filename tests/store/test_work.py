"""A unit of work reads through what it has changed, and writes each row once."""

from dataclasses import replace

import pytest

from server.kernel.errors import NotFound
from server.kernel.work import AtMost, Work
from server.store.mongo import Store
from tests.store.nouns import Pet, run


@pytest.fixture
async def pets(store: Store) -> None:
    """Three pets, 1 to 3 years old."""

    async def build(work: Work) -> None:
        for age in (1, 2, 3):
            work.table(Pet).add(Pet(id=f"p{age}", name=f"n{age}", age=age))

    await run(store, build)


@pytest.mark.usefixtures("pets")
class TestWork:
    """Everything on three pets."""

    async def test_a_row_read_twice_is_one_row(self, store: Store) -> None:
        async def use_case(work: Work) -> None:
            rows = work.table(Pet)
            first = await rows.get("p1")
            [found] = await rows.find({"age": 1})
            assert found is first
            assert (await rows.load(["p1", "p1", "gone"])) == {"p1": first}

        await run(store, use_case)

    async def test_a_row_that_is_not_there_is_refused_by_its_nouns_name(self, store: Store) -> None:
        with pytest.raises(NotFound) as refused:
            await run(store, lambda work: work.table(Pet).get("gone"))

        assert refused.value.code == "pet_not_found"
        assert refused.value.fields == {"id": "gone"}

    async def test_what_was_read_can_be_put_back_and_stays_as_it_was_read(
        self, store: Store
    ) -> None:
        async def use_case(work: Work) -> None:
            rows = work.table(Pet)
            read = await rows.get("p1")
            rows.save(replace(read, age=9))
            back = rows.save(read)
            assert (read.v, back.v, back.age) == (1, 3, 1)

        await run(store, use_case)

        kept = await run(store, lambda work: work.table(Pet).get("p1"))
        assert (kept.v, kept.age) == (3, 1)

    async def test_what_was_changed_is_what_is_read(self, store: Store) -> None:
        async def use_case(work: Work) -> None:
            rows = work.table(Pet)
            rows.save(replace(await rows.get("p1"), age=9))
            rows.add(Pet(id="p4", name="n4", age=9))

            assert {pet.id for pet in await rows.find({"age": 9})} == {"p1", "p4"}
            assert {pet.id for pet in await rows.find({"age": AtMost(2)})} == {"p2"}
            assert {pet.id for pet in await rows.find({"name": ["n1", "n2"]})} == {"p1", "p2"}
            assert await rows.one({"age": 1}) is None
            assert (await rows.get("p1")).age == 9

        await run(store, use_case)

    async def test_a_limit_reaches_past_rows_that_no_longer_fit(self, store: Store) -> None:
        async def use_case(work: Work) -> None:
            rows = work.table(Pet)
            rows.save(replace(await rows.get("p1"), age=9))

            youngest = await rows.find({"age": AtMost(3)}, sort="age", limit=1)
            assert [pet.id for pet in youngest] == ["p2"]

        await run(store, use_case)

    async def test_own_changes_keep_to_the_order_and_the_limit(self, store: Store) -> None:
        async def use_case(work: Work) -> None:
            rows = work.table(Pet)
            rows.add(Pet(id="p0", name="n0", age=0))
            rows.save(replace(await rows.get("p1"), age=4))

            up = await rows.find({"age": AtMost(9)}, sort="age", limit=3)
            down = await rows.find({"age": AtMost(9)}, sort="-age", limit=2)
            assert [pet.id for pet in up] == ["p0", "p2", "p3"]
            assert [pet.id for pet in down] == ["p1", "p3"]

        await run(store, use_case)

    async def test_versions_rise_with_each_save_and_are_kept(self, store: Store) -> None:
        async def use_case(work: Work) -> None:
            rows = work.table(Pet)
            once = rows.save(replace(await rows.get("p1"), age=5))
            twice = rows.save(replace(once, age=6))
            assert (once.v, twice.v) == (2, 3)

        await run(store, use_case)

        kept = await run(store, lambda work: work.table(Pet).get("p1"))
        assert (kept.age, kept.v) == (6, 3)

    async def test_a_row_is_added_once(self, store: Store) -> None:
        async def use_case(work: Work) -> None:
            work.table(Pet).add(Pet(id="p9", name="n9"))
            with pytest.raises(AssertionError):
                work.table(Pet).add(Pet(id="p9", name="n9"))

        await run(store, use_case)

    async def test_values_never_become_operators(self, store: Store) -> None:
        found = await run(store, lambda work: work.table(Pet).find({"name": {"$ne": ""}}))

        assert found == []

    async def test_a_value_of_another_type_is_refused_when_it_is_read(self, store: Store) -> None:
        await store.database["test_pets"].update_one({"_id": "p1"}, {"$set": {"age": "old"}})

        with pytest.raises(Exception, match="Expected `int`"):
            await run(store, lambda work: work.table(Pet).get("p1"))
