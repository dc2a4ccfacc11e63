"""Bugs that a check of money must find: each is a patch that a tired author might have written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from server.domain.billing import model as bill_model
from server.domain.billing.service import issuing
from server.domain.ledger import model as ledger_model
from server.domain.payment import WalletChanged as OtherFact
from server.domain.payment import model as payment_model
from server.domain.payment import service as payment
from server.domain.payment.service import intents
from server.domain.refund import service as refund
from server.paying import Desk
from server.providers.payment import NoticeReply, RefundOrder
from server.store.mongo import Store
from tests.paying import FakeProvider

Patches = Callable[[], list[Any]]
MOVES = payment_model.MOVES
STATE = payment_model.IntentState


def credited_twice() -> list[Any]:
    """A notice that comes again is taken again."""

    async def take(work: Any, *, receipt: Any) -> Any:
        again = replace(receipt, transaction_id=work.new_id())
        return await original(work, receipt=again)

    original = payment.take_payment
    moves = {**MOVES, STATE.SUCCEEDED: frozenset({STATE.SUCCEEDED})}
    return [
        patch("server.paying.take_payment", take),
        patch.object(payment_model, "MOVES", moves),
        patch.object(Store, "_create_index", _without("intent_paid")),
    ]


def amount_not_checked() -> list[Any]:
    """What was paid is taken for what was asked."""

    async def take(work: Any, *, receipt: Any) -> Any:
        intent = await work.table(payment_model.Intent).get(receipt.intent_id)
        return await original(work, receipt=replace(receipt, amount=intent.amount))

    original = payment.take_payment
    return [patch("server.paying.take_payment", take)]


def commission_kept() -> list[Any]:
    """Who collected for another keeps his commission when the money goes back."""
    return [patch.object(payment_model.Applied, "commission_back", lambda *_: 0)]


def refund_not_reserved() -> list[Any]:
    """Nothing is set aside when a refund is opened."""
    return [patch.object(payment_model.Payment, "reserve", lambda self, _a, **_k: self)]


def versions_not_checked() -> list[Any]:
    """Whoever writes last wins."""

    async def write(self: Any, table: Any, held: Any, session: Any, **_: Any) -> None:
        await original(self, table, held, session, versioned=False)

    original = Store._write
    return [patch.object(Store, "_write", write)]


def unapplied_forgotten() -> list[Any]:
    """Money for a bill that is settled is kept, and nobody is told."""
    return [patch.object(payment, "PaymentUnapplied", PaymentUnheard)]


def refund_number_changes() -> list[Any]:
    """A refund is asked for again under a new number."""

    async def ask(self: Any, row: Any) -> None:
        provider = self._provider(row.provider)
        order = RefundOrder(
            refund_no=f"{row.id}-{row.asks}",
            trade_no=row.intent_id,
            amount=row.amount,
            total=row.paid,
            reason=row.reason,
            notify_url="",
        )
        await provider.refund(order)
        told = await provider.query_refund(refund_no=order.refund_no, trade_no=row.intent_id)
        if row.asks:
            await self._believe(provider.name, replace(told, refund_no=row.id))
        else:
            await self._run(refund.ask_later, refund_id=row.id)

    return [patch.object(Desk, "_ask_refund", ask)]


def paid_not_carried() -> list[Any]:
    """A bill that is issued anew forgets what was paid."""

    async def anew(work: Any, stay: Any, bills: Any, price: Any) -> Any:
        forgot = [replace(one, paid=0, surplus=0) for one in bills]
        return await original(work, stay, forgot, price)

    original = issuing._replace
    return [patch.object(issuing, "_replace", anew)]


def another_cars_money_kept() -> list[Any]:
    """What was paid for one car settles another's bill, once it turns out to have been that."""
    return [
        patch.object(bill_model.Bill, "is_for", lambda *_, **__: True),
        patch.object(issuing, "_fits", _fits_any_plate),
    ]


def _fits_any_plate(stay: Any, bill: Any) -> bool:
    """Say whether a bill says what the stay says, whichever car that is about."""
    return bill.state in bill_model.SETTLED and bill.due == (stay.amount or 0)


def entry_missing() -> list[Any]:
    """A payment is taken without the ledger."""

    async def nothing(*_: Any) -> None:
        return None

    return [patch.object(payment, "_post", nothing)]


def entry_lopsided() -> list[Any]:
    """A fen is lost between two accounts, and nobody looks."""

    def off(intent: Any, applied: Any, bonus: int) -> Any:
        postings = original(intent, applied, bonus)
        return [replace(postings[0], amount=postings[0].amount + 1), *postings[1:]]

    original = payment.destinations_of
    return [
        patch.object(payment, "destinations_of", off),
        patch("server.domain.ledger.service.balanced", lambda _: True),
    ]


def wallet_unguarded() -> list[Any]:
    """A wallet pays what it does not hold."""

    def add(self: Any, amount: int) -> Any:
        return replace(self, amount=self.amount + amount)

    return [
        patch.object(ledger_model.Balance, "add", add),
        patch.object(payment, "balance_of", _plenty),
    ]


def late_money_refused() -> list[Any]:
    """What was closed here may not be paid any more, though it was."""
    moves = {**MOVES, STATE.CLOSED: frozenset(), STATE.EXPIRED: frozenset()}
    return [patch.object(payment_model, "MOVES", moves)]


def answered_before_committed() -> list[Any]:
    """A notice is answered before it is taken, and nobody asks afterwards."""

    def reply(self: Any, *, taken: bool) -> NoticeReply:
        return NoticeReply(status=204, body="", content_type="text/plain")

    async def hear(self: Any, name: str, headers: Any, body: bytes) -> Any:
        try:
            return await original(self, name, headers, body)
        except Exception:
            return reply(self, taken=True)

    async def ask(self: Any, intent: Any) -> None:
        await self._run(intents.end_intent, intent_id=intent.id)

    original = Desk.hear
    return [
        patch.object(FakeProvider, "reply", reply),
        patch.object(Desk, "hear", hear),
        patch.object(Desk, "_ask_intent", ask),
    ]


def expired_unasked() -> list[Any]:
    """An intent that ran out is ended without asking whether it was paid."""

    async def ask(self: Any, intent: Any) -> None:
        if self._store.clock() >= intent.expires_at:
            await self._run(intents.end_intent, intent_id=intent.id)
        else:
            await original(self, intent)

    original = Desk._ask_intent
    return [patch.object(Desk, "_ask_intent", ask)]


def bill_takes_all() -> list[Any]:
    """A bill takes whatever comes, and what is too much stays with us."""

    async def take(work: Any, *, bill_id: str, amount: int) -> Any:
        rows = work.table(bill_model.Bill)
        meant = await rows.get(bill_id)
        bill = await rows.one({"stay_id": meant.stay_id, "standing": True})
        paid = rows.save(replace(bill, paid=bill.paid + amount).settled())
        return paid, amount

    return [patch.object(payment, "pay_bill", take)]


def refund_told_twice() -> list[Any]:
    """A refund that has succeeded succeeds again when it is told again."""

    async def succeed(work: Any, row: Any) -> Any:
        done = await original(work, row)
        payments = work.table(payment_model.Payment)
        held = await payments.get(row.payment_id)
        payments.save(replace(held, refunded=held.refunded + row.amount))
        return done

    original = refund._succeed
    return [patch.object(refund, "_succeed", succeed)]


def PaymentUnheard(*, at: Any, amount: int, **_: Any) -> Any:
    """Tell something else in its place."""
    return OtherFact(at=at, account_id="nobody", balance=amount, bonus=0)


PLANTS: dict[str, Patches] = {
    plant.__name__: plant
    for plant in (
        credited_twice,
        amount_not_checked,
        commission_kept,
        refund_not_reserved,
        versions_not_checked,
        unapplied_forgotten,
        refund_number_changes,
        paid_not_carried,
        another_cars_money_kept,
        entry_missing,
        entry_lopsided,
        wallet_unguarded,
        late_money_refused,
        answered_before_committed,
        expired_unasked,
        bill_takes_all,
        refund_told_twice,
    )
}


NEED_INDEXES = frozenset({"credited_twice"})


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let one of the bugs be there for as long as the context lasts."""
    patches = PLANTS[name]()
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in reversed(patches):
            one.stop()


def _without(code: str) -> Any:
    async def create(self: Any, collection: str, index: Any) -> None:
        if index.code != code:
            await original(self, collection, index)

    original = Store._create_index
    return create


async def _plenty(*_: Any, **__: Any) -> int:
    return 1_000_000
