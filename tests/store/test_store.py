"""All of a unit of work lands, or nothing of it; conflicts are run again; refusals have their code."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from server.kernel.errors import Refused, Unavailable
from server.kernel.work import Work
from server.standalone.ports import free_port
from server.store.mongo import AUDIT, OUTBOX, Store
from tests.store.nouns import PERSON, SYSTEM, Pet, PetTested, Toy, add_pet, outbox, run

UseCase = Callable[[Work], Awaitable[Any]]


@pytest.fixture(params=[False, True], ids=["versioned", "bulk"])
def bulk(request: pytest.FixtureRequest) -> bool:
    """Say which of its two ways the store takes; both keep the same promises."""
    return bool(request.param)


async def write_only(work: Work) -> None:
    """Put in a pet without a look."""
    await add_pet(work, name="n1")


async def read_only(work: Work) -> None:
    """Look for a pet."""
    await work.table(Pet).find({})


async def test_a_work_that_read_an_old_row_is_run_again(store: Store, bulk: bool) -> None:
    await run(store, lambda work: add_pet(work, id="p1", name="n1"))
    runs = 0

    async def birthday(work: Work) -> None:
        pet = await work.table(Pet).get("p1")
        work.table(Pet).save(replace(pet, age=pet.age + 1))

    async def overtaken(work: Work) -> None:
        nonlocal runs
        runs += 1
        await birthday(work)
        if runs == 1:
            await run(store, birthday)

    await run(store, overtaken, bulk=bulk)

    pet = await run(store, lambda work: work.table(Pet).get("p1"))
    assert (runs, pet.age, pet.v) == (2, 2, 3)


async def test_twenty_at_once_lose_no_change(store: Store, bulk: bool) -> None:
    await run(store, lambda work: add_pet(work, id="p1", name="n1"))

    async def birthday(work: Work) -> None:
        pet = await work.table(Pet).get("p1")
        work.table(Pet).save(replace(pet, age=pet.age + 1))

    async def patient(work_left: int = 20) -> None:
        while work_left:
            try:
                return await run(store, birthday, bulk=bulk)
            except Unavailable:  # 20 on one row is more than the store's tries
                work_left -= 1
        return None

    await asyncio.gather(*(patient() for _ in range(20)))

    assert (await run(store, lambda work: work.table(Pet).get("p1"))).age == 20


async def test_a_second_row_under_a_unique_index_is_refused_with_its_code(
    store: Store, bulk: bool
) -> None:
    await run(store, lambda work: add_pet(work, name="n1"))
    runs = 0

    async def again(work: Work) -> None:
        nonlocal runs
        runs += 1
        await add_pet(work, name="n1")

    with pytest.raises(Refused) as refused:
        await run(store, again, bulk=bulk)

    assert refused.value.code == "pet_name_taken"
    assert refused.value.message == "名字已被使用"
    assert refused.value.fields == {"keys": ["name"]}
    assert runs == 2, "a second look, and no more"


async def test_a_race_for_a_name_is_settled_by_a_second_look(store: Store, bulk: bool) -> None:
    async def claim(work: Work) -> str:
        taken = await work.table(Pet).one({"name": "n1"})
        if taken is not None:
            return taken.id
        await asyncio.sleep(0)
        return (await add_pet(work, name="n1")).id

    first, second = await asyncio.gather(run(store, claim, bulk=bulk), run(store, claim, bulk=bulk))

    assert first == second


async def test_where_the_second_table_fails_nothing_is_left(store: Store, bulk: bool) -> None:
    async def toy(work: Work, id: str) -> None:
        work.table(Toy).add(Toy(id=id, label="ball"))

    await run(store, lambda work: toy(work, "t1"))

    async def both(work: Work) -> None:
        await add_pet(work, id="p1", name="n1")
        await toy(work, "t2")

    with pytest.raises(Refused) as refused:
        await run(store, both, actor=PERSON, bulk=bulk)

    assert refused.value.code == "toy_label_taken"
    for name in ("test_pets", OUTBOX, AUDIT):
        assert await store.database[name].count_documents({}) == 0
    assert await store.database["test_toys"].count_documents({}) == 1


async def test_a_row_that_closes_makes_room_for_one_that_opens(store: Store, bulk: bool) -> None:
    await run(store, lambda work: add_pet(work, id="p1", name="n1"))

    async def hand_over(work: Work) -> None:
        rows = work.table(Pet)
        rows.add(Pet(id="p2", name="n1"))
        rows.save(replace(await rows.get("p1"), name="n2"))

    await run(store, hand_over, bulk=bulk)

    assert (await run(store, lambda work: work.table(Pet).get("p2"))).name == "n1"


async def test_a_work_leaves_one_row_in_the_outbox_with_all_it_told(store: Store) -> None:
    async def two(work: Work) -> None:
        await add_pet(work, id="p1", name="n1")
        await add_pet(work, id="p2", name="n2")

    await run(store, two)

    [row] = await outbox(store)
    assert row["relayed_at"] is None
    assert [(told["kind"], told["key"]) for told in row["facts"]] == [
        (PetTested.__name__, "pet:p1"),
        (PetTested.__name__, "pet:p2"),
    ]


async def test_a_work_that_changes_nothing_leaves_nothing_and_wakes_nobody(store: Store) -> None:
    woken = []
    silent = Store(store.database, on_told=lambda: woken.append(1))

    await run(silent, lambda work: work.table(Pet).find({}), actor=PERSON)

    assert not woken
    assert await outbox(store) == []
    assert await store.database[AUDIT].count_documents({}) == 0


async def test_whoever_waits_for_facts_is_woken_after_the_commit(store: Store) -> None:
    woken = []
    awake = Store(store.database, on_told=lambda: woken.append(1))

    await run(awake, lambda work: add_pet(work, name="n1"))

    assert woken == [1]


async def test_what_a_person_changed_is_written_down_without_secrets(store: Store) -> None:
    await store.run(
        PERSON, lambda w: add_pet(w, id="p1", name="n1", secret="first-secret"), action="adopt"
    )

    async def rename(work: Work) -> None:
        pet = await work.table(Pet).get("p1")
        work.table(Pet).save(replace(pet, name="n2", secret="second-secret"))

    await store.run(PERSON, rename, action="rename")

    first, second = await store.database[AUDIT].find({}).sort("_id", 1).to_list(None)
    assert (first["actor_id"], first["login_id"], first["action"]) == ("p1", "l1", "adopt")
    [added], [changed] = first["changes"], second["changes"]
    assert added["before"] is None
    assert added["after"]["secret"] == "***"
    assert (changed["table"], changed["id"]) == ("test_pets", "p1")
    assert (changed["before"]["name"], changed["after"]["name"]) == ("n1", "n2")
    assert "-secret" not in str([first, second])


async def test_what_the_platform_does_by_itself_is_not_audited(store: Store) -> None:
    await run(store, lambda work: add_pet(work, name="n1"), actor=SYSTEM)

    assert await store.database[AUDIT].count_documents({}) == 0


@pytest.mark.parametrize("use_case", [write_only, read_only], ids=lambda one: one.__name__)
async def test_a_store_that_is_away_is_unavailable_soon(use_case: UseCase, bulk: bool) -> None:
    url = f"mongodb://127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=100&connectTimeoutMS=100"
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable) as refused:
                await run(Store(client["tests"]), use_case, bulk=bulk)

    assert refused.value.code == "store_away"
    assert refused.value.status == 503


async def test_preparing_twice_changes_nothing(store: Store) -> None:
    before = await store.database["test_pets"].index_information()

    await store.prepare()

    assert await store.database["test_pets"].index_information() == before
    assert before["pet_name_taken"]["unique"] is True
