"""A fee by walking over a stay tick by tick, from the words of the design and not from the engine.

It knows no closed form: it holds a state for each counter, and adds money at the very tick at which
a unit begins (or ends, or outlasts its grace). All times of a tariff and a stay are whole ticks.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.tariff import (
    Bound,
    Cap,
    FreeTime,
    Grant,
    Period,
    Rate,
    Rounding,
    Tariff,
    Terms,
)


class Counter:
    """What one rate has counted: says at each tick what falls due at it."""

    def __init__(self, rate: Rate, tick_s: int) -> None:
        self.rate = rate
        self.tick_s = tick_s
        self.counted_s = 0
        self.owed = 0
        self.steps = [*rate.steps]
        self.begin_unit()

    def begin_unit(self) -> None:
        """Start to count another unit, of which nothing is charged yet."""
        self.in_unit_s = 0
        self.charged = False

    def tick(self) -> int:
        """Count one more tick."""
        while self.steps and self.steps[0].until_min is not None and self.counted_s >= self.steps[0].until_min * 60:  # fmt: skip
            del self.steps[0]
            self.begin_unit()
        self.counted_s += self.tick_s
        before = self.owed
        if not self.steps:
            self._count(self.rate.unit_min * 60, self.rate.unit_amount)
        elif self.steps[0].unit_min is None:
            self.owed = self.steps[0].amount
        else:
            self._count(self.steps[0].unit_min * 60, self.steps[0].amount)
        return self.owed - before

    def _count(self, unit_s: int, amount: int) -> None:
        self.in_unit_s += self.tick_s
        whole = self.in_unit_s == unit_s
        due = {
            Rounding.UP: whole or self.in_unit_s > self.rate.tail_grace_min * 60,
            Rounding.NEAREST: self.in_unit_s * 2 >= unit_s,
            Rounding.DOWN: whole,
        }[self.rate.rounding]
        if due and not self.charged:
            self.owed += amount
            self.charged = True
        if whole:
            self.begin_unit()


class Walk:
    """One walk over one stay by a car of the first vehicle class; `of` names the class of each date."""

    def __init__(
        self,
        tariff: Tariff,
        zone: ZoneInfo,
        tick_s: int = 60,
        *,
        of: Callable[[date], str] = lambda _on: "",
    ) -> None:
        self.of = of
        self.terms: Terms = tariff.terms
        self.zone = zone
        self.tick_s = tick_s

    def fee(self, arrived_at: datetime, seconds: int) -> int:
        """Walk from the arrival for so many seconds."""
        free = self.terms.free
        if free and self._within(free, seconds) and free.grant is Grant.ALL_OR_NOTHING:
            return 0
        deducted = free.minutes * 60 if free and free.grant is Grant.DEDUCTED else 0
        if free and seconds <= deducted:
            return 0
        counters: dict[Any, Counter] = {}
        income: list[tuple[dict[Period, Any], Rate, int]] = []
        only_free_hours = True
        if not seconds:
            rate, _on, _today = self._rate(arrived_at)
            only_free_hours = not (rate.unit_amount or any(step.amount for step in rate.steps))
        for at_s in range(deducted, seconds, self.tick_s):
            rate, opened_on, today = self._rate(arrived_at + timedelta(seconds=at_s))
            day = {
                Period.STAY: 0,
                Period.NATURAL_DAY: opened_on,
                Period.ROLLING_DAY: at_s // 86_400,
                Period.WINDOW: opened_on,
            }
            costs = rate.unit_amount or any(step.amount for step in rate.steps)
            only_free_hours = only_free_hours and not costs
            restart = rate.restart or self.terms.restart
            counter = counters.setdefault((rate.name, day[restart]), Counter(rate, self.tick_s))
            fallen_due = counter.tick()
            day[Period.NATURAL_DAY] = today
            day[Period.WINDOW] = (opened_on, rate.name)
            if fallen_due:
                income.append((day, rate, fallen_due))
        return 0 if only_free_hours else self._limited(self._capped(income))

    def _within(self, free: FreeTime, seconds: int) -> bool:
        limit = free.minutes * 60
        return seconds < limit if free.bound is Bound.BELOW else seconds <= limit

    def _rate(self, now: datetime) -> tuple[Rate, date, date]:
        """Find the one rate for this tick, and on which day its window opened."""
        local = now.astimezone(self.zone)
        minute, today = local.hour * 60 + local.minute, local.date()
        found = []
        for rate in self.terms.rates:
            if rate.from_min < rate.to_min:
                if rate.from_min <= minute < rate.to_min:
                    found.append((rate, today))
            elif minute >= rate.from_min:
                found.append((rate, today))
            elif minute < rate.to_min:
                found.append((rate, today - timedelta(days=1)))
        # A window belongs to the day on which it opened, whatever the day is in which it ends.
        [(rate, opened_on)] = [
            (rate, on) for rate, on in found if not rate.days or self.of(on) in rate.days
        ]
        return rate, opened_on, today

    def _capped(self, income: list[tuple[dict[Period, Any], Rate, int]]) -> int:
        """Let money in tick by tick, and refuse what is over a cap of any period."""
        taken: dict[Any, int] = defaultdict(int)
        total = 0
        for day, rate, amount in income:
            room = amount
            for number, cap in enumerate(self.terms.caps):
                if self._is_under(cap, rate):
                    room = min(room, cap.amount - taken[number, day[cap.period]])
            for number, cap in enumerate(self.terms.caps):
                if self._is_under(cap, rate):
                    taken[number, day[cap.period]] += room
            total += room
        return total

    def _is_under(self, cap: Cap, rate: Rate) -> bool:
        return not cap.rates or rate.name in cap.rates

    def _limited(self, fee: int) -> int:
        down = fee // self.terms.round_to * self.terms.round_to
        return max(self.terms.minimum, min(down, self.terms.maximum or down))
