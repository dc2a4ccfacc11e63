"""Which policy holds where, and which values a key may have. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.domain.stay.model.policies import (
    Autopay,
    Policy,
    PolicyLayer,
    Pursuit,
    ReviewMode,
    SamePlate,
)
from server.kernel.errors import Invalid
from server.kernel.nouns import replace

CITY = "city"
ANYWHERE = frozenset({"city", "operator", "place"})
# A debt is one operator's, wherever the car stood.
OF_OPERATORS = frozenset({"city", "operator"})
# Nobody else declares that others may know of an operator's debts and take its money: not the city.
OWN_ONLY = frozenset({"operator"})
# Read once for a whole batch of readings of many places: they hold for the city.
CITY_ONLY = frozenset({"city"})


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the switchboard: its Chinese name, what it may be, and in which scopes."""

    label: str
    least: int = 0
    most: int = 0
    choices: type[StrEnum] | None = None
    pattern: str = ""
    scopes: frozenset[str] = ANYWHERE


_STEP = r"[0-9]{1,3}:(app|sms|app\+sms)"

KEYS: Mapping[str, Key] = {
    "arrive_debounce_s": Key("入车防抖(秒)", 0, 60, scopes=CITY_ONLY),
    "leave_debounce_s": Key("离车防抖(秒)", 0, 120, scopes=CITY_ONLY),
    "plate_confidence": Key("车牌置信度阈值", 0, 100, scopes=CITY_ONLY),
    "same_stay_s": Key("同次停车间隔(秒)", 0, 1_800, scopes=CITY_ONLY),
    "time_zone": Key("时区", scopes=CITY_ONLY),
    "possible_speed_kmh": Key("套牌判定车速(公里/时)", 10, 300, scopes=CITY_ONLY),
    "exit_grace_min": Key("离场宽限(分钟)", 0, 120, scopes=CITY_ONLY),
    "same_plate": Key("同牌在停作废策略", choices=SamePlate),
    "review_mode": Key("审核模式", choices=ReviewMode),
    "approval_limit": Key("免审核金额(分)", 0, 1_000_000),
    "cash_confirm_above": Key("大额现金再次确认(分)", 0, 10_000_000, scopes=OF_OPERATORS),
    "autopay": Key("无感支付", choices=Autopay),
    "autopay_limit": Key("无感支付单笔上限(分)", 1, 1_000_000),
    "photos_max": Key("取证照片最大张数", 1, 20),
    "dispute_days": Key("申诉期限(天)", 1, 90),
    "arrears_grace_min": Key("欠费宽限(分钟)", 0, 43_200, scopes=OF_OPERATORS),
    "reminder_ladder": Key(
        "催缴阶梯(天:方式)", pattern=f"{_STEP}(,{_STEP}){{0,9}}", scopes=OF_OPERATORS
    ),
    "reminders_max": Key("催缴次数上限", 0, 20, scopes=OF_OPERATORS),
    "reminder_gap_h": Key("催缴最短间隔(小时)", 0, 720, scopes=OF_OPERATORS),
    "quiet_from_h": Key("免打扰开始(时)", 0, 23, scopes=OF_OPERATORS),
    "quiet_to_h": Key("免打扰结束(时)", 0, 23, scopes=OF_OPERATORS),
    "remind_least": Key("催缴起点金额(分)", 0, 1_000_000, scopes=OF_OPERATORS),
    "overdue_days": Key("逾期天数", 1, 3_650, scopes=OF_OPERATORS),
    "restrict_days": Key("限制天数", 1, 3_650, scopes=OF_OPERATORS),
    "restrict_amount": Key("限制金额(分)", 1, 100_000_000, scopes=OF_OPERATORS),
    "alert_rounds": Key("欠费提醒次数", 1, 20, scopes=OF_OPERATORS),
    "pursuit": Key("跨运营商追缴", choices=Pursuit, scopes=OWN_ONLY),
    "pursuit_commission_bp": Key("代收佣金(万分之)", 0, 3_000, scopes=OWN_ONLY),
}


def resolve(city: Policy, layers: Iterable[PolicyLayer]) -> Policy:
    """Join the city's policy with what an operator and a place say, the nearest last."""
    for layer in layers:
        city = replace(city, **dict(check(scope_of(layer.id), layer.values)))
    return city


def scope_of(id: str) -> str:
    """Name the scope of a layer's id: `city`, `operator` or `place`; refuses another."""
    kind, _, name = id.partition(":")
    if kind not in ANYWHERE or bool(name) is (kind == CITY):
        raise Invalid("policy_scope_invalid", "配置范围不正确", scope=["配置范围不正确"])
    return kind


def check(scope: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the values in their types; refuses unknown keys, wrong values, and keys of other scopes."""
    wrong = {
        name: ["不支持该配置项或取值"]
        for name, value in values.items()
        if not _fits(scope, name, value)
    }
    if wrong:
        raise Invalid("policy_invalid", "配置项有误", **wrong)
    return {name: _typed(KEYS[name], value) for name, value in values.items()}


def _fits(scope: str, name: str, value: Any) -> bool:
    key = KEYS.get(name)
    if key is None or scope not in key.scopes:
        return False
    if key.choices is not None:
        return value in set(key.choices)
    if name == "time_zone":
        return isinstance(value, str) and _is_zone(value)
    if key.pattern:
        return isinstance(value, str) and re.fullmatch(key.pattern, value) is not None
    return type(value) is int and key.least <= value <= key.most


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _typed(key: Key, value: Any) -> Any:
    return key.choices(value) if key.choices is not None else value
