"""停车业务配置 (policy): how the city, an operator or a place wants stays to be handled."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.kernel.money import Fen
from server.kernel.table import table


class SamePlate(StrEnum):
    """同牌在停作废策略: where an older open stay of a plate that is seen again is ended."""

    KEEP = "keep"
    """不作废: nowhere; a person looks at both."""
    OPERATOR = "operator"
    """运营商: within the same operator's places."""
    PLACE = "place"
    """同车场: within the same place."""


class StaysBy(StrEnum):
    """路侧模式: who begins and ends stays."""

    BOTH = "both"
    """人工设备混合: devices and officers."""
    DEVICES = "devices"
    """设备: devices; officers say which car it is, and clerks put right what devices missed."""
    OFFICERS = "officers"
    """人工: officers; what devices say is kept, and moves nothing."""


class ReviewMode(StrEnum):
    """审核模式: which edits wait for a second person."""

    NORMAL = "normal"
    """普通: none."""
    SOME = "some"
    """部分审核: those that change what is owed by more than the limit."""
    ALL = "all"
    """全审核: all of them."""


class Autopay(StrEnum):
    """无感支付: whether parking is debited from those who have given a mandate."""

    OFF = "off"
    ON = "on"


class Pursuit(StrEnum):
    """跨运营商追缴: who may pursue what is owed to an operator, beside itself."""

    OWN = "own"
    """仅本运营商: nobody."""
    OPERATORS = "operators"
    """各运营商: whoever sees the car stand at one of his places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient and how strict the platform is: the city's row, which is whole.

    Operators and places may differ from it, each in the keys that it names.
    """

    id: str = "city"
    v: int = 0
    # 5 s: a lorry at walking pace is over a sensor for 3-4 s.
    arrive_debounce_s: int = 5
    # 10 s: shifting within the berth swings the magnetic field for up to 8 s.
    leave_debounce_s: int = 10
    # 80: below it, a camera's plate is for a person to judge.
    plate_confidence: int = 80
    time_zone: str = "Asia/Shanghai"
    # Nothing: a keyboard that guesses wrong costs more keys than one that does not guess.
    local_prefix: str = ""
    stays_by: StaysBy = StaysBy.BOTH
    same_plate: SamePlate = SamePlate.KEEP
    # 120 km/h: no car gets from one berth to another in a city faster than that.
    possible_speed_kmh: int = 120
    # 300 s: an officer's watch and the minutes he takes to type a plate, against a sensor's clock.
    same_stay_s: int = 300
    review_mode: ReviewMode = ReviewMode.SOME
    # 0: nothing is decided by waiting until somebody wants that.
    review_after_h: int = 0
    # 50 yuan: two days of an ordinary berth.
    approval_limit: Fen = 5_000
    # 200 yuan: more cash than that is asked about once more before it is taken.
    cash_confirm_above: Fen = 20_000
    # 15 min: from paying to driving off.
    exit_grace_min: int = 15
    # 6: head, tail, both sides, the berth's number, the surroundings.
    photos_max: int = 6
    dispute_days: int = 90
    # 48 h: what Shenzhen gives to pay before a stay counts as unpaid.
    arrears_grace_min: int = 2_880
    # Days after that and how, step by step: first quietly, then by text message.
    reminder_ladder: str = "0:app,3:app+sms,10:app+sms,25:app+sms"
    reminders_max: int = 4
    reminder_gap_h: int = 48
    # 22 to 8, the city's time: nobody is woken for a parking fee.
    quiet_from_h: int = 22
    quiet_to_h: int = 8
    # 1 yuan: a text message costs 5 fen, and patience more.
    remind_least: Fen = 100
    overdue_days: int = 15
    restrict_days: int = 60
    # 500 yuan: beyond it a debt is restricted however young it is.
    restrict_amount: Fen = 50_000
    # 3 times 30 s: a patroller two streets away has seen it by then, or will not.
    alert_rounds: int = 3
    # Whom somebody owes, and how much, is told to nobody else until the creditor wants it.
    pursuit: Pursuit = Pursuit.OWN
    # Of what another collects, in ten-thousandths: he keeps nothing unless it is agreed.
    pursuit_commission_bp: int = 0
    autopay: Autopay = Autopay.OFF
    # 100 yuan: two days of a dear berth. More than that nobody pays unasked.
    autopay_limit: Fen = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLayer:
    """The keys in which an operator or a place differs; its id is `operator:{id}` or `place:{id}`."""

    id: str
    v: int = 0
    values: Mapping[str, int | str]


POLICIES = table(Policy, "stay_policies")
POLICY_LAYERS = table(PolicyLayer, "stay_policy_layers")
