"""Stands between payments and their providers: asks what was decided, takes what was answered.

No provider is asked inside a unit of work: what is to be asked is committed first, and what was
answered is committed after. Whatever happens in between, the next round asks again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pymongo.errors import PyMongoError

from server.debiting import Debiting
from server.domain.payment import (
    DEBIT,
    Intent,
    IntentState,
    Method,
    Receipt,
    end_intent,
    note_exchange,
    put_off,
    take_payment,
    tell_client,
)
from server.domain.payment.queries import intent_of_trade, intents_to_ask
from server.domain.refund import (
    Refund,
    RefundAnswer,
    RefundState,
    ask_later,
    hear_refund,
    note_declined,
)
from server.domain.refund.queries import refunds_to_ask
from server.kernel.access import system
from server.kernel.errors import DomainError, NotFound, Refused, Unavailable
from server.providers.masking import masked
from server.providers.payment import (
    BillFile,
    EntryTold,
    Exchange,
    Forged,
    NoticeReply,
    Order,
    PaymentProvider,
    RefundOrder,
    RefundStanding,
    RefundTold,
    Scene,
    Told,
    Trade,
    TradeState,
)
from server.store.lease import Lease
from server.store.mongo import Store
from server.store.stopping import stop_if_cancelled

log = logging.getLogger(__name__)
DESK = system("payments")
# 1 s: the first question is due 5 s after an order, and one a second finds it in time.
EVERY_S = 1.0
LEASE_S = 10.0
# Somebody else has just taken the same payment: looked at again, it is taken already.
TAKEN = frozenset({"payment_taken", "intent_paid", "entry_posted", "store_busy"})


class Desk:
    """Carries orders, questions and refunds to the providers, and their words to the domain."""

    def __init__(
        self,
        store: Store,
        providers: Sequence[PaymentProvider],
        *,
        public_url: str,
        debiting: Debiting | None = None,
    ) -> None:
        self._store = store
        self._debiting = debiting
        self._public_url = public_url
        self._providers = {provider.name: provider for provider in providers}
        for provider in providers:
            provider.note = self._note

    async def start(self, intent: Intent, *, payer: str = "", client_ip: str = "") -> Intent:
        """Tell the provider of an intent; gives it with what the payer's phone needs.

        Refuses with what the provider declined. Where it did not answer, the intent waits, and the
        same request again asks the provider again.
        """
        if intent.state is not IntentState.CREATED:
            return intent
        provider = self._provider(intent.provider)
        order = Order(
            trade_no=intent.id,
            amount=intent.amount,
            description=intent.description,
            scene=Scene(intent.scene),
            expires_at=intent.expires_at,
            notify_url=self._notify_url(provider.name),
            return_url=f"{self._public_url}/m/?intent={intent.id}",
            payer=payer,
            client_ip=client_ip or "127.0.0.1",
        )
        try:
            client = await provider.prepay(order)
        except Refused:
            await self._run(end_intent, intent_id=intent.id)
            raise
        told: Intent = await self._run(tell_client, intent_id=intent.id, client=client)
        if told.state is IntentState.CLOSED:
            raise Refused("bill_not_payable", "账单无需支付或已更新，请刷新", intent_id=told.id)
        return told

    @property
    def debiting(self) -> Debiting:
        """Give what carries debits; refuses where there is none."""
        if self._debiting is None:
            raise Refused("provider_off", "无感支付未开通", provider="parking")
        return self._debiting

    @property
    def names(self) -> list[str]:
        """List the providers that there are."""
        return list(self._providers)

    def fee_bp(self, name: str) -> int | None:
        """Tell what a provider takes by contract, in ten-thousandths."""
        return self._provider(name).fee_bp

    async def bill(self, name: str, day: date) -> BillFile:
        """Fetch a day's bill."""
        return await self._provider(name).bill(day)

    async def learn(self, name: str, trade_no: str) -> None:
        """Ask a provider about a trade now, and take what it says."""
        intent = await self._run(intent_of_trade, trade_no=trade_no)
        debited = intent is not None and intent.scene == DEBIT
        asking = self.debiting.look if debited else self._provider(name).query
        await self._believe(name, await asking(trade_no))

    async def learn_refund(self, name: str, *, refund_no: str, trade_no: str) -> None:
        """Ask a provider about a refund now, and take what it says."""
        provider = self._provider(name)
        told = await provider.query_refund(refund_no=refund_no, trade_no=trade_no)
        await self._believe(name, told)

    def require(self, name: str) -> None:
        """Refuse a provider that is not there."""
        self._provider(name)

    async def hear(self, name: str, headers: Mapping[str, str], body: bytes) -> NoticeReply:
        """Take a notice; what is forged, stale or foreign is written down and moves nothing."""
        provider = self._providers.get(name)
        if provider is None:
            raise NotFound("provider_not_found", "没有这个支付渠道", provider=name)
        subject, verdict = "", "taken"
        try:
            said = await provider.read_notice(headers, body)
            subject = _subject(said)
            await self._believe(name, said)
        except Forged as forged:
            verdict = f"forged: {forged.reason}"
        except DomainError as refusal:
            verdict = refusal.code
        reply = provider.reply(taken=verdict == "taken")
        if verdict != "taken":
            log.warning("Notice not taken", extra={"provider": name, "verdict": verdict})
        await self._run(
            note_exchange,
            provider=name,
            operation="notice",
            incoming=True,
            subject=subject,
            verdict=verdict,
            status=reply.status,
            said=masked(body.decode(errors="replace")),
            answered=reply.body,
        )
        return reply

    async def ask(self) -> int:
        """Ask the providers about all that is due now; gives how much there was."""
        intents = await self._run(intents_to_ask)
        refunds = await self._run(refunds_to_ask)
        for intent in intents:
            await self._patiently(self._ask_intent(intent), intent_id=intent.id)
        for refund in refunds:
            await self._patiently(self._ask_refund(refund), refund_id=refund.id)
        entries = await self._debiting.ask() if self._debiting else 0
        return entries + len(intents) + len(refunds)

    async def run(self, *, holder: str, beside: Callable[[datetime], Awaitable[None]]) -> None:
        """Ask about what is due until cancelled, in one process at a time; `beside` goes with it."""
        lease = Lease(self._store.database, name="payments", holder=holder, lasts_s=LEASE_S)
        while True:
            stop_if_cancelled()
            try:
                if await lease.take():
                    await self.ask()
                    await beside(self._store.clock())
            except (PyMongoError, Unavailable):
                log.warning("Payments wait: the store is away")
            await asyncio.sleep(EVERY_S)

    async def _ask_debit(self, intent: Intent) -> None:
        """Ask about a debit: nobody can close it, so it is waited for until it is over."""
        trade = await self.debiting.learn(intent)
        over = self._store.clock() >= intent.expires_at
        if trade.state is TradeState.PAID:
            await self._believe(intent.provider, trade)
        elif trade.state in (TradeState.CLOSED, TradeState.UNKNOWN) or over:
            await self._run(end_intent, intent_id=intent.id)
        else:
            await self._run(put_off, intent_id=intent.id)

    async def _ask_intent(self, intent: Intent) -> None:
        if intent.scene == DEBIT:
            return await self._ask_debit(intent)
        provider = self._provider(intent.provider)
        trade = await provider.query(intent.id)
        over = self._store.clock() >= intent.expires_at
        if trade.state is TradeState.PAID:
            await self._believe(provider.name, trade)
        elif trade.state is TradeState.CLOSED or (trade.state is TradeState.UNKNOWN and over):
            await self._run(end_intent, intent_id=intent.id)
        elif trade.state is TradeState.UNPAID and (over or not intent.live):
            # Refused where it was paid meanwhile: then the next question finds it.
            await provider.close(intent.id)
            await self._run(end_intent, intent_id=intent.id)
        else:
            await self._run(put_off, intent_id=intent.id)
        return None

    async def _ask_refund(self, refund: Refund) -> None:
        provider = self._provider(refund.provider)
        numbers = {"refund_no": refund.id, "trade_no": refund.intent_id}
        told = RefundTold(refund_no=refund.id, state=RefundStanding.UNKNOWN)
        if refund.asks or refund.state is RefundState.PROCESSING:
            told = await provider.query_refund(**numbers)
        if told.state is RefundStanding.UNKNOWN:  # it never heard of it: under the same number
            order = RefundOrder(
                amount=refund.amount,
                total=refund.paid,
                reason=refund.reason,
                notify_url=self._notify_url(provider.name),
                **numbers,
            )
            try:
                told = await provider.refund(order)
            except Refused as refusal:
                named = {"refund_id": refund.id, "failure": refusal.code}
                log.warning("Refund declined", extra=named)
                await self._run(note_declined, **named)
                return
        await self._believe(provider.name, told)
        if told.state is RefundStanding.PROCESSING:
            await self._run(ask_later, refund_id=refund.id)

    async def _patiently(self, asking: Any, **named: str) -> None:
        """Ask; where nobody answers, or it is declined, ask again later."""
        try:
            await asking
        except (DomainError, Forged) as refusal:
            log.warning("Provider asked in vain", extra={"cause": str(refusal), **named})
            later: Any = put_off if "intent_id" in named else ask_later
            await self._run(later, **named)

    async def _believe(self, name: str, said: Told) -> None:
        if isinstance(said, EntryTold):
            return await self.debiting.hear(said)
        if isinstance(said, RefundTold):
            if said.state is not RefundStanding.UNKNOWN:
                state = RefundState(said.state.value)
                answer = RefundAnswer(said.refund_no, state, said.amount, said.trade_no)
                await self._run(hear_refund, answer=answer)
            return None
        if said.state is TradeState.CLOSED:
            return await self._hear_failure(said)
        if said.state is not TradeState.PAID:
            return None
        assert said.paid_at is not None
        receipt = Receipt(
            provider=Method(name),
            intent_id=said.trade_no,
            transaction_id=said.transaction_id,
            amount=said.amount,
            paid_at=said.paid_at,
        )
        try:
            await self._run(take_payment, receipt=receipt)
        except DomainError as refusal:
            if refusal.code not in TAKEN:
                raise
            await self._run(take_payment, receipt=receipt)
        return None

    async def _hear_failure(self, said: Trade) -> None:
        """Take that a debit has failed: what was closed otherwise, we have closed ourselves."""
        intent = await self._run(intent_of_trade, trade_no=said.trade_no)
        if intent is not None and intent.scene == DEBIT and intent.ask_at is not None:
            await self._run(end_intent, intent_id=intent.id)

    async def _note(self, exchange: Exchange) -> None:
        await self._run(
            note_exchange,
            provider=exchange.provider,
            operation=exchange.operation,
            incoming=False,
            subject=exchange.subject,
            verdict="answered",
            status=exchange.status,
            said=exchange.said,
            answered=exchange.answered,
        )

    async def _run(self, use_case: Any, **arguments: Any) -> Any:
        return await self._store.run(DESK, lambda work: use_case(work, **arguments))

    def _provider(self, name: str) -> PaymentProvider:
        provider = self._providers.get(name)
        if provider is None:
            raise Refused("provider_off", "该支付渠道未开通", provider=name)
        return provider

    def _notify_url(self, name: str) -> str:
        return f"{self._public_url}/hooks/{name}"


def _subject(said: Told) -> str:
    """Name what a notice is about."""
    if isinstance(said, EntryTold):
        return said.entry_no
    return said.refund_no if isinstance(said, RefundTold) else said.trade_no
