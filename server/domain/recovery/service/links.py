"""Use cases of links to pay: made by staff or for a reminder, used by whoever holds one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from server.domain.billing import PAYABLE, Bill
from server.domain.identity import Organization
from server.domain.payment import Intent, Method, begin_payment
from server.domain.recovery.model.links import PayLink
from server.domain.recovery.rules.links import read_link, sign_link
from server.domain.recovery.service import case_in_sight
from server.domain.recovery.service.alerts import pursuit_of
from server.domain.recovery.service.pursuit import debts_elsewhere
from server.domain.stay import Stay
from server.domain.vehicle import Plate
from server.kernel.errors import NotFound, Refused
from server.kernel.work import Work

# 30 days: until the next reminder brings a fresh one.
LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a link now: the bills that are to be paid, the oldest first.

    Bills of others, by id, are collected by whoever made the link, at a commission in ten-thousandths.
    """

    link: PayLink
    bills: tuple[Bill, ...]
    stays: dict[str, Stay]
    pursued: dict[str, int]
    creditors: dict[str, Organization]

    @property
    def payable(self) -> tuple[Bill, ...]:
        """Give the bills that nobody disputes."""
        return tuple(one for one in self.bills if not self.stays[one.stay_id].holds)


@dataclass(frozen=True, slots=True)
class Signed:
    """A link with its token, and what is behind it."""

    link: PayLink
    token: str
    amount: int
    count: int


async def link_case(work: Work, *, case_id: str, key: str) -> Signed:
    """Make a link for all that a case is pursued for."""
    case = await case_in_sight(work, case_id=case_id)
    if not case.open:
        raise Refused("arrears_closed", "该追缴记录已结束", case_id=case.id)
    bills = await work.table(Bill).load(one.bill_id for one in case.standing())
    payable = [bill for bill in bills.values() if bill.open]
    return sign(work, payable, plate=case.plate, organization_id=case.organization_id, key=key)


async def link_plate(
    work: Work, *, plate: Plate, key: str, bill_ids: Sequence[str] | None = None
) -> Signed:
    """Make a link for what a plate owes the actor's organization, all or some, grace or not.

    What it owes others who let it be pursued is behind it too, as long as the car stands here now.
    """
    organization_id = work.actor.organization_id
    bills = await owed_by(work, plate=plate, organization_id=organization_id)
    elsewhere = await debts_elsewhere(work, plate=plate)
    named = [debt.bill_id for one in elsewhere for debt in one.debts]
    bills += (await work.table(Bill).load(named)).values()
    if bill_ids:
        if not set(bill_ids) <= {bill.id for bill in bills}:
            raise Refused("bill_not_in_arrears", "账单不属于该车牌的待缴账单")
        bills = [bill for bill in bills if bill.id in bill_ids]
    return sign(work, bills, plate=plate, organization_id=organization_id, key=key)


def sign(
    work: Work, bills: Sequence[Bill], *, plate: Plate, organization_id: str, key: str
) -> Signed:
    """Make a link for bills of a plate."""
    if not bills:
        raise Refused("nothing_owed", "没有待缴账单", number=plate.number)
    link = work.table(PayLink).add(
        PayLink(
            id=work.new_id(),
            plate=plate,
            organization_id=organization_id,
            stay_ids=tuple(bill.stay_id for bill in bills),
            made_by=work.actor.id,
            made_at=work.now,
            expires_at=work.now + LASTS,
        )
    )
    token = sign_link(key, link_id=link.id, expires_at=link.expires_at)
    return Signed(link, token, sum(bill.open for bill in bills), len(bills))


async def open_link(work: Work, *, token: str, key: str) -> Behind:
    """Read what is behind a link; refuses with `link_not_found` and `link_expired`."""
    link = await work.table(PayLink).maybe(read_link(key, token, now=work.now))
    if link is None:
        raise NotFound("link_not_found", "链接无效，请核对后重试")
    where = {"stay_id": list(link.stay_ids), "standing": True}
    found = await work.table(Bill).find(where, sort="issued_at")
    # A plate that was corrected has taken its bill along: it is behind no link of the old one.
    bills = [one for one in found if one.plate == link.plate and one.state in PAYABLE]
    others = {one.organization_id for one in bills} - {link.organization_id}
    pursued = {id: await pursuit_of(work, organization_id=id) for id in sorted(others)}
    bills = [
        one
        for one in bills
        if one.organization_id == link.organization_id or pursued[one.organization_id] is not None
    ]
    stays = await work.table(Stay).load(bill.stay_id for bill in bills)
    commissions = {
        one.id: bp for one in bills if (bp := pursued.get(one.organization_id)) is not None
    }
    creditors = await work.table(Organization).load(sorted(others))
    return Behind(link, tuple(bills), stays, commissions, creditors)


async def pay_behind_link(
    work: Work,
    *,
    token: str,
    key: str,
    bill_ids: Sequence[str],
    provider: Method,
    scene: str,
    request_key: str,
) -> Intent:
    """Begin to pay bills behind a link, all where none is named; nobody has to be logged in."""
    behind = await open_link(work, token=token, key=key)
    if not behind.payable:
        raise Refused("debt_settled", "账单已结清，无需支付")
    payable = [bill.id for bill in behind.payable]
    if not set(bill_ids) <= set(payable):
        raise Refused("bill_not_behind_link", "账单不在该链接中或已结清")
    return await begin_payment(
        work,
        bill_ids=list(bill_ids) or payable,
        provider=provider,
        scene=scene,
        request_key=request_key,
        vouched=True,
        pursued=behind.pursued,
        collector=behind.link.organization_id,
    )


async def intent_behind_link(work: Work, *, token: str, key: str, intent_id: str) -> Intent:
    """Read an intent that pays what is behind a link."""
    link = (await open_link(work, token=token, key=key)).link
    intent = await work.table(Intent).get(intent_id)
    bills = await work.table(Bill).load(share.bill_id for share in intent.shares)
    mine = bool(bills) and {bill.stay_id for bill in bills.values()} <= set(link.stay_ids)
    if not mine or intent.payer_id != work.actor.id:
        raise NotFound("intent_not_found", "没有找到这条记录", id=intent_id)
    return intent


async def owed_by(work: Work, *, plate: Plate, organization_id: str) -> list[Bill]:
    """List what a plate owes an organization, the oldest first; not what stands still."""
    where = {"plate.number": plate.number, "state": list(PAYABLE)}
    found = await work.table(Bill).find(where, sort="issued_at")
    return [
        bill
        for bill in found
        if bill.plate == plate
        and bill.organization_id == organization_id
        and bill.valid_until is None
    ]
