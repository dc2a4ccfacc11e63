"""Use cases of autopay: entries follow their stays, and debits their bills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.autopay.events import ParkingEntryChanged
from server.domain.autopay.model import Block, Closing, EntryState, ParkingEntry
from server.domain.autopay.rules import (
    Matter,
    Step,
    end_of,
    next_attempt,
    next_step,
    same_car,
    wants_entry,
)
from server.domain.billing import Bill
from server.domain.payment import DEBIT, Intent, Method, begin_payment, later
from server.domain.stay import Stay, policy_for
from server.domain.tariff import load_pricing
from server.kernel.errors import Refused
from server.kernel.nouns import replace
from server.kernel.work import Work

# A minute: somebody pays by hand meanwhile, or does not.
PUT_OFF = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """What a provider is asked to debit: an intent, by an entry, for a stay that ended then."""

    intent: Intent
    entry: ParkingEntry
    left_at: datetime
    berth_code: str


async def follow_stays(work: Work, *, stay_ids: Sequence[str]) -> None:
    """Bring the entries of stays in line with what has become of them, their bills and debits.

    Done twice, it changes nothing. A car is told of once under what is known of it; where that is
    corrected the old entry is closed, and another one made. A plate has one live entry.
    """
    stays = await work.table(Stay).load(stay_ids)
    found = await work.table(ParkingEntry).find({"stay_id": list(stay_ids)}, sort="created_at")
    bills, intents = await _money(work, found)
    for entry in found:
        if entry.live or (entry.intent_id and entry.state is EntryState.CLOSED):
            await _settle(
                work,
                entry,
                stay=stays.get(entry.stay_id),
                bill=bills.get(entry.stay_id),
                intent=intents.get(entry.intent_id),
            )
    for stay in stays.values():
        if not any(_tells_of(entry, stay) for entry in found):
            await _make(work, stay)


async def hear_entry(
    work: Work, *, entry_id: str, parking_id: str, block: Block | None, at: datetime
) -> ParkingEntry:
    """Take a provider's word of an entry, as of then; told twice, late or stale it changes nothing."""
    entry = await work.table(ParkingEntry).get(entry_id)
    heard = entry.hear(parking_id=parking_id, block=block, at=at)
    if heard is entry:
        return entry
    stay = await work.table(Stay).maybe(entry.stay_id)
    told = (heard.state, heard.block) != (entry.state, entry.block)
    kept = _save(work, heard, stay, told=told)
    await follow_stays(work, stay_ids=[kept.stay_id])
    return kept


async def decline_entry(work: Work, *, entry_id: str) -> ParkingEntry:
    """Note that the provider does not take an entry: its stay is billed as any other."""
    entry = await work.table(ParkingEntry).get(entry_id)
    if entry.state is not EntryState.ASKED:
        return entry
    stay = await work.table(Stay).maybe(entry.stay_id)
    return _save(work, entry.to(EntryState.DECLINED), stay)


async def put_off_entry(work: Work, *, entry_id: str) -> ParkingEntry:
    """Ask the provider again later, and less often each time."""
    rows = work.table(ParkingEntry)
    entry = await rows.get(entry_id)
    if entry.ask_at is None:
        return entry
    asks = entry.asks + 1
    return rows.save(replace(entry, asks=asks, ask_at=later(work.now, asks)))


async def begin_debit(work: Work, *, entry_id: str) -> Debit | None:
    """Begin the debit that is due by an entry; none where there is none to begin.

    While somebody pays for the stay by another way, it waits.
    """
    rows = work.table(ParkingEntry)
    entry = await rows.get(entry_id)
    if not entry.live or entry.intent_id:
        return None
    matter = await _matter(work, entry)
    if next_step(entry, matter) is not Step.DEBIT:
        rows.save(replace(entry, ask_at=None))
        await follow_stays(work, stay_ids=[entry.stay_id])
        return None
    assert matter.bill is not None
    assert matter.stay is not None
    if await _is_being_paid(work, entry.stay_id):
        rows.save(replace(entry, ask_at=work.now + PUT_OFF))
        return None
    intent = await begin_payment(
        work,
        bill_ids=[matter.bill.id],
        provider=Method.WECHAT,
        scene=DEBIT,
        request_key=f"debit:{entry.id}",
        vouched=True,
        payer_id=matter.bill.owner_id or "",
    )
    begun = rows.save(replace(entry, intent_id=intent.id, ask_at=None))
    return _debit(work, intent, begun, matter.stay)


async def debit_of(work: Work, *, intent_id: str) -> Debit | None:
    """Give a debit that is still to be asked for, as it was begun; none where it is so no more."""
    intent = await work.table(Intent).get(intent_id)
    entry = await work.table(ParkingEntry).one({"intent_id": intent_id})
    if entry is None or not entry.live or not intent.live:
        return None
    matter = await _matter(work, entry)
    if next_step(entry, matter) is not Step.DEBIT:
        return None
    if matter.stay is None or matter.bill is None or matter.bill.id not in intent.holding:
        return None
    return _debit(work, intent, entry, matter.stay)


def _debit(work: Work, intent: Intent, entry: ParkingEntry, stay: Stay) -> Debit:
    left_at = end_of(stay, work.now)
    return Debit(intent=intent, entry=entry, left_at=left_at, berth_code=stay.berth.code)


async def _matter(work: Work, entry: ParkingEntry) -> Matter:
    """Read what an entry is judged by, as if it had no debit yet."""
    return Matter(
        stay=await work.table(Stay).maybe(entry.stay_id),
        bill=await work.table(Bill).one({"stay_id": entry.stay_id, "standing": True}),
        intent=None,
        policy=await policy_for(
            work, organization_id=entry.organization_id, place_id=entry.place_id
        ),
    )


async def _money(
    work: Work, entries: Sequence[ParkingEntry]
) -> tuple[Mapping[str, Bill], Mapping[str, Intent]]:
    """Read the bills of entries by stay, and their debits by intent."""
    if not entries:
        return {}, {}
    stay_ids = sorted({entry.stay_id for entry in entries})
    bills = await work.table(Bill).find({"stay_id": stay_ids, "standing": True})
    asked = [entry.intent_id for entry in entries if entry.intent_id]
    return {bill.stay_id: bill for bill in bills}, await work.table(Intent).load(asked)


async def _settle(
    work: Work, entry: ParkingEntry, *, stay: Stay | None, bill: Bill | None, intent: Intent | None
) -> None:
    """Do with one entry what is to be done."""
    policy = await policy_for(work, organization_id=entry.organization_id, place_id=entry.place_id)
    step = next_step(entry, Matter(stay=stay, bill=bill, intent=intent, policy=policy))
    if step is Step.USE:
        _save(work, replace(entry.to(EntryState.USED), closing=None), stay)
    elif not entry.live or step is Step.KEEP:
        return
    elif step is Step.DEBIT:
        if entry.ask_at is None:
            work.table(ParkingEntry).save(replace(entry, ask_at=work.now, asks=0))
    elif step is Step.RETRY:
        _save(work, entry.close(Closing.FAILED), stay)
        again = next_attempt(entry, id=work.new_id(), now=work.now)
        if again is not None:
            _add(work, again, stay)
    else:
        assert isinstance(step, Closing)
        _save(work, entry.close(step), stay)


def _tells_of(entry: ParkingEntry, stay: Stay) -> bool:
    """Say whether an entry told of a stay what is so; who is called back by a correction may return."""
    return same_car(entry, stay) and entry.closing is not Closing.CORRECTED


async def _make(work: Work, stay: Stay) -> None:
    """Make an entry for a stay where one is wanted; the plate's former one ends."""
    if stay.plate is None:
        return
    berth, rows = stay.berth, work.table(ParkingEntry)
    policy = await policy_for(work, organization_id=berth.organization_id, place_id=berth.place_id)
    if not wants_entry(stay, policy, work.now):
        return
    plate = {"plate.number": stay.plate.number, "plate.color": stay.plate.color.value}
    for other in await rows.find({**plate, "live": True}):
        if other.stay_id != stay.id and other.arrived_at > stay.arrived_at:
            return
        former = stay if other.stay_id == stay.id else await work.table(Stay).maybe(other.stay_id)
        _save(work, other.close(Closing.SUPERSEDED), former)
    _add(
        work,
        ParkingEntry(
            id=work.new_id(),
            stay_id=stay.id,
            organization_id=berth.organization_id,
            place_id=berth.place_id,
            place_name=berth.place_name,
            plate=stay.plate,
            arrived_at=stay.arrived_at,
            free_time_s=await _free_time_s(work, stay),
            created_at=work.now,
            ask_at=work.now,
        ),
        stay,
    )


async def _free_time_s(work: Work, stay: Stay) -> int:
    """Tell the free time that holds where a car stands; none where no tariff is in force."""
    pricing = (await load_pricing(work, [stay.berth.tariff_id]))[stay.berth.tariff_id]
    try:
        free = pricing.at(stay.arrived_at).terms.free
    except Refused:
        return 0
    return free.minutes * 60 if free else 0


async def _is_being_paid(work: Work, stay_id: str) -> bool:
    """Say whether somebody pays for a stay just now, were it for a bill of before."""
    bills = await work.table(Bill).find({"stay_id": stay_id})
    held = [bill.id for bill in bills]
    return await work.table(Intent).one({"holding": held, "live": True}) is not None


def _add(work: Work, entry: ParkingEntry, stay: Stay | None) -> None:
    _tell(work, work.table(ParkingEntry).add(entry), stay)


def _save(work: Work, entry: ParkingEntry, stay: Stay | None, *, told: bool = True) -> ParkingEntry:
    kept = work.table(ParkingEntry).save(entry)
    if told:
        _tell(work, kept, stay)
    return kept


def _tell(work: Work, entry: ParkingEntry, stay: Stay | None) -> None:
    work.tell(
        ParkingEntryChanged(
            at=work.now,
            entry_id=entry.id,
            stay_id=entry.stay_id,
            organization_id=entry.organization_id,
            plate=entry.plate,
            attempt=entry.attempt,
            state=entry.state,
            block=entry.block,
            closing=entry.closing,
            owner_id=stay.owner_id if stay else None,
        )
    )
