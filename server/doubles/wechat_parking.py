"""The addresses of the WeChat double's parking: services, entries, debits; and how it decides."""

import json
from typing import TYPE_CHECKING, Any

from tornado.web import RequestHandler

from server.doubles.counter import CounterHandler
from server.doubles.parkings import Parking
from server.doubles.trades import DEBIT_FAULTS, NotAccepted, Trade, lasting
from server.doubles.wechat_api import SignedHandler

if TYPE_CHECKING:
    from server.doubles.wechat import WeChatDouble

SCENE = "parking"
STATES = {"unpaid": "ACCEPTED", "paid": "SUCCESS", "closed": "PAY_FAIL"}
# 30 days: a debit does not run out as an order does.
LASTS_MIN = 30 * 24 * 60
# 30 plates: what a person looks through; the others are found by their number.
SHOWN = 30
ENTRY_CHANGED = "VEHICLE.ENTRANCE_STATE_CHANGE"


class FindService(SignedHandler):
    """GET /v3/vehicle/parking/services/find: whether a plate's driver has opened the service."""

    async def get(self) -> None:
        ask, double = self.get_query_argument, self.double
        apps = {double.app_id, double.web_app_id} - {""}
        if ask("appid") not in apps or not ask("openid"):
            raise NotAccepted(400, "PARAM_ERROR", "参数错误")
        state = double.parkings.service(ask("plate_number"), ask("plate_color"))
        shown = {
            "plate_number": ask("plate_number"),
            "plate_color": ask("plate_color"),
            "openid": ask("openid"),
            # Who owes still has it open.
            "service_state": "NORMAL" if state == "OVERDUE" else state,
        }
        await self.say(shown)


class Enter(SignedHandler):
    """POST /v3/vehicle/parking/parkings: a car has come."""

    async def post(self) -> None:
        parking = self.double.parkings.enter(self.asked())
        shown: dict[str, Any] = {
            "id": parking.id,
            "out_parking_no": parking.out_parking_no,
            **_parked(parking),
            "state": parking.state,
        }
        if parking.block_reason:
            shown["block_reason"] = parking.block_reason
        await self.say(shown)


class PlaceDebit(SignedHandler):
    """POST /v3/vehicle/transactions/parking: a car has gone, and is to be debited."""

    async def post(self) -> None:
        asked, double = self.asked(), self.double
        known = double.book.trades.get(asked["out_trade_no"])
        trade = known or self._accept(asked)
        if known and (known.scene, known.amount) != (SCENE, asked["amount"]["total"]):
            raise NotAccepted(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        # Accepted is not paid: the true result comes by notice, or by asking.
        shown = show_debit(double, trade)
        if not known:
            decide(double, trade)
        await self.say(shown)

    def _accept(self, asked: dict[str, Any]) -> Trade:
        double, total = self.double, asked["amount"]["total"]
        if asked["appid"] != double.app_id or asked["trade_scene"] != "PARKING":
            raise NotAccepted(400, "PARAM_ERROR", "参数错误")
        if type(total) is not int or total < 1:
            raise NotAccepted(400, "PARAM_ERROR", "金额须为正整数，单位为分")
        parking = double.parkings.to_debit(asked["parking_info"])
        trade = double.book.order(
            trade_no=asked["out_trade_no"],
            amount=total,
            description=asked["description"],
            notify_url=asked["notify_url"],
            return_url="",
            scene=SCENE,
            expires_at=lasting(double.now(), LASTS_MIN),
        )
        parking.trade_no = trade.trade_no
        double.parkings.keep()
        return trade


class QueryDebit(SignedHandler):
    """GET /v3/vehicle/transactions/out-trade-no/{no}: what became of a debit."""

    async def get(self, trade_no: str) -> None:
        trade = self.double.book.find(trade_no)
        if trade.scene != SCENE:
            raise NotAccepted(404, "ORDER_NOT_EXIST", "订单不存在")
        await self.say(show_debit(self.double, trade))
        if trade.state == "unpaid":  # whoever asks again finds it done
            self.double.book.pay(trade)


class Services(CounterHandler):
    """GET and POST /services: which plates have the service; opened, paused or removed by hand."""

    double: "WeChatDouble"

    async def get(self) -> None:
        """List the plates that were told of last, or whose number has `number` in it."""
        sought = self.get_query_argument("number", "").strip().upper()
        double = self.double
        self.set_header("Cache-Control", "no-store")
        plates = double.parkings.plates(sought, limit=SHOWN)
        shown = [show_plate(double, number, color, parking) for number, color, parking in plates]
        await self.finish({"plates": shown})

    async def post(self) -> None:
        try:
            asked = json.loads(self.request.body)
            names = ("plate_number", "plate_color", "state")
            changed = self.double.parkings.set_service(*(str(asked[name]) for name in names))
        except (ValueError, TypeError, KeyError):
            raise NotAccepted(400, "PARAM_ERROR", "参数错误") from None
        for parking in changed:
            tell_standing(self.double, parking)
        await self.finish({"changed": len(changed)})


def show_plate(
    double: "WeChatDouble", number: str, color: str, parking: Parking | None
) -> dict[str, Any]:
    """Show a plate on the control page: its service, where it stood last, and what became of that."""
    shown: dict[str, Any] = {
        "plate_number": number,
        "plate_color": color,
        "state": double.parkings.service(number, color),
        "parking": None,
    }
    if parking is not None:
        trade = double.book.trades.get(parking.trade_no)
        shown["parking"] = {
            "name": parking.parking_name,
            "start_time": parking.start_time,
            "valid": parking.valid,
            "state": parking.state,
            "block_reason": parking.block_reason,
            "debit": trade and {"state": trade.state, "amount": trade.amount},
        }
    return shown


def decide(double: "WeChatDouble", trade: Trade) -> None:
    """Debit, and tell what came of it."""
    fault = double.faults.take(*DEBIT_FAULTS)
    if fault and fault.kind == "debit_waits":
        return
    if fault and fault.kind == "debit_fails":
        double.book.close(trade)
        double.notify(trade.notify_url, "TRANSACTION.FAIL", lambda: show_debit(double, trade))
        return
    double.book.pay(trade)
    lent = fault is not None
    said = {"bank_type": "BPA", "user_repaid": "N"} if lent else {}
    url, shown = trade.notify_url, show_debit(double, trade)
    double.notify(url, "TRANSACTION.SUCCESS", lambda: shown | said)
    if lent:
        repaid = shown | said | {"user_repaid": "Y"}
        double.notify(url, "TRANSACTION.PAY_BACK", lambda: repaid)


def tell_standing(double: "WeChatDouble", parking: Parking) -> None:
    """Tell the merchant that a car may be debited now, or not."""
    reason = "REMOVE" if parking.block_reason == "OUT_SERVICE" else parking.block_reason
    shown: dict[str, Any] = {
        "sp_mchid": double.merchant_id,
        "parking_id": parking.id,
        "out_parking_no": parking.out_parking_no,
        **_parked(parking),
        "parking_state": parking.state,
        "state_update_time": double.now().isoformat(timespec="milliseconds"),
    }
    if reason:
        shown["blocked_state_description"] = reason
    double.notify(parking.notify_url, ENTRY_CHANGED, lambda: shown)


def show_debit(double: "WeChatDouble", trade: Trade) -> dict[str, Any]:
    """Show a debit as the API and its notices do."""
    parking = next(
        one for one in double.parkings.parkings.values() if one.trade_no == trade.trade_no
    )
    shown: dict[str, Any] = {
        "appid": double.app_id,
        "sp_mchid": double.merchant_id,
        "description": trade.description,
        "create_time": trade.created_at,
        "out_trade_no": trade.trade_no,
        "trade_state": "REFUND" if trade.refunds else STATES[trade.state],
        "trade_scene": "PARKING",
        "parking_info": {"parking_id": parking.id, **_parked(parking)},
        "amount": {"total": trade.amount, "currency": "CNY"},
    }
    if trade.state == "paid":
        shown |= {
            "transaction_id": trade.transaction_id,
            "success_time": trade.paid_at,
            "payer": {"openid": trade.payer},
        }
        shown["amount"]["payer_total"] = trade.amount
    return shown


def _parked(parking: Parking) -> dict[str, Any]:
    return {
        "plate_number": parking.plate_number,
        "plate_color": parking.plate_color,
        "start_time": parking.start_time,
        "parking_name": parking.parking_name,
        "free_duration": parking.free_duration,
    }


def parking_routes(
    double: "WeChatDouble",
) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """List the addresses of parking."""
    own = {"double": double}
    return [
        (r"/v3/vehicle/parking/services/find", FindService, own),
        (r"/v3/vehicle/parking/parkings", Enter, own),
        (r"/v3/vehicle/transactions/parking", PlaceDebit, own),
        (r"/v3/vehicle/transactions/out-trade-no/([\w|*@-]+)", QueryDebit, own),
        (r"/services", Services, own),
    ]
