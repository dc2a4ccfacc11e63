"""How many cars each kind of place draws at each hour, and how long they stay."""

import math
from collections.abc import Mapping
from random import Random

from devices.simulator.model import Quarter
from devices.simulator.streets import FUTIAN, LUOHU, NANSHAN

HOUR_S = 3600.0
# The city keeps UTC+8 all year: China has had no summer time since 1991.
CITY_OFFSET_S = 8 * HOUR_S

# The share of berths in use if nobody were turned away, at 0:00, 1:00 … 23:00.
LOAD: Mapping[Quarter, tuple[float, ...]] = {
    Quarter.OFFICE: (.08, .06, .05, .05, .05, .08, .20, .45, .80, .97, .86, .76, .70, .82, .97, .88, .80, .72, .55, .40, .30, .22, .15, .10),
    Quarter.SHOPPING: (.10, .06, .05, .04, .04, .05, .08, .12, .25, .40, .60, .75, .80, .78, .75, .78, .80, .82, .88, .92, .90, .75, .45, .20),
    Quarter.NIGHTLIFE: (.75, .55, .35, .20, .12, .10, .10, .12, .15, .20, .25, .40, .50, .40, .35, .35, .40, .55, .75, .85, .92, .95, .94, .88),
    Quarter.HOSPITAL: (.15, .12, .10, .10, .12, .20, .45, .80, .95, .97, .95, .88, .70, .80, .92, .90, .80, .60, .45, .40, .35, .30, .22, .18),
    Quarter.HOMES: (.93, .94, .95, .95, .94, .92, .85, .70, .55, .45, .42, .42, .48, .46, .42, .42, .46, .55, .68, .78, .84, .88, .90, .92),
    Quarter.STATION: (.25, .18, .12, .12, .15, .30, .50, .70, .80, .85, .82, .78, .78, .80, .80, .82, .85, .88, .85, .75, .65, .55, .42, .32),
}  # fmt: skip

# (mean minutes, sigma of the logarithm)
DWELL: Mapping[Quarter, tuple[float, float]] = {
    Quarter.OFFICE: (110, 0.8),
    Quarter.SHOPPING: (75, 0.7),
    Quarter.NIGHTLIFE: (120, 0.6),
    Quarter.HOSPITAL: (70, 0.6),
    Quarter.HOMES: (240, 0.9),
    Quarter.STATION: (35, 0.7),
}

# (how busy the division is against the curve, by how many hours its day runs late)
DIVISION_HABITS: Mapping[str, tuple[float, float]] = {
    LUOHU.code: (0.95, 0.0),
    FUTIAN.code: (1.0, 0.0),
    NANSHAN.code: (0.9, 0.5),
}


def city_hour(at: float) -> float:
    """Give the hour of the city's day, 0 ≤ hour < 24, of an instant in epoch seconds."""
    return (at + CITY_OFFSET_S) / HOUR_S % 24


def load(quarter: Quarter, division_code: str, hour: float) -> float:
    """Give the share of berths that would be in use at an hour, between the curve's points by a straight line."""
    busy, late_hours = DIVISION_HABITS[division_code]
    whole, part = divmod((hour - late_hours) % 24, 1)
    curve = LOAD[quarter]
    return busy * (curve[int(whole)] * (1 - part) + curve[(int(whole) + 1) % 24] * part)


def arrivals_a_second(quarter: Quarter, division_code: str, berths: int, hour: float) -> float:
    """Give the rate of arrivals that keeps the load up: berths in use = rate × mean dwell (Little)."""
    return berths * load(quarter, division_code, hour) / (DWELL[quarter][0] * 60)


def draw_dwell(random: Random, quarter: Quarter) -> float:
    """Draw how many seconds a car stays, log-normal."""
    mean_minutes, sigma = DWELL[quarter]
    return random.lognormvariate(math.log(mean_minutes * 60) - sigma**2 / 2, sigma)


def draw_remaining_dwell(random: Random, quarter: Quarter) -> float:
    """Draw how long a car found standing there stays on: long stays are met more often than short ones."""
    mean_minutes, sigma = DWELL[quarter]
    return (
        random.lognormvariate(math.log(mean_minutes * 60) + sigma**2 / 2, sigma) * random.random()
    )
