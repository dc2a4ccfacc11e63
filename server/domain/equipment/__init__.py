"""设备管理: the devices, what they are bound to, and which of their readings are news.

A reading says what was seen, not what it means. This context puts readings in order, drops what
was seen before, judges the clock and knows who is silent; what a reading means for a berth is
decided in `stay`.
"""

from server.domain.equipment.events import DeviceAlarmed, DeviceRecovered, DeviceSilent
from server.domain.equipment.model import (
    Cursor,
    Device,
    DeviceKind,
    KeptReading,
    Numbering,
    Reading,
    ReadingBatch,
    ReadingKind,
    Verdict,
)
from server.domain.equipment.service import Accepted, accept_readings, install

__all__ = [
    "Accepted",
    "Cursor",
    "Device",
    "DeviceAlarmed",
    "DeviceKind",
    "DeviceRecovered",
    "DeviceSilent",
    "KeptReading",
    "Numbering",
    "Reading",
    "ReadingBatch",
    "ReadingKind",
    "Verdict",
    "accept_readings",
    "install",
]
