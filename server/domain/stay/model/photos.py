"""取证照片 (photo): what was seen, with its hash, device, time and place."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.domain.estate import LngLat
from server.kernel.table import index, table, unique


class PhotoKind(StrEnum):
    """入车 巡查 离车 申诉."""

    ARRIVAL = "arrival"
    PATROL = "patrol"
    LEAVE = "leave"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One photo of a stay; its bytes are kept by their hash, in the photo store.

    `taken_at` is by the clock of whoever took it, `kept_at` by ours.
    """

    id: str
    v: int = 0
    stay_id: str
    division_code: str
    kind: PhotoKind
    sha256: str
    width: int
    height: int
    size: int
    device_id: str
    point: LngLat | None
    taken_at: datetime
    kept_at: datetime
    by: str
    audience: str


PHOTOS = table(
    Photo,
    "photos",
    index("stay_id", "taken_at"),
    unique("stay_id", "sha256", code="photo_kept", message="该照片已上传"),
)
