"""How a tariff and the lines of a quote are put into words."""

from collections.abc import Sequence

from server.domain.tariff.model import (
    DAY_MIN,
    Bound,
    Cap,
    Discount,
    FreeTime,
    Grant,
    Penalty,
    Period,
    Rate,
    Rounding,
    Step,
    Terms,
)
from server.domain.vehicle import PlateColor
from server.kernel.money import yuan

_CARS = {"small": "小型汽车", "large": "大型汽车", "motorcycle": "摩托车"}
_COLORS = {
    PlateColor.BLUE: "蓝牌",
    PlateColor.GREEN: "绿牌",
    PlateColor.YELLOW: "黄牌",
    PlateColor.YELLOW_GREEN: "黄绿牌",
    PlateColor.WHITE: "白牌",
    PlateColor.BLACK: "黑牌",
}
_CAPPED = {
    Period.STAY: "单次",
    Period.WINDOW: "每时段",
    Period.NATURAL_DAY: "当日",
    Period.ROLLING_DAY: "24 小时",
}
_EVERY = {
    Period.STAY: "单次停车",
    Period.WINDOW: "每时段",
    Period.NATURAL_DAY: "每日",
    Period.ROLLING_DAY: "每 24 小时",
}


def summary(terms: Terms) -> str:
    """Say in one line what a driver wants to know first."""
    charged = next((rate for rate in terms.rates if not rate.costless), None)
    if charged is None:
        return "免费停车"
    parts = [free_text(terms.free)] if terms.free else []
    parts.append(rate_text(charged))
    parts += [cap_text(cap) for cap in terms.caps[:1]]
    return "，".join(parts)


def explain(terms: Terms) -> list[str]:
    """Say line by line how a stay is charged."""
    lines = [_free_line(terms.free)] if terms.free else []
    if terms.first_free:
        lines.append(f"首次停车{free_text(terms.first_free.free)}")
    lines += [f"{_row_text(rate)}：{rate_text(rate)}" for rate in terms.rates]
    lines += [discount_text(one) for one in terms.discounts]
    lines += [f"{_EVERY[cap.period]}{_of(cap)}最高 {yuan(cap.amount)}" for cap in terms.caps]
    if terms.max_stay:
        lines.append(f"最长停放 {minutes_text(terms.max_stay.minutes)}")
    if terms.minimum:
        lines.append(f"单次最低 {yuan(terms.minimum)}")
    if terms.maximum is not None:
        lines.append(f"单次最高 {yuan(terms.maximum)}")
    return lines


def window_text(rate: Rate) -> str:
    """Name a rate by its hours."""
    clocks = f"{clock(rate.from_min)}–{clock(rate.to_min)}"
    return f"{rate.name} {clocks}" if rate.name else clocks


def rate_text(rate: Rate | Penalty) -> str:
    """Say what a rate costs."""
    parts = [_step_text(step) for step in rate.steps]
    if rate.unit_amount and not (rate.steps and rate.steps[-1].until_min is None):
        unit = f"{yuan(rate.unit_amount)}/{unit_text(rate.unit_min)}"
        parts.append(f"之后 {unit}" if parts else unit)
    if not parts:
        return "免费"
    if rate.rounding is not Rounding.UP:
        parts.append("不足一个单位不计" if rate.rounding is Rounding.DOWN else "满半个单位计一个")
    if isinstance(rate, Rate) and rate.free:
        parts.insert(0, free_text(rate.free))
    return "，".join(parts)


def free_text(free: FreeTime) -> str:
    """Say how long parking is free."""
    if free.grant is Grant.DEDUCTED:
        return f"前 {free.minutes} 分钟免费"
    within = "不足 " if free.bound is Bound.BELOW else ""
    return f"{within}{free.minutes} 分钟{'' if within else '内'}免费"


def car_text(vehicle: str, colors: Sequence[PlateColor | None] = ()) -> str:
    """Name cars by class and plates; None among the colors is a car without a plate."""
    plates = "、".join(_COLORS[one] if one else "无牌" for one in colors)
    name = _CARS.get(vehicle, vehicle)
    return f"{name}（{plates}）" if plates else name


def cap_text(cap: Cap) -> str:
    """Say what a cap is."""
    return f"{_CAPPED[cap.period]}{_of(cap)}封顶 {yuan(cap.amount)}"


def clock(minute: int) -> str:
    """Print a minute of the day; the end of the day is 24:00."""
    minute = minute if minute <= DAY_MIN else minute - DAY_MIN
    return f"{minute // 60:02}:{minute % 60:02}"


def minutes_text(minutes: int) -> str:
    """Print a duration in hours where it is whole ones."""
    return f"{minutes} 分钟" if minutes % 60 else f"{minutes // 60} 小时"


def unit_text(minutes: int) -> str:
    """Print a unit of charging."""
    return "小时" if minutes == 60 else minutes_text(minutes)


def _step_text(step: Step) -> str:
    if step.until_min is None:
        unit = f"/{unit_text(step.unit_min)}" if step.unit_min else "/次"
        return f"{yuan(step.amount)}{unit}"
    first = "首小时" if step.until_min == 60 else f"前 {minutes_text(step.until_min)}"
    unit = f"/{unit_text(step.unit_min)}" if step.unit_min else ""
    return f"{first} {yuan(step.amount)}{unit}"


def _free_line(free: FreeTime) -> str:
    if free.grant is Grant.DEDUCTED:
        return f"停车前 {free.minutes} 分钟免费"
    bound = "不足" if free.bound is Bound.BELOW else "不超过"
    return f"停车{bound} {free.minutes} 分钟免费"


def _row_text(rate: Rate) -> str:
    cars = [_CARS.get(name, name) for name in rate.vehicles]
    for_whom = [*rate.days, *cars, *(_COLORS[color] for color in rate.colors)]
    whom = f"（{'、'.join(for_whom)}）" if for_whom else ""
    return f"{window_text(rate)}{whom}"


def discount_text(one: Discount) -> str:
    """Say what a discount is."""
    if one.free:
        return f"{one.name}：{free_text(one.free)}"
    first = f"前 {minutes_text(one.first_min)}" if one.first_min else ""
    return f"{one.name}：{first}{'免费' if one.percent == 0 else f'按 {one.percent}% 收费'}"


def _of(cap: Cap) -> str:
    return f"（{'、'.join(cap.rates)}）" if cap.rates else ""
