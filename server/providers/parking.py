"""What the platform asks of a provider that debits who has left, by the plate. No provider's words.

无感支付渠道：查询车牌服务、创建停车入场、扣费受理、查询扣费，各渠道同一说法。
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from server.providers.payment import EntryTold, Trade


class ServiceState(StrEnum):
    """What became of the mandate that a plate's driver gave, or did not."""

    NORMAL = "normal"
    PAUSED = "paused"
    OUT_OF_SERVICE = "out_of_service"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPage:
    """A page of the provider's own, inside its app: of which program, where, and what it is told."""

    app_id: str
    path: str
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A car and where it stands, as an entry says it; a debit must say the very same.

    The color is the platform's word for it: `blue`, `yellow_green`.
    """

    plate_number: str
    plate_color: str
    arrived_at: datetime
    place_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOrder:
    """A car that has come; the number never changes, however often it is told."""

    entry_no: str
    parked: Parked
    free_s: int
    notify_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitOrder:
    """What is to be debited for a car that has gone. Amounts are fen."""

    trade_no: str
    amount: int
    description: str
    parking_id: str
    parked: Parked
    left_at: datetime
    device_id: str
    notify_url: str


class ParkingProvider(Protocol):
    """One provider. What it did not answer raises Unavailable; what it declined, Refused."""

    name: str

    async def find_service(
        self, *, number: str, color: str, payer: str, web: bool = False
    ) -> ServiceState:
        """Ask whether a payer has given a mandate for a plate; on the `web` he has another id."""

    def service_page(self, *, number: str, color: str, payer: str) -> ProviderPage:
        """Name the page where a driver opens the service for a plate, and ends it."""

    def repay_page(self, *, payer: str) -> ProviderPage:
        """Name the page where a driver repays what the provider has lent him."""

    async def enter(self, order: EntryOrder) -> EntryTold:
        """Tell of a car that has come; told again under the same number it is the same entry."""

    async def debit(self, order: DebitOrder) -> Trade:
        """Ask for a debit; accepted is not paid: that comes by notice, or by asking."""

    async def query_debit(self, trade_no: str) -> Trade:
        """Ask what became of a debit; nobody can close one that was accepted."""
