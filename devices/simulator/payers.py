"""How the city's simulated drivers pay: ahead, on leaving, late or never, and by what. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from devices.simulator.chance import chance

MINUTE_S = 60.0


class Habit(StrEnum):
    """When somebody pays."""

    AHEAD = "ahead"
    """In the app, while the car still stands; who has none pays on leaving."""
    LEAVING = "leaving"
    LATE = "late"
    """Once he was reminded."""
    NEVER = "never"


class Way(StrEnum):
    """By what somebody pays; who has no wallet pays by WeChat."""

    WECHAT = "wechat"
    ALIPAY = "alipay"
    WALLET = "wallet"


# Nine in ten pay in the end: what is left is enough for arrears to be worked on.
HABITS = {Habit.AHEAD: 0.12, Habit.LEAVING: 0.60, Habit.LATE: 0.18, Habit.NEVER: 0.10}
WAYS = {Way.WECHAT: 0.65, Way.ALIPAY: 0.25, Way.WALLET: 0.10}
# From its beginning while the car stands, from its bill afterwards; a demo's grace is ten minutes.
WAITS_S = {
    Habit.AHEAD: (20 * MINUTE_S, 50 * MINUTE_S),
    Habit.LEAVING: (4.0, 75.0),
    Habit.LATE: (11 * MINUTE_S, 40 * MINUTE_S),
}


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays for one stay: when, by what, and after how many seconds; none for who never does."""

    habit: Habit
    way: Way
    after_s: float | None
    after_bill_s: float | None
    """After how many seconds from its bill, for what is left of it."""


def draw_payer(seed: int, stay_id: str) -> Payer:
    """Draw who pays for a stay: the same at each run."""
    random = chance(seed, "payers", stay_id)
    [habit] = random.choices([*HABITS], [*HABITS.values()])
    [way] = random.choices([*WAYS], [*WAYS.values()])
    after_s = random.uniform(*WAITS_S[habit]) if habit in WAITS_S else None
    leaving_s = random.uniform(*WAITS_S[Habit.LEAVING])
    # Who has paid ahead and stayed on pays the rest as he leaves; so does who owed nothing yet.
    after_bill_s = leaving_s if habit is Habit.AHEAD else after_s
    return Payer(habit, way, after_s, after_bill_s)
