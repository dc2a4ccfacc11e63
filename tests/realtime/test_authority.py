"""Who may hear what is read anew from logins and accounts, many in one read."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from realtime.authority import Authority
from realtime.channels import listener
from realtime.codes import Refused
from realtime.namespaces import Actor
from server.domain.identity import (
    Account,
    AccountKind,
    actor_of,
    change_rights,
    disable_account,
    enrol,
    hash_password,
    log_in_with_password,
    log_out,
)
from server.domain.identity.rules import permissions_of
from server.kernel.access import Audience
from server.kernel.errors import Unavailable
from tests.world import World

PASSWORD = "a password"


async def logged_in(world: World, count: int = 1) -> list[Actor]:
    """Enrol a patroller, log him in so many times, and give what his tokens say."""
    officer = Account(
        id="o1",
        kind=AccountKind.STAFF,
        name="巡查员",
        username="patrol1",
        password_hash=hash_password(PASSWORD),
        roles=("patroller",),
        organization_id="city",
        division_codes=("440304",),
    )
    await world.run(enrol, organizations=[], accounts=[officer])
    actors = []
    for _ in range(count):
        _, login = await world.run(
            log_in_with_password,
            username="patrol1",
            password=PASSWORD,
            audience=Audience.PATROL,
            permission="patrol.watch",
        )
        known = await world.run(actor_of, login_id=login.id, audience=Audience.PATROL)
        actors.append(listener(known))
    return actors


async def test_rights_are_those_of_now(world: World) -> None:
    [token] = await logged_in(world)
    authority = Authority(world.store.run)
    assert await authority.vouch(token) == token

    await world.run(change_rights, account_id="o1", roles=["dispatcher"], division_codes=[])

    now = await authority.vouch(token)
    assert now is not None
    assert set(now.meta["permissions"]) == permissions_of(["dispatcher"])
    assert now.meta["everything"] is True


async def test_an_ended_login_a_disabled_account_and_an_old_login_are_nobody(world: World) -> None:
    first, second = await logged_in(world, 2)
    authority = Authority(world.store.run)
    who = await world.run(actor_of, login_id=str(first.meta["login_id"]), audience=Audience.PATROL)

    await world.run(log_out, actor=who)
    assert await authority.vouch(first) is None
    assert await authority.vouch(second) == second

    await world.run(disable_account, account_id="o1")
    assert await authority.vouch(second) is None


async def test_a_login_that_has_run_out_is_nobody(world: World) -> None:
    [token] = await logged_in(world)
    world.now += timedelta(hours=12)

    assert await Authority(world.store.run).vouch(token) is None


async def test_who_has_no_login_is_anybody_or_nobody(world: World) -> None:
    [token] = await logged_in(world)
    authority = Authority(world.store.run)

    assert await authority.vouch(Actor("")) == Actor("")
    assert await authority.vouch(Actor("o1")) is None
    assert await authority.vouch(Actor("o2", token.meta)) is None


async def test_many_who_ask_at_once_cost_one_read_and_later_ones_another(world: World) -> None:
    tokens = await logged_in(world, 5)
    reads = 0

    async def run(*call: Any) -> Any:
        nonlocal reads
        reads += 1
        return await world.store.run(*call)

    authority = Authority(run)
    first = [asyncio.create_task(authority.vouch(token)) for token in tokens]
    while not reads:
        await asyncio.sleep(0)
    # a read is under way, which may have seen what was before: these wait for the next
    await world.run(disable_account, account_id="o1")
    later = [asyncio.create_task(authority.vouch(token)) for token in tokens]

    await asyncio.gather(*first)
    assert await asyncio.gather(*later) == [None] * 5
    assert reads == 2


async def test_nobody_is_vouched_for_while_the_store_is_away(world: World) -> None:
    [token] = await logged_in(world)

    async def run(*_: Any) -> Any:
        raise Unavailable("store_away", "不可用")

    with pytest.raises(Refused) as refused:
        await Authority(run).vouch(token)

    assert refused.value.error.temporary
