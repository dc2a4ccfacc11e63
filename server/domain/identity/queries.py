"""Reads of people for screens, and for those who watch them."""

from collections.abc import Iterable

from server.domain.identity.model import Account, AccountKind, Login, Organization
from server.domain.identity.rules import actor_under
from server.kernel.access import Actor
from server.kernel.work import Work


async def who_is(work: Work) -> tuple[Account, Organization]:
    """Read the actor's account and organization."""
    account = await work.table(Account).get(work.actor.id)
    return account, await work.table(Organization).get(account.organization_id)


async def organization(work: Work, *, id: str) -> Organization:
    """Read an organization."""
    return await work.table(Organization).get(id)


async def colleagues(work: Work) -> list[Account]:
    """List the staff of the actor's organization, by name."""
    where = {"organization_id": work.actor.organization_id, "kind": AccountKind.STAFF}
    return await work.table(Account).find(where, sort="name")


async def standing(work: Work, *, login_ids: Iterable[str]) -> dict[str, Actor]:
    """Say who acts under each of the logins; one that is over, or unknown, is left out."""
    logins = await work.table(Login).load(login_ids)
    accounts = await work.table(Account).load({one.account_id for one in logins.values()})
    return {
        login.id: actor_under(login, account)
        for login in logins.values()
        if login.ended_at is None and work.now < login.expires_at
        if (account := accounts.get(login.account_id)) is not None and not account.disabled
    }
