"""What a provider was told of a stay, so that it may be debited: beside its evidence."""

from handlers import autopay_schema as schema
from handlers.base import Handler, action
from handlers.shows import Shown, show_plate
from server.domain.autopay import ParkingEntry
from server.domain.autopay.queries import entries_of_stay
from server.kernel.access import Audience


class ParkingEntries(Handler):
    """`/stays/{stay_id}/parking-entries`."""

    path = "/api/console/stays/{stay_id}/parking-entries"
    audience = Audience.CONSOLE

    @action("无感支付入场", permit="stays.watch", answer=schema.ParkingEntries)
    async def get(self, stay_id: str) -> Shown:
        """List the parking entries of a stay in scope."""
        found = await self.run(entries_of_stay, stay_id=stay_id)
        return {"items": [show_entry(entry) for entry in found]}


def show_entry(entry: ParkingEntry) -> Shown:
    """Show an entry to staff in scope."""
    return {
        "id": entry.id,
        "state": entry.state.value,
        "block": entry.block.value if entry.block else None,
        "closing": entry.closing.value if entry.closing else None,
        "attempt": entry.attempt,
        "plate": show_plate(entry.plate),
        "place_name": entry.place_name,
        "arrived_at": entry.arrived_at,
        "parking_id": entry.parking_id,
        "intent_id": entry.intent_id,
        "created_at": entry.created_at,
        "ask_at": entry.ask_at,
    }
