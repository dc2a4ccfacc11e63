"""设备管理: the devices, what they are bound to, and which of their readings are news.

A reading says what was seen, not what it means. This context puts readings in order, drops what
was seen before, judges the clock and knows who is silent; what a reading means for a berth is
decided in `stay`. It also knows each device by its secret, of which only what can be checked is kept.
"""

from server.domain.equipment.events import (
    DeviceAlarmed,
    DeviceFact,
    DeviceRecovered,
    DeviceSilent,
)
from server.domain.equipment.model import (
    Cursor,
    Device,
    DeviceCredential,
    DeviceKind,
    KeptReading,
    Numbering,
    Reading,
    ReadingBatch,
    ReadingKind,
    Verdict,
)
from server.domain.equipment.rules import signing_key
from server.domain.equipment.service import (
    Accepted,
    accept_readings,
    authenticate_device,
    disable_device,
    install,
    is_in_service,
    issue_secrets,
    revoke_secret,
)

__all__ = [
    "Accepted",
    "Cursor",
    "Device",
    "DeviceAlarmed",
    "DeviceCredential",
    "DeviceFact",
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
    "authenticate_device",
    "disable_device",
    "install",
    "is_in_service",
    "issue_secrets",
    "revoke_secret",
    "signing_key",
]
