"""Use cases of payments: to begin one, to take what was paid, to end it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from server.domain.billing import Bill, pay_bill
from server.domain.ledger import AccountKind, EntryKind, account, balance_of, post
from server.domain.payment.events import (
    IntentEnded,
    PaymentSucceeded,
    PaymentUnapplied,
    WalletChanged,
)
from server.domain.payment.model import (
    Applied,
    Intent,
    IntentState,
    Method,
    Payment,
    Purpose,
    Receipt,
    TopUpOffer,
)
from server.domain.payment.rules import (
    bonus_of,
    destinations_of,
    later,
    pursued_by,
    shares_of,
    source_of,
)
from server.domain.vehicle import mask_plate
from server.kernel.access import Audience
from server.kernel.errors import NotFound, Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.work import Work

# 15 minutes, as long as a quote holds: nobody pays yesterday's price from a page left open.
INTENT_LASTS = timedelta(minutes=15)
# A day: a provider decides on a debit within seconds, and the next day's comparing finds the rest.
DEBIT_LASTS = timedelta(days=1)
# The scene of a debit by a mandate, which no provider lets us close.
DEBIT = "parking"
TOP_UP_LEAST, TOP_UP_MOST = 100, 1_000_00


async def begin_payment(
    work: Work,
    *,
    bill_ids: Sequence[str],
    provider: Method,
    scene: str,
    amount: Fen | None = None,
    request_key: str | None = None,
    vouched: bool = False,
    payer_id: str | None = None,
    pursued: Mapping[str, int] | None = None,
    collector: str | None = None,
) -> Intent:
    """Wish to pay bills, whole or in part; they are held until it is paid, closed or expired.

    The same wish again is the same intent; another wish for one of the bills ends the old one,
    unless that is a debit, which nobody can call back. Where it is `vouched` for, whoever calls has
    made sure that the payer may see these bills; then it may be somebody else than the actor. What is
    `pursued` is owed to others and collected for them, at a commission in ten-thousandths, by the
    actor's organization or the `collector`.
    """
    if known := await _requested(work, request_key):
        return known
    theirs = pursued or {}
    named = dict.fromkeys(bill_ids)
    bills = [await _payable(work, id, vouched or id in theirs) for id in named]
    collected_by = work.actor.organization_id if collector is None else collector
    shares = pursued_by(collected_by, shares_of(bills, amount), theirs)
    # Whoever only holds a link is shown no whole plate.
    number = mask_plate(bills[0].plate.number) if vouched else bills[0].plate.number
    wish = Intent(
        id=work.new_id(),
        purpose=Purpose.BILLS,
        payer_id=work.actor.id if payer_id is None else payer_id,
        provider=provider,
        scene=scene,
        amount=sum(share.amount for share in shares),
        shares=shares,
        holding=tuple(share.bill_id for share in shares),
        description=f"停车费 {number}" + (f" 等 {len(bills)} 笔" * (len(bills) > 1)),
        created_at=work.now,
        expires_at=work.now + (DEBIT_LASTS if scene == DEBIT else INTENT_LASTS),
        ask_at=later(work.now, 0),
        request_key=request_key,
    )
    for other in await live_for(work, [bill.stay_id for bill in bills]):
        if other.same_wish(wish) and work.now < other.expires_at:
            return other
        require_no_debit(other)
        end(work, other, IntentState.CLOSED)
    return work.table(Intent).add(wish)


async def begin_top_up(
    work: Work, *, amount: Fen, provider: Method, scene: str, request_key: str | None = None
) -> Intent:
    """Wish to put money into the actor's wallet."""
    if known := await _requested(work, request_key):
        return known
    if not TOP_UP_LEAST <= amount <= TOP_UP_MOST or provider in (Method.WALLET, Method.CASH):
        raise Refused("top_up_not_allowed", "充值金额或方式不支持", most=TOP_UP_MOST)
    wish = Intent(
        id=work.new_id(),
        purpose=Purpose.TOP_UP,
        payer_id=work.actor.id,
        provider=provider,
        scene=scene,
        amount=amount,
        description="钱包充值",
        created_at=work.now,
        expires_at=work.now + INTENT_LASTS,
        ask_at=later(work.now, 0),
        request_key=request_key,
    )
    return work.table(Intent).add(wish)


async def take_payment(work: Work, *, receipt: Receipt) -> Payment:
    """Take what was paid: into the ledger, onto the bills, once, however often it is told.

    Refuses with `intent_not_found`, `payment_amount_differs` or `payment_of_another` what does
    not fit; then nothing is moved.
    """
    rows, intents = work.table(Payment), work.table(Intent)
    intent = await intents.get(receipt.intent_id)
    if intent.provider is not receipt.provider:
        raise Refused("payment_of_another", "支付渠道不符", intent_id=intent.id)
    if receipt.amount != intent.amount:
        raise Refused("payment_amount_differs", "支付金额不符", expected=intent.amount)
    named = {"provider": receipt.provider, "transaction_id": receipt.transaction_id}
    if known := await rows.one(named):
        if known.intent_id != intent.id:
            raise Refused("payment_of_another", "支付单号不符", intent_id=intent.id)
        return known
    applied = await _apply(work, intent)
    payment = rows.add(_payment(work, intent, receipt, applied))
    await _post(work, intent, receipt, payment)
    intents.save(replace(intent.to(IntentState.SUCCEEDED), ask_at=None))
    for other in await live_for(work, [part.stay_id for part in applied if part.stay_id]):
        end(work, other, IntentState.CLOSED)
    about = {"payment_id": payment.id, "payer_id": payment.payer_id, "provider": payment.provider}
    work.tell(
        PaymentSucceeded(
            at=work.now,
            amount=payment.amount,
            intent_id=intent.id,
            bill_ids=tuple(part.bill_id for part in applied if part.bill_id),
            organization_ids=payment.organization_ids,
            **about,
        )
    )
    for part in applied:
        if not part.stay_id and intent.purpose is Purpose.BILLS:
            work.tell(PaymentUnapplied(at=work.now, amount=part.amount, **about))
    return payment


async def pay_from_wallet(
    work: Work, *, bill_ids: Sequence[str], amount: Fen | None = None, request_key: str
) -> Payment:
    """Pay bills out of the actor's wallet: his money first, then the bonus."""
    intent = await begin_payment(
        work,
        bill_ids=bill_ids,
        provider=Method.WALLET,
        scene="wallet",
        amount=amount,
        request_key=request_key,
    )
    money = await balance_of(work, account=account(AccountKind.WALLET, work.actor.id))
    receipt = own_receipt(work, intent)
    bonus = max(0, intent.amount - money)
    return await take_payment(work, receipt=replace(receipt, bonus=bonus))


async def offer_top_ups(work: Work, *, offers: Sequence[TopUpOffer]) -> None:
    """Offer bonuses for top-ups."""
    for offer in offers:
        work.table(TopUpOffer).add(offer)


async def _requested(work: Work, request_key: str | None) -> Intent | None:
    return await work.table(Intent).one({"request_key": request_key}) if request_key else None


async def _payable(work: Work, bill_id: str, vouched: bool) -> Bill:
    """Read a bill that the actor may pay: his own, or for staff one of their organization."""
    bill = await work.table(Bill).get(bill_id)
    own = vouched or bill.owner_id == work.actor.id
    if not vouched and work.actor.audience is not Audience.MOTORIST:
        own = bill.organization_id == work.actor.organization_id
    if not own:
        raise NotFound("bill_not_found", "没有找到这条记录", id=bill_id)
    if not bill.payable_at(work.now):
        raise Refused("bill_not_payable", "账单无需支付或已更新，请刷新", bill_id=bill.id)
    return bill


def require_no_debit(intent: Intent) -> None:
    if intent.scene == DEBIT:
        raise Refused("bill_being_debited", "正在自动扣费，请稍后再试", intent_id=intent.id)


def own_receipt(work: Work, intent: Intent) -> Receipt:
    """Say that an intent was paid here, by no provider."""
    return Receipt(
        provider=intent.provider,
        intent_id=intent.id,
        transaction_id=intent.id,
        amount=intent.amount,
        paid_at=work.now,
    )


async def live_for(work: Work, stay_ids: Sequence[str]) -> list[Intent]:
    """Read who pays for stays just now, were it for a bill that stands no more."""
    if not stay_ids:
        return []
    bills = await work.table(Bill).find({"stay_id": sorted(set(stay_ids))})
    held = await work.table(Intent).find({"holding": [one.id for one in bills], "live": True})
    return [intent for intent in held if intent.live]


async def _apply(work: Work, intent: Intent) -> tuple[Applied, ...]:
    """Pay the bills as was wished, as far as they are still owed; what is left stands apart."""
    parts: dict[str, Applied] = {}
    left = intent.amount
    for share in intent.shares:
        bill, taken = await pay_bill(work, bill_id=share.bill_id, amount=share.amount)
        if bill is not None:
            before = parts.get(bill.stay_id)
            parts[bill.stay_id] = Applied(
                bill_id=bill.id,
                stay_id=bill.stay_id,
                organization_id=bill.organization_id,
                amount=taken + (before.amount if before else 0),
                pursued_by=share.pursued_by,
                commission=share.commission_of(taken) + (before.commission if before else 0),
            )
        left -= taken
    rest = (Applied(amount=left),) if left else ()
    return (*parts.values(), *rest)


def _payment(work: Work, intent: Intent, receipt: Receipt, applied: tuple[Applied, ...]) -> Payment:
    named = dict.fromkeys(part.organization_id for part in applied if part.organization_id)
    return Payment(
        id=work.new_id(),
        provider=receipt.provider,
        transaction_id=receipt.transaction_id,
        intent_id=intent.id,
        purpose=intent.purpose,
        payer_id=intent.payer_id,
        organization_ids=tuple(named),
        pursued_by=next((part.pursued_by for part in applied if part.pursued_by), ""),
        amount=receipt.amount,
        bonus=receipt.bonus,
        applied=applied,
        shift_id=receipt.shift_id,
        paid_at=receipt.paid_at,
        received_at=work.now,
    )


async def _post(work: Work, intent: Intent, receipt: Receipt, payment: Payment) -> None:
    """Write the ledger's entry, and tell what is in the wallet where it was touched."""
    top_up = intent.purpose is Purpose.TOP_UP
    offers = await work.table(TopUpOffer).find({}) if top_up else []
    bonus = bonus_of(offers, intent.amount)
    await post(
        work,
        kind=EntryKind.TOP_UP if top_up else EntryKind.PAYMENT,
        reference=payment.id,
        postings=[
            *source_of(receipt, intent),
            *destinations_of(intent, payment.applied, bonus),
        ],
    )
    if top_up or receipt.provider is Method.WALLET:
        await tell_wallet(work, intent.payer_id)


async def tell_wallet(work: Work, account_id: str) -> None:
    """Tell what a motorist's wallet holds now."""
    money = await balance_of(work, account=account(AccountKind.WALLET, account_id))
    bonus = await balance_of(work, account=account(AccountKind.BONUS, account_id))
    work.tell(WalletChanged(at=work.now, account_id=account_id, balance=money, bonus=bonus))


def end(work: Work, intent: Intent, state: IntentState) -> Intent:
    """End an intent here; the provider is asked at once to close it there."""
    ended = work.table(Intent).save(replace(intent.to(state), ask_at=work.now))
    work.tell(
        IntentEnded(
            at=work.now, intent_id=ended.id, payer_id=ended.payer_id, state=ended.state.value
        )
    )
    return ended
