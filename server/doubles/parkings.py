"""What the WeChat double knows of parking: which plates have the service, and cars that have come."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from secrets import randbelow
from typing import Any

from server.doubles.trades import NotAccepted

COLORS = frozenset({"BLUE", "GREEN", "YELLOW", "BLACK", "WHITE", "LIMEGREEN"})
SERVICES = frozenset({"NORMAL", "PAUSE", "OVERDUE", "OUT_SERVICE"})
PARKED = ("plate_number", "plate_color", "start_time", "parking_name")
# 5,000 entries: hours of a demo's cars; older ones have gone, or will not be debited.
MOST = 5_000
Assume = Callable[[str], str]


@dataclass
class Parking:
    """A car that a merchant has told of. A plate's newest is `valid`; it is debited once."""

    id: str
    out_parking_no: str
    plate_number: str
    plate_color: str
    start_time: str
    parking_name: str
    free_duration: int
    notify_url: str
    state: str
    block_reason: str = ""
    valid: bool = True
    trade_no: str = ""


def nobody(_number: str) -> str:
    """Take no plate to have the service."""
    return "OUT_SERVICE"


def some(number: str) -> str:
    """Take half the plates of a demo to have the service, and a few to have paused it."""
    last = number[-1]
    return "NORMAL" if last in "02468" else "PAUSE" if last == "9" else "OUT_SERVICE"


class ParkingBook:
    """Every plate's service and every entry, kept in a file over restarts."""

    def __init__(self, path: Path, *, now: Callable[[], datetime], assume: Assume) -> None:
        self._path = path
        self._now = now
        self._assume = assume
        held = json.loads(path.read_text()) if path.exists() else {"services": {}, "parkings": []}
        self.services: dict[str, str] = held["services"]
        self.parkings = {row["id"]: Parking(**row) for row in held["parkings"]}

    def service(self, number: str, color: str) -> str:
        """Tell what became of a plate's service."""
        return self.services.get(f"{color} {number}") or self._assume(number)

    def plates(self, sought: str, *, limit: int) -> list[tuple[str, str, Parking | None]]:
        """List plates with color and newest entry, the last told of first, then those set by hand."""
        newest: dict[tuple[str, str], Parking | None] = {}
        for one in reversed(self.parkings.values()):
            newest.setdefault((one.plate_number, one.plate_color), one)
        for name in self.services:
            color, _, number = name.partition(" ")
            newest.setdefault((number, color), None)
        found = [(*plate, one) for plate, one in newest.items() if sought in plate[0]]
        return found[:limit]

    def set_service(self, number: str, color: str, state: str) -> list[Parking]:
        """Open a plate's service, pause or remove it; gives the entries that changed by it."""
        if color not in COLORS or state not in SERVICES or not number:
            raise NotAccepted(400, "PARAM_ERROR", "参数错误")
        self.services[f"{color} {number}"] = state
        changed = []
        for one in self.parkings.values():
            theirs = (one.plate_number, one.plate_color) == (number, color)
            if (
                theirs
                and one.valid
                and not one.trade_no
                and (one.block_reason or "NORMAL") != state
            ):
                one.state, one.block_reason = _standing(state)
                changed.append(one)
        self.keep()
        return changed

    def enter(self, asked: Mapping[str, Any]) -> Parking:
        """Take a car; the same number again must say the same, and is the same entry."""
        told = {name: asked[name] for name in (*PARKED, "free_duration", "notify_url")}
        if told["plate_color"] not in COLORS or type(told["free_duration"]) is not int:
            raise NotAccepted(400, "PARAM_ERROR", "参数错误")
        datetime.fromisoformat(told["start_time"])
        number = asked["out_parking_no"]
        known = next((one for one in self.parkings.values() if one.out_parking_no == number), None)
        if known is not None:
            if any(getattr(known, name) != told[name] for name in PARKED):
                raise NotAccepted(400, "INVALID_REQUEST", "商户入场id重复")
            return known
        for one in self.parkings.values():  # a plate has one entry that is good
            if (one.plate_number, one.plate_color) == (told["plate_number"], told["plate_color"]):
                one.valid = False
        state, reason = _standing(self.service(told["plate_number"], told["plate_color"]))
        parking = Parking(
            id=f"5{self._now():%Y%m%d}{randbelow(10**19):019d}",
            out_parking_no=number,
            state=state,
            block_reason=reason,
            **told,
        )
        self.parkings[parking.id] = parking
        self.keep()
        return parking

    def to_debit(self, info: Mapping[str, Any]) -> Parking:
        """Find the entry of a debit, if it may be debited as is asked."""
        end = datetime.fromisoformat(info["end_time"])
        if datetime.fromisoformat(info["start_time"]) >= end or end > self._now():
            raise NotAccepted(400, "PARAM_ERROR", "参数错误")
        parking = self.parkings.get(info["parking_id"])
        if parking is None or not parking.valid:
            raise NotAccepted(400, "INVALID_REQUEST", "停车入场id不存在")
        if parking.trade_no or any(getattr(parking, name) != info[name] for name in PARKED):
            raise NotAccepted(400, "INVALID_REQUEST", "场景信息和停车入场id不匹配")
        if parking.state != "NORMAL":
            raise NotAccepted(400, "INVALID_REQUEST", "车牌服务不可用")
        return parking

    def keep(self) -> None:
        """Write all down."""
        for id in [*self.parkings][:-MOST]:
            del self.parkings[id]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        parkings = [asdict(one) for one in self.parkings.values()]
        fresh.write_text(json.dumps({"services": self.services, "parkings": parkings}))
        fresh.replace(self._path)


def _standing(service: str) -> tuple[str, str]:
    return ("NORMAL", "") if service == "NORMAL" else ("BLOCKED", service)
