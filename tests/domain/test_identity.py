"""Who people are, how they log in, and how that ends."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from server.domain.identity import (
    ROLES,
    Account,
    AccountKind,
    Login,
    LoginEnded,
    RightsChanged,
    actor_of,
    change_rights,
    count_attempt,
    count_code_try,
    disable_account,
    enrol,
    hash_password,
    log_in_with_code,
    log_in_with_password,
    log_out,
    make_login_code,
    mask_phone,
)
from server.kernel.access import ANYONE, Actor, Audience
from server.kernel.errors import DomainError, Forbidden, Invalid, TooMany, Unauthenticated
from server.kernel.work import Work
from tests.world import World

PHONE = "13800000001"
PASSWORD = "a good password"
HASHED = hash_password(PASSWORD)


def officer(*, roles: Sequence[str] = ("patroller",), disabled: bool = False) -> Account:
    """Make an officer of one division."""
    return Account(
        id="o1",
        kind=AccountKind.STAFF,
        name="巡查员",
        username="patrol1",
        password_hash=HASHED,
        roles=tuple(roles),
        organization_id="city",
        division_codes=("440304",),
        disabled=disabled,
    )


async def try_code(world: World, code: str) -> tuple[Account, Login]:
    """Try a code as the API does: the try counts, whether it is right or not."""
    await world.run(count_code_try, phone=PHONE)
    return await world.run(log_in_with_code, phone=PHONE, code=code)


async def by_password(
    world: World, password: str = PASSWORD, *, username: str = "patrol1"
) -> tuple[Account, Login]:
    """Log in at the handheld."""
    return await world.run(
        log_in_with_password,
        username=username,
        password=password,
        audience=Audience.PATROL,
        permission="patrol.watch",
    )


async def actor(world: World, login: Login, audience: Audience = Audience.PATROL) -> Actor:
    """Find out who acts under a login."""
    return await world.run(actor_of, login_id=login.id, audience=audience)


async def change(world: World, account: Account) -> None:
    """Put another version of an account in its place."""

    async def use_case(work: Work) -> None:
        await work.table(Account).get(account.id)
        work.table(Account).save(account)

    await world.run(use_case)


async def refusal(attempt: object) -> str:
    """Name the code with which something is refused."""
    with pytest.raises(DomainError) as refused:
        await attempt  # type: ignore[misc]
    return refused.value.code


async def test_a_code_logs_in_once_and_a_new_phone_gets_an_account(world: World) -> None:
    code = await world.run(make_login_code, phone=PHONE)

    account, login = await try_code(world, code)

    assert (account.phone, account.kind) == (PHONE, AccountKind.MOTORIST)
    assert (login.account_id, login.audience) == (account.id, Audience.MOTORIST)
    assert await refusal(try_code(world, code)) == "wrong_login_code"


async def test_the_same_phone_is_the_same_account(world: World) -> None:
    first, _ = await try_code(world, await world.run(make_login_code, phone=PHONE))
    world.now += timedelta(minutes=2)

    again, _ = await try_code(world, await world.run(make_login_code, phone=PHONE))

    assert again == first


async def test_after_five_wrong_tries_the_right_code_is_dead(world: World) -> None:
    code = await world.run(make_login_code, phone=PHONE)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert await refusal(try_code(world, wrong)) == "wrong_login_code"

    assert await refusal(try_code(world, code)) == "wrong_login_code"

    world.now += timedelta(minutes=1)
    fresh = await world.run(make_login_code, phone=PHONE)
    assert (await try_code(world, fresh))[0].phone == PHONE


async def test_the_fifth_try_may_still_be_right(world: World) -> None:
    code = await world.run(make_login_code, phone=PHONE)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(4):
        await refusal(try_code(world, wrong))

    assert (await try_code(world, code))[0].phone == PHONE


@pytest.mark.parametrize(("seconds", "good"), [(299, True), (300, False)])
async def test_a_code_lasts_five_minutes(world: World, seconds: int, good: bool) -> None:
    code = await world.run(make_login_code, phone=PHONE)
    world.now += timedelta(seconds=seconds)

    if good:
        assert (await try_code(world, code))[0].phone == PHONE
    else:
        assert await refusal(try_code(world, code)) == "wrong_login_code"


async def test_a_phone_without_a_code_is_refused_like_a_wrong_one(world: World) -> None:
    assert await refusal(try_code(world, "000000")) == "wrong_login_code"


@pytest.mark.parametrize(("seconds", "wait_s"), [(0, 61), (59, 2)])
async def test_another_code_is_sent_after_a_minute(world: World, seconds: int, wait_s: int) -> None:
    await world.run(make_login_code, phone=PHONE)
    world.now += timedelta(seconds=seconds)

    with pytest.raises(TooMany) as refused:
        await world.run(make_login_code, phone=PHONE)

    assert refused.value.fields == {"retry_after_s": wait_s}
    world.now += timedelta(seconds=60 - seconds)
    assert await world.run(make_login_code, phone=PHONE)


@pytest.mark.parametrize(
    "phone", ["", "1380000000", "12800000000", "+8613800000001", "138000 0001"]
)
async def test_what_is_no_mobile_number_gets_no_code(world: World, phone: str) -> None:
    with pytest.raises(Invalid) as refused:
        await world.run(make_login_code, phone=phone)

    assert refused.value.code == "phone_invalid"


async def test_a_password_logs_in_and_a_wrong_one_does_not(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])

    account, login = await by_password(world)

    assert (account.id, login.audience) == ("o1", Audience.PATROL)
    assert await refusal(by_password(world, "another")) == "wrong_password"
    assert await refusal(by_password(world, username="nobody")) == "wrong_password"


async def test_an_account_without_a_password_has_none_that_fits(world: World) -> None:
    account = Account(
        id="a1", kind=AccountKind.STAFF, name="n", username="bare", roles=("patroller",)
    )
    await world.run(enrol, organizations=[], accounts=[account])

    for guess in ("", "nobody has this password"):
        assert await refusal(by_password(world, guess, username="bare")) == "wrong_password"


async def test_a_client_that_is_of_no_use_to_a_role_lets_it_not_in(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer(roles=["finance"])])

    assert await refusal(by_password(world)) == "wrong_password"


async def test_a_disabled_account_is_out_at_once(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])
    account, login = await by_password(world)
    await change(world, officer(disabled=True))

    assert await refusal(actor(world, login)) == "account_disabled"
    assert await refusal(by_password(world)) == "account_disabled"
    assert account.id == "o1"


async def test_an_actor_has_his_roles_permissions_and_his_divisions(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])
    _, login = await by_password(world)

    found = await actor(world, login)

    assert found.permissions == ROLES["patroller"]
    assert found.scope.covers("440304")
    assert not found.scope.covers("440303")
    assert (found.organization_id, found.login_id) == ("city", login.id)


async def test_a_role_that_is_taken_away_is_gone_at_the_next_request(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])
    _, login = await by_password(world)
    await change(world, officer(roles=["no such role"]))

    with pytest.raises(Forbidden):
        (await actor(world, login)).require("patrol.watch")


async def test_a_login_is_of_one_client_and_for_twelve_hours(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])
    _, login = await by_password(world)

    assert await refusal(actor(world, login, Audience.CONSOLE)) == "login_of_other_client"
    world.now += timedelta(hours=12)
    assert await refusal(actor(world, login)) == "login_expired"


async def test_logging_out_ends_the_login_and_tells_it_once(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])
    _, login = await by_password(world)
    who = await actor(world, login)

    await world.run(log_out, actor=who)
    await world.run(log_out, actor=who)

    assert await refusal(actor(world, login)) == "login_expired"
    [ended] = await world.facts(LoginEnded)
    assert (ended.login_id, ended.account_id) == (login.id, "o1")


async def test_one_login_ends_and_another_of_the_same_person_goes_on(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])
    (_, first), (_, second) = await by_password(world), await by_password(world)

    await world.run(log_out, actor=await actor(world, first))

    assert (await actor(world, second)).id == "o1"


async def test_other_rights_are_told_and_hold_for_logins_that_are_under_way(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])
    _, login = await by_password(world)

    await world.run(change_rights, account_id="o1", roles=["dispatcher"], division_codes=["440305"])

    now = await actor(world, login)
    assert now.permissions == ROLES["dispatcher"]
    assert now.scope.division_codes == frozenset({"440305"})
    [changed] = await world.facts(RightsChanged)
    assert changed.account_id == "o1"


async def test_disabling_an_account_ends_each_of_its_logins_once(world: World) -> None:
    await world.run(enrol, organizations=[], accounts=[officer()])
    (_, first), (_, second) = await by_password(world), await by_password(world)
    await world.run(log_out, actor=await actor(world, first))

    await world.run(disable_account, account_id="o1")
    await world.run(disable_account, account_id="o1")

    assert await refusal(actor(world, second)) == "login_expired"
    assert [one.login_id for one in await world.facts(LoginEnded)] == [first.id, second.id]
    assert await refusal(by_password(world)) == "account_disabled"


async def test_tries_beyond_the_limit_are_refused_until_the_window_is_over(world: World) -> None:
    async def attempt() -> None:
        await world.run(count_attempt, key="k", limit=2, window_s=60)

    await attempt()
    world.now += timedelta(seconds=20)
    await attempt()

    with pytest.raises(TooMany) as refused:
        await attempt()
    assert refused.value.fields == {"retry_after_s": 41}

    world.now += timedelta(seconds=40)
    await attempt()
    await world.run(count_attempt, key="another", limit=2, window_s=60)


def test_nobody_is_asked_to_log_in_and_somebody_is_forbidden() -> None:
    with pytest.raises(Unauthenticated):
        ANYONE.require("city.watch")
    with pytest.raises(Forbidden) as refused:
        Actor("a1", Audience.CONSOLE).require("city.watch")

    assert refused.value.fields == {"permission": "city.watch"}


def test_a_phone_is_shown_by_how_it_begins_and_ends() -> None:
    assert mask_phone(PHONE) == "138****0001"
    assert mask_phone(None) == ""
