"""The demo city: a pure function from a seed to everything a new installation is filled with."""

import math
from collections.abc import Iterable
from itertools import groupby

from devices.simulator.layout import lay_lots, lay_sections
from devices.simulator.model import DemoBerth, DemoCity, DemoDevice, DemoStreet, Format
from devices.simulator.people import STAFF, TARIFFS, draw_motorists, draw_vehicles
from devices.simulator.streets import DIVISIONS, STREETS

CAMERA_BERTHS = 10
# Every fourth section has cameras: about a fifth of the kerbside berths learn plates by themselves.
CAMERA_EVERY = 4
# Every third sensor comes from the supplier of binary geomagnetic frames.
GEOMAG_EVERY = 3
SENSOR_HEARTBEAT_S = 600
# VZenith's manual: a camera unheard for more than a minute counts as away.
CAMERA_HEARTBEAT_S = 60


def demo_city(seed: int = 1) -> DemoCity:
    """Build the city of a seed: same seed, same city, on any machine."""
    sections, kerb_berths = lay_sections(seed)
    lots, bays = lay_lots()
    motorists = draw_motorists(seed)
    berths = (*kerb_berths, *bays)
    return DemoCity(
        name="深圳",
        operator="鹏城停车",
        center=(114.0330, 22.5370),
        time_zone="Asia/Shanghai",
        divisions=DIVISIONS,
        streets=tuple(DemoStreet(s.name, s.division.code, s.width_m, s.axis) for s in STREETS),
        sections=tuple(sections),
        lots=tuple(lots),
        berths=berths,
        devices=(*_sensors(berths), *_cameras(kerb_berths)),
        motorists=motorists,
        vehicles=draw_vehicles(seed, motorists),
        staff=STAFF,
        tariffs=TARIFFS,
    )


def _sensors(berths: Iterable[DemoBerth]) -> Iterable[DemoDevice]:
    for number, berth in enumerate(berths):
        if berth.kind == "roadside" and number % GEOMAG_EVERY == 0:
            format, supplier, prefix = Format.GEOMAG, "磁感科技", "geomag"
        else:
            format, supplier, prefix = Format.CANONICAL, "鹏城物联", "sensor"
        id = f"{prefix}-{berth.code}"
        yield DemoDevice(
            id,
            "berth_sensor",
            format,
            supplier,
            berth.place_id,
            (berth.id,),
            SENSOR_HEARTBEAT_S,
        )


def _cameras(kerb_berths: Iterable[DemoBerth]) -> Iterable[DemoDevice]:
    """Put cameras on every fourth section, each watching up to ten neighbouring berths."""
    sections = [list(group) for _, group in groupby(kerb_berths, key=lambda berth: berth.place_id)]
    for berths in sections[::CAMERA_EVERY]:
        count = math.ceil(len(berths) / CAMERA_BERTHS)
        for number in range(count):
            watched = berths[number * len(berths) // count : (number + 1) * len(berths) // count]
            id = f"camera-{watched[0].code}"
            berth_ids = tuple(berth.id for berth in watched)
            yield DemoDevice(
                id,
                "camera",
                Format.VZENITH,
                "臻识",
                watched[0].place_id,
                berth_ids,
                CAMERA_HEARTBEAT_S,
            )
