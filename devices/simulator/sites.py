"""The lots of the demo city: where they stand and how many rows of bays they have."""

from dataclasses import dataclass

from devices.simulator.model import DemoDivision, Point, Quarter
from devices.simulator.streets import FUTIAN, LUOHU, NANSHAN


@dataclass(frozen=True, slots=True)
class Site:
    """A lot of `rows` rows with `bays` bays each; `bearing` is degrees its rows turn from east."""

    name: str
    address: str
    division: DemoDivision
    quarter: Quarter
    center: Point
    rows: int
    bays: int
    bearing: float


SITES = (
    Site(
        "罗湖口岸停车场", "罗湖区和平路南端", LUOHU, Quarter.STATION, (114.1128, 22.5330), 4, 20, 3
    ),
    Site(
        "东门商业街停车场",
        "罗湖区解放路东段",
        LUOHU,
        Quarter.SHOPPING,
        (114.1182, 22.5475),
        4,
        18,
        2,
    ),
    Site(
        "罗湖医院停车场",
        "罗湖区文锦中路东侧",
        LUOHU,
        Quarter.HOSPITAL,
        (114.1282, 22.5462),
        4,
        16,
        0,
    ),
    Site(
        "会展中心停车场", "福田区福华路南侧", FUTIAN, Quarter.OFFICE, (114.0553, 22.5336), 4, 22, 0
    ),
    Site(
        "市民中心停车场", "福田区福中路南侧", FUTIAN, Quarter.OFFICE, (114.0548, 22.5440), 4, 20, 0
    ),
    Site(
        "华强北购物中心停车场",
        "福田区振华路北侧",
        FUTIAN,
        Quarter.SHOPPING,
        (114.0812, 22.5470),
        4,
        16,
        1,
    ),
    Site(
        "莲花医院停车场",
        "福田区莲花路南侧",
        FUTIAN,
        Quarter.HOSPITAL,
        (114.0455, 22.5568),
        4,
        16,
        6,
    ),
    Site(
        "海岸购物中心停车场",
        "南山区海德三道北侧",
        NANSHAN,
        Quarter.SHOPPING,
        (113.9385, 22.5190),
        4,
        20,
        2,
    ),
    Site(
        "南山医院停车场",
        "南山区桃园路南侧",
        NANSHAN,
        Quarter.HOSPITAL,
        (113.9275, 22.5300),
        4,
        16,
        1,
    ),
    Site(
        "科技园停车场",
        "南山区高新南一道南侧",
        NANSHAN,
        Quarter.OFFICE,
        (113.9505, 22.5335),
        4,
        20,
        4,
    ),
)
