"""What a channel's subscriber starts from: its whole state, and the position it was read at.

The position is read *before* the data, so a change in between is sent again and never lost.
Callers of one second share one snapshot: a storm of reconnects costs the database one query a
channel a second.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from realtime.arrears import alert_row
from realtime.broker import Broker, BrokerUnavailable
from realtime.feeds import berth_row, figures_data, staff_row, supply_row
from realtime.own import own_bill, own_stay
from realtime.publications import Data
from server.domain.billing.queries import bills_of
from server.domain.insight import Figures
from server.domain.payment.queries import wallet_of_account
from server.domain.recovery.queries import alerts_at
from server.domain.stay import Occupancy, Supply
from server.domain.stay.queries import stays_of
from server.kernel.access import system
from server.kernel.errors import NotFound, Unavailable
from server.kernel.period import to_ms
from server.kernel.work import Work

Run = Callable[..., Coroutine[Any, Any, Any]]
SHARED_S = 1.0


class Snapshots:
    """Reads snapshots, each channel at most once a second."""

    def __init__(self, run: Run, broker: Broker) -> None:
        self._run = run
        self._broker = broker
        self._reading: dict[str, asyncio.Task[Data]] = {}

    async def read(self, channel: str) -> Data:
        """Give `{channel, epoch, offset, data}`; refuses a channel that has no state."""
        reading = self._reading.get(channel)
        if reading is None or reading.cancelled():
            reading = asyncio.create_task(self._read(channel))
            self._reading[channel] = reading
            loop = asyncio.get_running_loop()
            reading.add_done_callback(
                lambda _: loop.call_later(SHARED_S, self._reading.pop, channel, None)
            )
        return await asyncio.shield(reading)

    async def _read(self, channel: str) -> Data:
        read = _reader(channel)
        try:
            [position] = await self._broker.positions([channel])
        except BrokerUnavailable as away:
            raise Unavailable("realtime_away", "实时服务暂时不可用，请稍后再试") from away
        data = await self._run(system("snapshots"), read)
        return {
            "channel": channel,
            "epoch": position.epoch,
            "offset": position.offset,
            "data": data,
        }


def _reader(channel: str) -> Callable[[Work], Coroutine[Any, Any, Data]]:
    if channel.startswith("#") and len(channel) > 1:
        return lambda work: _own(work, channel[1:])
    match channel.split(":"):
        case ["section" | "lot", place_id]:
            return lambda work: _berths(work, place_id, staff=False)
        case ["section" | "lot", place_id, "staff"]:
            return lambda work: _berths(work, place_id, staff=True)
        case ["map", cell]:
            return lambda work: _places(work, cell)
        case ["kpi", organization_id]:
            return lambda work: _figures(work, organization_id)
    raise NotFound("channel_has_no_snapshot", "该频道没有快照", channel=channel)


async def _berths(work: Work, place_id: str, *, staff: bool) -> Data:
    rows = []
    for one in await work.table(Occupancy).find({"berth.place_id": place_id}, sort="berth.code"):
        row = berth_row(one.berth.code, one.state.value, one.confidence, to_ms(one.since), one.v)
        rows.append(staff_row(row, one.stay) if staff else row)
    if not staff:
        return {"berths": rows}
    # Those that are over are kept for as long as somebody may come back who has them.
    since = work.now - timedelta(hours=1)
    alerts = await alerts_at(work, place_id=place_id, since=since)
    return {"berths": rows, "alerts": [alert_row(one) for one in alerts]}


async def _own(work: Work, account_id: str) -> Data:
    """Read what a motorist's screens show of his own; others have nothing there."""
    balance, bonus = await wallet_of_account(work, account_id=account_id)
    return {
        "stays": [own_stay(one) for one in await stays_of(work, owner_id=account_id)],
        "bills": [own_bill(one) for one in await bills_of(work, owner_id=account_id)],
        "wallet": {"balance": balance, "bonus": bonus},
    }


async def _places(work: Work, cell: str) -> Data:
    supplies = await work.table(Supply).find({"cell": cell})
    return {"places": [supply_row(supply.id, supply) for supply in supplies]}


async def _figures(work: Work, organization_id: str) -> Data:
    return figures_data(await work.table(Figures).get(organization_id))
