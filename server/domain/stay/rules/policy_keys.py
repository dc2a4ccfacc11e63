"""The keys of the switchboard: what each is called, what it does, what it may be, and where. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.domain.stay.model.policies import Autopay, Pursuit, ReviewMode, SamePlate, StaysBy

CITY = "city"
ANYWHERE = frozenset({"city", "operator", "place"})
# A debt is one operator's, wherever the car stood.
OF_OPERATORS = frozenset({"city", "operator"})
# Nobody else declares that others may know of an operator's debts and take its money: not the city.
OWN_ONLY = frozenset({"operator"})
# Read once for a whole batch of readings of many places: they hold for the city.
CITY_ONLY = frozenset({"city"})


class PolicyKind(StrEnum):
    """What a value is: a whole number, one of some, steps `day:how,…`, a time zone's name, or how plates begin."""

    NUMBER = "number"
    CHOICE = "choice"
    LADDER = "ladder"
    ZONE = "zone"
    PREFIX = "prefix"


class PolicyUnit(StrEnum):
    """What a number counts; `bp` are ten-thousandths, `hour_of_day` is a time on the city's clock."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    HOUR_OF_DAY = "hour_of_day"
    DAY = "day"
    FEN = "fen"
    BP = "bp"
    POINT = "point"
    KMH = "kmh"
    TIME = "time"
    PHOTO = "photo"


class Group(StrEnum):
    """Under which heading a manager looks for a key; in the order of the page."""

    SENSING = "感知与停车"
    EDITS = "修改与审核"
    DISPUTES = "申诉与照片"
    AUTOPAY = "无感支付"
    ARREARS = "欠费与限制"
    REMINDERS = "催缴"
    PURSUIT = "跨运营商追缴"
    CASH = "现金"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: its Chinese name and explanation, what it may be, and in which scopes.

    A number has `least`, `most` and a `unit`; a choice has `choices`, from its values to their names.
    """

    group: Group
    label: str
    hint: str
    kind: PolicyKind = PolicyKind.NUMBER
    least: int = 0
    most: int = 0
    unit: PolicyUnit | None = None
    choices: Mapping[StrEnum, str] | None = None
    scopes: frozenset[str] = ANYWHERE


def _number(
    label: str,
    least: int,
    most: int,
    unit: PolicyUnit,
    hint: str,
    group: Group,
    scopes: frozenset[str],
) -> Key:
    return Key(
        group=group, label=label, hint=hint, least=least, most=most, unit=unit, scopes=scopes
    )


def _choice(
    label: str, names: Mapping[StrEnum, str], hint: str, group: Group, scopes: frozenset[str]
) -> Key:
    return Key(
        group=group, label=label, hint=hint, kind=PolicyKind.CHOICE, choices=names, scopes=scopes
    )


_STAYS_BY: Mapping[StrEnum, str] = {
    StaysBy.BOTH: "人工设备混合",
    StaysBy.DEVICES: "设备",
    StaysBy.OFFICERS: "人工",
}
_SAME_PLATE: Mapping[StrEnum, str] = {
    SamePlate.KEEP: "不作废",
    SamePlate.OPERATOR: "同运营商内作废",
    SamePlate.PLACE: "同车场内作废",
}
_REVIEWS: Mapping[StrEnum, str] = {
    ReviewMode.NORMAL: "普通",
    ReviewMode.SOME: "部分审核",
    ReviewMode.ALL: "全审核",
}
_AUTOPAY: Mapping[StrEnum, str] = {Autopay.OFF: "关闭", Autopay.ON: "开启"}
_PURSUIT: Mapping[StrEnum, str] = {Pursuit.OWN: "仅本运营商", Pursuit.OPERATORS: "各运营商"}

# One row a key, so that the table is read as one.
# fmt: off
KEYS: Mapping[str, Key] = {
    "stays_by": _choice("路侧模式", _STAYS_BY, "由谁开始和结束停车：设备模式下巡查员不能补入车、补出车；人工模式下设备读数只留存，不改变泊位和停车记录。", Group.SENSING, ANYWHERE),
    "arrive_debounce_s": _number("入车防抖", 0, 60, PolicyUnit.SECOND, "车辆在地磁上停满这么久才算驶入，免得路过的车被记成停车。", Group.SENSING, CITY_ONLY),
    "leave_debounce_s": _number("离车防抖", 0, 120, PolicyUnit.SECOND, "信号消失这么久才算驶离，免得在车位里挪车被记成离开。", Group.SENSING, CITY_ONLY),
    "plate_confidence": _number("车牌置信度阈值", 0, 100, PolicyUnit.POINT, "相机识别低于这个分数的车牌不直接采用，交给人工核实。", Group.SENSING, CITY_ONLY),
    "same_stay_s": _number("同次停车间隔", 0, 1_800, PolicyUnit.SECOND, "人工登记之后，设备在这段时间内又报驶入的，视为同一次停车。", Group.SENSING, CITY_ONLY),
    "possible_speed_kmh": _number("套牌判定车速", 10, 300, PolicyUnit.KMH, "同一车牌相继出现在两处，需要开得比这更快才能赶到的，按疑似套牌处理。", Group.SENSING, CITY_ONLY),
    "same_plate": _choice("同牌在停作废", _SAME_PLATE, "同一车牌又在别处停车时，旧的在停记录在多大范围内自动作废。", Group.SENSING, ANYWHERE),
    "exit_grace_min": _number("离场宽限", 0, 120, PolicyUnit.MINUTE, "付清以后这么久之内开走，不再加收。", Group.SENSING, CITY_ONLY),
    "time_zone": Key(group=Group.SENSING, label="时区", hint="计费、今日指标和免打扰时段都按这个时区的钟点计算。", kind=PolicyKind.ZONE, scopes=CITY_ONLY),
    "local_prefix": Key(group=Group.SENSING, label="本地车前缀", hint="录入车牌的键盘从这两个字开始，如 粤B；留空则从省份开始选。", kind=PolicyKind.PREFIX, scopes=CITY_ONLY),
    "review_mode": _choice("审核模式", _REVIEWS, "修改停车记录是否要第二人复核：普通不复核，部分审核只复核金额变化较大的，全审核一律复核。", Group.EDITS, ANYWHERE),
    "approval_limit": _number("免审核金额", 0, 1_000_000, PolicyUnit.FEN, "部分审核时，应收变化、或从一辆车转到另一辆车的应收，不超过这个金额的修改立即生效。", Group.EDITS, ANYWHERE),
    "review_after_h": _number("自动审核间隔", 0, 720, PolicyUnit.HOUR, "疑似漏离场、泊位停用这两类只关系到一条记录的待核实事项，这么久无人处理就自动结案，停车记录按现状收费；0 表示不自动结案。申诉、疑似套牌、同牌在停、车牌冲突和待复核的修改总要由人处理。", Group.EDITS, ANYWHERE),
    "photos_max": _number("取证照片最大张数", 1, 20, PolicyUnit.PHOTO, "每条停车记录最多保存的照片，工作人员与车主各算各的。", Group.DISPUTES, ANYWHERE),
    "dispute_days": _number("申诉期限", 1, 90, PolicyUnit.DAY, "停车结束后车主可以提出申诉的天数。", Group.DISPUTES, ANYWHERE),
    "autopay": _choice("无感支付", _AUTOPAY, "已开通微信车牌服务的车主，离场后自动扣款。", Group.AUTOPAY, ANYWHERE),
    "autopay_limit": _number("单笔上限", 1, 1_000_000, PolicyUnit.FEN, "超过这个金额的停车费不自动扣款，由车主自己支付。", Group.AUTOPAY, ANYWHERE),
    "arrears_grace_min": _number("欠费宽限", 0, 43_200, PolicyUnit.MINUTE, "账单产生后这么久仍未付清，才算欠费。", Group.ARREARS, OF_OPERATORS),
    "overdue_days": _number("逾期天数", 1, 3_650, PolicyUnit.DAY, "最早一笔欠费满这么多天，案件转为逾期。", Group.ARREARS, OF_OPERATORS),
    "restrict_days": _number("限制天数", 1, 3_650, PolicyUnit.DAY, "最早一笔欠费满这么多天，案件进入限制。", Group.ARREARS, OF_OPERATORS),
    "restrict_amount": _number("限制金额", 1, 100_000_000, PolicyUnit.FEN, "欠费合计达到这个金额，不论天数都进入限制。", Group.ARREARS, OF_OPERATORS),
    "alert_rounds": _number("欠费车告警次数", 1, 20, PolicyUnit.TIME, "欠费车停下后每 30 秒提醒巡查员一次，提醒这么多次仍无人确认就升级。", Group.ARREARS, OF_OPERATORS),
    "reminder_ladder": Key(group=Group.REMINDERS, label="催缴阶梯", hint="成为欠费后第几天、用什么方式催缴，每行一步。", kind=PolicyKind.LADDER, scopes=OF_OPERATORS),
    "reminders_max": _number("催缴次数上限", 0, 20, PolicyUnit.TIME, "每个案件最多催缴的次数，自动与人工合并计算。", Group.REMINDERS, OF_OPERATORS),
    "reminder_gap_h": _number("催缴最短间隔", 0, 720, PolicyUnit.HOUR, "同一案件两次催缴之间至少相隔这么久。", Group.REMINDERS, OF_OPERATORS),
    "quiet_from_h": _number("免打扰开始", 0, 23, PolicyUnit.HOUR_OF_DAY, "从这个钟点起不发短信；与结束相同表示不设免打扰。", Group.REMINDERS, OF_OPERATORS),
    "quiet_to_h": _number("免打扰结束", 0, 23, PolicyUnit.HOUR_OF_DAY, "到这个钟点恢复发送。", Group.REMINDERS, OF_OPERATORS),
    "remind_least": _number("催缴起点金额", 0, 1_000_000, PolicyUnit.FEN, "欠费不到这个金额的车主不催缴。", Group.REMINDERS, OF_OPERATORS),
    "pursuit": _choice("跨运营商追缴", _PURSUIT, "欠本运营商的车停在别家车场时，是否让对方看到欠费并代为收取。", Group.PURSUIT, OWN_ONLY),
    "pursuit_commission_bp": _number("代收佣金", 0, 3_000, PolicyUnit.BP, "别家代收的欠费中，留给代收方的比例。", Group.PURSUIT, OWN_ONLY),
    "cash_confirm_above": _number("大额现金再次确认", 0, 10_000_000, PolicyUnit.FEN, "巡查员单次收取的现金超过这个金额时，要再确认一遍。", Group.CASH, OF_OPERATORS),
}
# fmt: on
