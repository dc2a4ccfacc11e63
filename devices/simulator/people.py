"""The motorists, vehicles, staff and tariffs of the demo city."""

from random import Random

from devices.simulator.chance import chance
from devices.simulator.model import (
    DemoMotorist,
    DemoStaff,
    DemoStep,
    DemoTariff,
    DemoVehicle,
    DemoWindow,
)
from devices.simulator.plates import draw_plate
from devices.simulator.streets import DIVISIONS, FUTIAN, LUOHU, NANSHAN

VEHICLES = 200
MOTORISTS = 180
FIRST_PHONE = 13800000001
SURNAMES = "陈林黄李张刘王吴周郑何梁谢罗曾许邓彭"
GIVEN_NAMES = (
    "伟",
    "嘉敏",
    "志强",
    "晓雯",
    "俊杰",
    "丽华",
    "建国",
    "思琪",
    "文浩",
    "海燕",
    "子轩",
    "美玲",
    "国栋",
    "雨桐",
)

STAFF = (
    DemoStaff("city", "市级主管 陈敏", "manager", tuple(d.code for d in DIVISIONS)),
    DemoStaff("district", "福田片区主管 黄志强", "manager", (FUTIAN.code,)),
    DemoStaff("patrol1", "巡查员 林晓雯", "patroller", (FUTIAN.code,)),
    DemoStaff("patrol2", "巡查员 何俊杰", "patroller", (LUOHU.code, NANSHAN.code)),
    DemoStaff("dispatch1", "调度员 吴海燕", "dispatcher", tuple(d.code for d in DIVISIONS)),
    DemoStaff("dispatch2", "调度员 周文浩", "dispatcher", tuple(d.code for d in DIVISIONS)),
    DemoStaff("finance1", "财务 郑丽华", "finance", tuple(d.code for d in DIVISIONS)),
    DemoStaff("finance2", "财务 许国栋", "finance", tuple(d.code for d in DIVISIONS)),
)

TARIFFS = (
    DemoTariff(
        name="路侧小型汽车",
        berth_kind="roadside",
        free_minutes=15,
        windows=(DemoWindow("07:30", "21:00", (DemoStep(60, 60, 300), DemoStep(None, 30, 100))),),
        cap=2500,
        cap_period="rolling_24h",
    ),
    DemoTariff(
        name="停车场小型汽车",
        berth_kind="lot",
        free_minutes=15,
        windows=(DemoWindow("00:00", "24:00", (DemoStep(60, 60, 500), DemoStep(None, 60, 200))),),
        cap=4000,
        cap_period="rolling_24h",
    ),
)


def draw_motorists(seed: int) -> tuple[DemoMotorist, ...]:
    """Draw the motorists; phones count up from 13800000001."""
    random = chance(seed, "motorists")
    return tuple(
        DemoMotorist(str(FIRST_PHONE + n), random.choice(SURNAMES) + random.choice(GIVEN_NAMES))
        for n in range(MOTORISTS)
    )


def draw_vehicles(seed: int, motorists: tuple[DemoMotorist, ...]) -> tuple[DemoVehicle, ...]:
    """Draw the vehicles; the first 20 motorists have two each."""
    random = chance(seed, "vehicles")
    owners = [*motorists, *motorists[: VEHICLES - MOTORISTS]]
    plates = _distinct_plates(random, VEHICLES)
    return tuple(
        DemoVehicle(number, color, owner.phone)
        for (number, color), owner in zip(plates, owners, strict=True)
    )


def _distinct_plates(random: Random, count: int) -> list[tuple[str, str]]:
    plates: dict[tuple[str, str], None] = {}
    while len(plates) < count:
        plates.setdefault(draw_plate(random))
    return list(plates)
