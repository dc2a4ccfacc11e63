"""What the platform asks of a payment provider, and what any of them answers. No provider's words.

支付渠道：下单、查询、关单、退款、对账单与回调，各渠道同一说法。
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

_YUAN = re.compile(r"([+-]?)([0-9]+)\.?([0-9]{0,2})0*")


class Scene(StrEnum):
    """Where somebody pays."""

    JSAPI = "jsapi"
    JSAPI_WEB = "jsapi_web"
    """In the browser of the provider's app, which knows a payer by another id than its programs."""
    NATIVE = "native"
    H5 = "h5"
    PAGE = "page"
    WAP = "wap"
    PARKING = "parking"
    """Nowhere: a mandate debits who has left; see `server.providers.parking`."""


class TradeState(StrEnum):
    """What became of a trade."""

    UNPAID = "unpaid"
    PAID = "paid"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class RefundStanding(StrEnum):
    """What became of a refund."""

    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    ABNORMAL = "abnormal"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be paid; `payer` is the openid where the scene needs one. Amounts are fen."""

    trade_no: str
    amount: int
    description: str
    scene: Scene
    expires_at: datetime
    notify_url: str
    return_url: str = ""
    payer: str = ""
    client_ip: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a provider says of a trade."""

    trade_no: str
    state: TradeState
    transaction_id: str = ""
    amount: int = 0
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """What is to be given back of a trade, under a number that never changes."""

    refund_no: str
    trade_no: str
    amount: int
    total: int
    reason: str
    notify_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTold:
    """What a provider says of a refund; the amount and the trade where it names them."""

    refund_no: str
    state: RefundStanding
    amount: int | None = None
    trade_no: str | None = None


class EntryStanding(StrEnum):
    """Whether a car's parking may be debited."""

    NORMAL = "normal"
    BLOCKED = "blocked"


class BlockReason(StrEnum):
    """Why it may not."""

    PAUSED = "paused"
    OVERDUE = "overdue"
    REMOVED = "removed"
    OUT_OF_SERVICE = "out_of_service"
    NOT_ELIGIBLE = "not_eligible"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTold:
    """What a provider says of a parking entry, and since when where it names that."""

    entry_no: str
    parking_id: str
    standing: EntryStanding
    reason: BlockReason | None = None
    at: datetime | None = None


Told = Trade | RefundTold | EntryTold
"""What a notice may be about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """One line of a provider's daily bill: a payment, or a refund where it has a number of one."""

    trade_no: str
    transaction_id: str
    amount: int
    fee: int
    at: datetime
    refund_no: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFile:
    """A day's bill as it came: the hash of its text, and its lines."""

    day: date
    digest: str
    rows: tuple[BillRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeReply:
    """What a provider wants to hear after a notice."""

    status: int
    body: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was said to a provider and answered, with all that is personal or secret masked."""

    provider: str
    operation: str
    subject: str
    status: int
    said: str
    answered: str


class Forged(Exception):
    """A notice that is not from the provider, not for us, or not from now; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadBill(Exception):
    """A bill file that is not what the provider said it would be."""


Note = Callable[[Exchange], Awaitable[None]]


async def note_nothing(_: Exchange) -> None:
    """Keep no record."""


class PaymentProvider(Protocol):
    """One provider. What it did not answer raises Unavailable; what it declined, Refused.

    `fee_bp` is what it takes by contract, in ten-thousandths.
    """

    name: str
    note: Note
    fee_bp: int | None

    async def prepay(self, order: Order) -> dict[str, str]:
        """Tell the provider of an order; gives what the payer's phone needs to pay it."""

    async def query(self, trade_no: str) -> Trade:
        """Ask what became of a trade."""

    async def close(self, trade_no: str) -> None:
        """Let nobody pay a trade any more; one that is paid already stays so."""

    async def refund(self, order: RefundOrder) -> RefundTold:
        """Ask for a refund; asked again under the same number it is the same refund."""

    async def query_refund(self, *, refund_no: str, trade_no: str) -> RefundTold:
        """Ask what became of a refund."""

    async def bill(self, day: date) -> BillFile:
        """Fetch a day's bill, its hash checked; raises BadBill."""

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> Told:
        """Read a notice, its signature checked over the very bytes; raises Forged."""

    def reply(self, *, taken: bool) -> NoticeReply:
        """Say what the provider is to be answered."""


def read_yuan(text: str) -> int:
    """Read an amount in yuan as fen, without ever making a float; raises ValueError."""
    found = _YUAN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no amount in yuan")
    fen = int(found[2]) * 100 + int(f"{found[3] or '0':0<2}")
    return -fen if found[1] == "-" else fen


def write_yuan(amount: int) -> str:
    """Write fen in yuan with two digits: `4.00`."""
    assert amount >= 0
    return f"{amount // 100}.{amount % 100:02}"


def by_name(header: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """Read a line of a bill by its header; raises BadBill where they do not fit."""
    if len(header) != len(row):
        raise BadBill(f"a line has {len(row)} fields, its header {len(header)}")
    return dict(zip(header, row, strict=True))
