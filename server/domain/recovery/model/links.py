"""付款链接 (pay_link): lets whoever holds it see and pay certain bills of one plate."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.vehicle import Plate
from server.kernel.table import expires, table


@dataclass(frozen=True, slots=True, kw_only=True)
class PayLink:
    """Which stays' bills are behind a link, as long as they are the plate's."""

    id: str
    v: int = 0
    plate: Plate
    organization_id: str
    stay_ids: tuple[str, ...]
    made_by: str
    made_at: datetime
    expires_at: datetime


# Kept a day longer than it holds, so that a late click is told why.
PAY_LINKS = table(PayLink, "pay_links", expires("expires_at", ttl_s=86_400))
