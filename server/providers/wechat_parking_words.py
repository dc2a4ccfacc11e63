"""Reads what WeChat says of parking entries and debits. Pure; whoever calls has checked the seal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from server.providers.payment import (
    BlockReason,
    EntryStanding,
    EntryTold,
    Forged,
    Trade,
    TradeState,
)
from server.providers.wechat_keys import Merchant

ENTRY_CHANGED = "VEHICLE.ENTRANCE_STATE_CHANGE"
# A payer that WeChat has lent the money to pays it back later: to us it was paid all the while.
DEBIT_EVENTS = frozenset({"TRANSACTION.SUCCESS", "TRANSACTION.FAIL", "TRANSACTION.PAY_BACK"})
SCENE = "PARKING"
STANDINGS = {"NORMAL": EntryStanding.NORMAL, "BLOCKED": EntryStanding.BLOCKED}
REASONS = {
    "PAUSE": BlockReason.PAUSED,
    "OVERDUE": BlockReason.OVERDUE,
    "REMOVE": BlockReason.REMOVED,
    "OUT_SERVICE": BlockReason.OUT_OF_SERVICE,
    "EVALUATION_FAILED": BlockReason.NOT_ELIGIBLE,
}
STATES = {
    "SUCCESS": TradeState.PAID,
    "REFUND": TradeState.PAID,
    "ACCEPTED": TradeState.UNPAID,
    "PAY_FAIL": TradeState.CLOSED,
}


def is_debit(event: str, said: Mapping[str, Any]) -> bool:
    """Say whether a notice is about a debit."""
    return event in DEBIT_EVENTS and said.get("trade_scene") == SCENE


def debit_told(said: Mapping[str, Any], merchant: Merchant) -> Trade:
    """Read a debit; raises Forged where it is not ours, KeyError and the like where it is none."""
    _require_ours(said, merchant)
    if said.get("appid") != merchant.app_id:
        raise Forged("appid")
    number = str(said["out_trade_no"])
    state = STATES.get(str(said["trade_state"]), TradeState.UNKNOWN)
    if state is not TradeState.PAID:
        return Trade(trade_no=number, state=state)
    amount = said["amount"]
    if amount.get("currency", "CNY") != "CNY" or type(amount["total"]) is not int:
        raise Forged("currency")
    return Trade(
        trade_no=number,
        state=state,
        transaction_id=str(said["transaction_id"]),
        amount=amount["total"],
        paid_at=datetime.fromisoformat(said["success_time"]).astimezone(UTC),
    )


def entry_answered(said: Mapping[str, Any]) -> EntryTold:
    """Read the answer to an entry."""
    return EntryTold(
        entry_no=str(said["out_parking_no"]),
        parking_id=str(said["id"]),
        standing=STANDINGS[str(said["state"])],
        reason=_reason(said.get("block_reason")),
    )


def entry_noticed(said: Mapping[str, Any], merchant: Merchant) -> EntryTold:
    """Read a notice of an entry, which names things otherwise than the answer."""
    _require_ours(said, merchant)
    return EntryTold(
        entry_no=str(said["out_parking_no"]),
        parking_id=str(said["parking_id"]),
        standing=STANDINGS[str(said["parking_state"])],
        reason=_reason(said.get("blocked_state_description")),
        at=datetime.fromisoformat(said["state_update_time"]).astimezone(UTC),
    )


def _reason(text: str | None) -> BlockReason | None:
    return REASONS.get(text, BlockReason.OTHER) if text else None


def _require_ours(said: Mapping[str, Any], merchant: Merchant) -> None:
    # The service names whoever asks `sp_mchid`, a provider for others or not.
    if merchant.merchant_id != (said.get("sp_mchid") or said.get("mchid")):
        raise Forged("mchid")
