"""Use cases of reconciliation; done twice with one bill, they say the same."""

from collections.abc import Sequence

from server.domain.ledger import AccountKind, Entry, EntryKind, Fault, Posting, account, post
from server.domain.reconciliation.model import (
    BillLine,
    BookFault,
    BooksCheck,
    Discrepancy,
    DiscrepancyState,
    Reconciliation,
)
from server.domain.reconciliation.rules import Difference
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.work import Work

UNSETTLED = (DiscrepancyState.OPEN, DiscrepancyState.EXPLAINED)
# 100: whoever looks at that many faults has seen enough to stop the clearing.
FAULTS_KEPT = 100


async def keep_lines(work: Work, *, lines: Sequence[BillLine]) -> None:
    """Keep lines of a bill; those that are kept already stay."""
    rows = work.table(BillLine)
    known = await rows.load(line.id for line in lines)
    for line in lines:
        if line.id not in known:
            rows.add(line)


async def finish_day(
    work: Work,
    *,
    provider: str,
    day: str,
    digest: str,
    before: Sequence[Difference],
    after: Sequence[Difference],
) -> Reconciliation:
    """Write down what differed, what of it was mended, and the day's fee."""
    rows, left = work.table(Discrepancy), {_id(provider, day, one) for one in after}
    told = {_id(provider, day, one): one for one in (*before, *after)}
    known = {one.id: one for one in await rows.find({"provider": provider, "day": day})}
    for id, one in told.items():
        if id not in known:
            state = DiscrepancyState.OPEN if id in left else DiscrepancyState.REPAIRED
            rows.add(_discrepancy(id, provider, day, one, state))
    # What was told of before may have come right by itself, as by the next day's bill.
    for id, before_now in known.items():
        if before_now.state in UNSETTLED and id not in left:
            rows.save(replace(before_now, state=DiscrepancyState.REPAIRED))
    lines = await work.table(BillLine).find({"provider": provider, "day": day})
    fee = sum(line.fee for line in lines)
    await _post_fee(work, provider, day, fee)
    held = await rows.find({"provider": provider, "day": day})
    days = work.table(Reconciliation)
    known_day = await days.maybe(f"{provider}:{day}")
    fresh = Reconciliation(
        id=f"{provider}:{day}",
        v=known_day.v if known_day else 0,
        provider=provider,
        day=day,
        digest=digest,
        lines=len(lines),
        paid=sum(line.amount for line in lines if not line.refund_no),
        refunded=sum(line.amount for line in lines if line.refund_no),
        fee=fee,
        open=sum(one.state is DiscrepancyState.OPEN for one in held),
        repaired=sum(one.state is DiscrepancyState.REPAIRED for one in held),
        compared_at=work.now,
    )
    return days.save(fresh) if known_day else days.add(fresh)


async def explain_discrepancy(work: Work, *, discrepancy_id: str, cause: str) -> Discrepancy:
    """Say why something differs."""
    rows = work.table(Discrepancy)
    found = await rows.get(discrepancy_id)
    return rows.save(found.explain(cause=cause, by=work.actor.id))


async def approve_cause(work: Work, *, discrepancy_id: str) -> Discrepancy:
    """Agree to what another person has said of a difference; the books then say what the bill says."""
    rows = work.table(Discrepancy)
    found = await rows.get(discrepancy_id)
    if found.adjustment:
        await post(
            work,
            kind=EntryKind.ADJUSTMENT,
            reference=found.id,
            postings=[
                Posting(account(AccountKind.PROVIDER, found.provider), found.adjustment),
                Posting(account(AccountKind.DISCREPANCY, found.provider), -found.adjustment),
            ],
        )
    return rows.save(found.approve(by=work.actor.id))


async def note_check(work: Work, *, id: str, faults: Sequence[Fault]) -> BooksCheck:
    """Write down what a check of the books has found; noted again, the later one counts."""
    rows = work.table(BooksCheck)
    known = await rows.maybe(id)
    check = BooksCheck(
        id=id,
        v=known.v if known else 0,
        at=work.now,
        found=len(faults),
        faults=tuple(BookFault(one.where, one.what) for one in faults[:FAULTS_KEPT]),
    )
    return rows.save(check) if known else rows.add(check)


async def _post_fee(work: Work, provider: str, day: str, fee: Fen) -> None:
    """Write the provider's fee of a day into the ledger, once."""
    reference = f"{provider}:{day}"
    where = {"kind": EntryKind.FEE, "reference": reference}
    if not fee or await work.table(Entry).one(where):
        return
    postings = [
        Posting(account(AccountKind.FEES, provider), fee),
        Posting(account(AccountKind.PROVIDER, provider), -fee),
    ]
    await post(work, kind=EntryKind.FEE, reference=reference, postings=postings)


def _id(provider: str, day: str, one: Difference) -> str:
    return f"{provider}:{day}:{one.kind.value}:{one.number}"


def _discrepancy(
    id: str, provider: str, day: str, one: Difference, state: DiscrepancyState
) -> Discrepancy:
    return Discrepancy(
        id=id,
        provider=provider,
        day=day,
        kind=one.kind,
        number=one.number,
        refund=one.refund,
        here=one.here,
        there=one.there,
        state=state,
    )
