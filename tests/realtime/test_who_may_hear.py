"""Who may hear what: every audience and role against every kind of channel."""

import pytest

from realtime.channels import Channels, listener
from realtime.namespaces import NOBODY, Namespace, UnknownChannel
from server.domain.identity import ROLES
from server.domain.identity.rules import permissions_of
from server.kernel.access import Actor, Audience, Scope
from tests.realtime.test_product_feeds import OWNER

HERE, ELSEWHERE = "440304", "440303"


DIVISIONS = {"s1": HERE, "l1": HERE, "s2": ELSEWHERE, "l2": ELSEWHERE}


def staff(
    id: str, role: str, *divisions: str, of: str = "city", at: Audience = Audience.CONSOLE
) -> Actor:
    scope = Scope(everything=not divisions, division_codes=frozenset(divisions))
    return Actor(id, at, permissions_of([role]), scope, of)


PEOPLE = {
    "anybody": Actor("", Audience.MOTORIST),
    "motorist": Actor(OWNER, Audience.MOTORIST),
    "patroller here": staff("p1", "patroller", HERE, at=Audience.PATROL),
    "patroller elsewhere": staff("p2", "patroller", ELSEWHERE, at=Audience.PATROL),
    "city manager": staff("m1", "city_manager"),
    "manager here": staff("m2", "district_manager", HERE),
    "manager elsewhere": staff("m3", "district_manager", ELSEWHERE),
    "manager of others": staff("m4", "city_manager", of="other"),
    "dispatcher": staff("d1", "dispatcher"),
    "finance": staff("f1", "finance"),
    "staff without a role": staff("n1", "none"),
    "partner": Actor("partner", Audience.OPEN, frozenset({"open.read"}), Scope(True)),
    "broker": Actor("broker", Audience.HOOKS),
}


EVERYBODY = set(PEOPLE)


SEE_ALL = {"city manager", "manager of others", "dispatcher", "finance"}


OF_THE_CITY = {"city manager", "manager here", "manager elsewhere", "finance"}


MAY_HEAR = {
    "section:s1": EVERYBODY,
    "section:s2": EVERYBODY,
    "lot:l1": EVERYBODY,
    "map:ws107": EVERYBODY,
    "section:s1:staff": SEE_ALL | {"patroller here", "manager here"},
    "section:s2:staff": SEE_ALL | {"patroller elsewhere", "manager elsewhere"},
    "lot:l1:staff": SEE_ALL | {"patroller here", "manager here"},
    "lot:l2:staff": SEE_ALL | {"patroller elsewhere", "manager elsewhere"},
    "section:nowhere:staff": set(),
    "live:city": OF_THE_CITY | {"dispatcher"},
    "live:other": {"manager of others"},
    "live:nobody": set(),
    "arrears:city": OF_THE_CITY | {"dispatcher"},
    "arrears:other": {"manager of others"},
    "kpi:city": OF_THE_CITY,
    "kpi:other": {"manager of others"},
    "#": set(),
    "#somebody-else": set(),
    **{f"#{actor.id}": {who} for who, actor in PEOPLE.items() if actor.id},
}


async def division_of(place_id: str) -> str | None:
    return DIVISIONS.get(place_id)


def test_the_table_has_every_role_and_every_namespace() -> None:
    channels = Channels(division_of)

    named = {channels.namespace_of(channel).name for channel in MAY_HEAR}

    assert named == {one.name for one in vars(channels).values() if isinstance(one, Namespace)}
    roles = {actor.permissions for actor in PEOPLE.values()}
    assert {permissions_of([role]) for role in ROLES} <= roles
    assert {actor.audience for actor in PEOPLE.values()} == set(Audience) - {Audience.SYSTEM}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("channel", MAY_HEAR)
async def test_each_hears_what_is_for_him_and_nothing_else(who: str, channel: str) -> None:
    namespace = Channels(division_of).namespace_of(channel)
    allowed = namespace.access(listener(PEOPLE[who]), channel)

    assert (allowed if isinstance(allowed, bool) else await allowed) is (who in MAY_HEAR[channel])
    assert namespace.publish is NOBODY


@pytest.mark.parametrize(
    "channel", ["", "section", "section:", "berth:b1", "section:s1:plates", "map"]
)
def test_a_channel_that_is_not_in_the_book_is_none(channel: str) -> None:
    with pytest.raises(UnknownChannel):
        Channels(division_of).namespace_of(channel)
