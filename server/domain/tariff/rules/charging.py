"""From seconds counted under one rate to fen: steps and units in closed form."""

from dataclasses import dataclass
from typing import Protocol

from server.domain.tariff.model import Bound, FreeTime, Grant, MaxStay, Rounding, Step
from server.kernel.money import Fen

MINUTE_S = 60
ENDLESS_S = 1 << 40


class Charging(Protocol):
    """What a rate and a penalty have in common."""

    @property
    def steps(self) -> tuple[Step, ...]: ...
    @property
    def unit_min(self) -> int: ...
    @property
    def unit_amount(self) -> Fen: ...
    @property
    def rounding(self) -> Rounding: ...
    @property
    def tail_grace_min(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Band:
    """Counted seconds in (start_s, end_s]: what all before cost, and what a unit within costs.

    `unit_s` 0 is one unit as long as the band, charged from its first second.
    """

    start_s: int
    end_s: int
    unit_s: int
    unit_amount: Fen
    before: Fen
    units_before: int
    rounding: Rounding
    grace_s: int

    def units(self, counted_s: int) -> int:
        """Count the units charged by then."""
        within = counted_s - self.start_s
        if not self.unit_s:
            return 1
        whole, rest = divmod(within, self.unit_s)
        if self.rounding is Rounding.UP:
            return whole + (rest > self.grace_s)
        if self.rounding is Rounding.NEAREST:
            return whole + (2 * rest >= self.unit_s)
        return whole

    def full(self) -> tuple[Fen, int]:
        """Give cost and units of all up to the band's end."""
        units = self.units(self.end_s)
        return self.before + units * self.unit_amount, self.units_before + units


def bands_of(charging: Charging) -> tuple[Band, ...]:
    """Lay a rate's steps and units end to end."""
    bands: list[Band] = []
    at, cost, units = 0, 0, 0
    rounding, grace_s = charging.rounding, charging.tail_grace_min * MINUTE_S
    for step in charging.steps:
        end = ENDLESS_S if step.until_min is None else step.until_min * MINUTE_S
        unit_s = (step.unit_min or 0) * MINUTE_S
        amount = step.amount if unit_s else step.amount - cost
        band = Band(at, end, unit_s, amount, cost, units, rounding, grace_s)
        bands.append(band)
        at, (cost, units) = end, band.full()
    if at < ENDLESS_S:
        unit_s, amount = charging.unit_min * MINUTE_S, charging.unit_amount
        bands.append(Band(at, ENDLESS_S, unit_s, amount, cost, units, rounding, grace_s))
    return tuple(bands)


def cost(bands: tuple[Band, ...], counted_s: int) -> tuple[Fen, int]:
    """Give what that many counted seconds cost, and how many units they are."""
    if counted_s <= 0:
        return 0, 0
    for band in bands:
        if counted_s <= band.end_s:
            units = band.units(counted_s)
            return band.before + units * band.unit_amount, band.units_before + units
    raise AssertionError("the last band has no end")


def is_free(free: FreeTime, seconds: int) -> bool:
    """Say whether a time is within free time."""
    limit = free.minutes * MINUTE_S
    return seconds < limit if free.bound is Bound.BELOW else seconds <= limit


def beyond_free(free: FreeTime | None, seconds: int) -> int:
    """Give how many of the seconds are charged."""
    if free is None:
        return seconds
    if free.grant is Grant.DEDUCTED:
        return max(0, seconds - free.minutes * MINUTE_S)
    return 0 if is_free(free, seconds) else seconds


def scaled(amount: Fen, percent: int) -> Fen:
    """Take a percentage of an amount; half a fen is rounded up."""
    return amount if percent == 100 else (amount * percent + 50) // 100


def may_buy(longest: MaxStay, *, left_min: int) -> int:
    """Give how many minutes more may be bought while some of those bought before are left."""
    room = longest.minutes - left_min
    return max(0, room // longest.unit_min * longest.unit_min)
