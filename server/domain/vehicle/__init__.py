"""车辆信息: plates, and who drives under them.

A plate is a number *and* a color: the same letters can stand on a blue and on a yellow one.
"""

from server.domain.vehicle.events import VehicleBound, VehicleUnbound
from server.domain.vehicle.model import Plate, PlateColor, Vehicle
from server.domain.vehicle.rules import begins_plates, mask_plate, read_plate
from server.domain.vehicle.service import (
    bind_vehicle,
    owners_of,
    prefer_vehicle,
    register_vehicles,
    unbind_vehicle,
)

__all__ = [
    "Plate",
    "PlateColor",
    "Vehicle",
    "VehicleBound",
    "VehicleUnbound",
    "begins_plates",
    "bind_vehicle",
    "mask_plate",
    "owners_of",
    "prefer_vehicle",
    "read_plate",
    "register_vehicles",
    "unbind_vehicle",
]
