"""Reads of people for screens."""

from server.domain.identity.model import Account, Organization
from server.kernel.work import Work


async def who_is(work: Work) -> tuple[Account, Organization]:
    """Read the actor's account and organization."""
    account = await work.table(Account).get(work.actor.id)
    return account, await work.table(Organization).get(account.organization_id)


async def organization(work: Work, *, id: str) -> Organization:
    """Read an organization."""
    return await work.table(Organization).get(id)
