"""设备 (device) · 凭证 (credential) · 读数 (reading): nouns, and the numbering by which readings are put in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.kernel.table import expires, index, table


class ReadingKind(StrEnum):
    """What a device says."""

    ARRIVED = "arrived"
    LEFT = "left"
    HEARTBEAT = "heartbeat"
    BOOT = "boot"
    ALARM = "alarm"


class Numbering(StrEnum):
    """How a device numbers its readings."""

    DENSE = "dense"
    """0, 1, 2, … since each boot."""
    WRAPPING = "wrapping"
    """1 … 255, then 1 again; 0 is the first one after a reboot."""
    CLOCK = "clock"
    """Rising with gaps, as a time stamp is."""


class Verdict(StrEnum):
    """What became of a reading."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    LATE = "late"
    AHEAD = "ahead"
    """Its predecessors are still missing: bring it again a little later."""
    UNKNOWN_DEVICE = "unknown_device"


class DeviceKind(StrEnum):
    """What a device is."""

    BERTH_SENSOR = "berth_sensor"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one device saw, once. `boot` and `seq` number it; `at` is the device's own clock.

    `confidence` 0-100; `battery` %; `rssi` dBm; `previous_state_s` is how long the state before
    this one lasted; `sent_at` is the device's clock at sending; `berth_code` names the berth where
    a device watches several.
    """

    device_id: str
    boot: int
    seq: int
    at: datetime
    kind: ReadingKind
    received_at: datetime
    numbering: Numbering
    sent_at: datetime | None = None
    plate: str | None = None
    plate_color: str | None = None
    confidence: int | None = None
    battery: int | None = None
    rssi: int | None = None
    previous_state_s: int | None = None
    berth_code: str | None = None
    alarm: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a device's readings have been taken.

    `marks` are numbers beside `seq`: with counted numbering those below it that are still missing,
    with clock numbering those that were seen lately.
    """

    boot: int
    seq: int
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device, the berths that it watches (code to id), and how it is."""

    id: str
    v: int = 0
    kind: DeviceKind
    maker: str
    place_id: str
    division_code: str
    berths: Mapping[str, str]
    heartbeat_s: int
    cursor: Cursor | None = None
    last_at: datetime | None = None
    heard_at: datetime | None = None
    silent_after: datetime | None = None
    silent: bool = False
    battery: int | None = None
    rssi: int | None = None
    skewed: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCredential:
    """By what a device proves itself; its id is the device's, and the secret itself is nowhere.

    `secret_hash` is what a broker's password is checked against, `signing_key` (hex) what signed
    readings are checked with: it follows from the secret, not the secret from it. Without
    `secret_hash` the credential is revoked. `changed_at` also moves when the device is disabled,
    so that whoever holds keys need look at one table only.
    """

    id: str
    v: int = 0
    secret_hash: str | None
    signing_key: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class KeptReading:
    """A reading and what became of it."""

    verdict: Verdict
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingBatch:
    """The readings of one commit with their verdicts: raw material for disputes and for replay.

    They are JSON text, a list of `KeptReading`: nobody asks the store for a part of one, and as
    documents they cost 10 µs each more.
    """

    id: str
    v: int = 0
    at: datetime
    device_ids: tuple[str, ...]
    readings: str


# 90 days: as long as a bill can be disputed with evidence.
READINGS_KEPT_S = 90 * 86_400

# No index on `silent_after`: each reading would move its entry, 15 µs of mongod, and the look at all
# devices every 10 s takes 1 µs each.
DEVICES = table(Device, "devices")
DEVICE_CREDENTIALS = table(
    DeviceCredential,
    "device_credentials",
    index("changed_at"),
    hidden=frozenset({"secret_hash", "signing_key"}),
)
READING_BATCHES = table(
    ReadingBatch, "reading_batches", expires("at", ttl_s=READINGS_KEPT_S), index("device_ids", "at")
)
