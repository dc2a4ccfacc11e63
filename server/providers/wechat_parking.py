"""Debits parking through WeChat's Pay Score parking, API v3: services, entries, debits (无感支付)."""

from datetime import datetime
from secrets import token_hex
from typing import Any
from urllib.parse import quote, urlencode

from server.kernel.errors import Refused, Unavailable
from server.providers.parking import DebitOrder, EntryOrder, Parked, ProviderPage, ServiceState
from server.providers.payment import EntryTold, Forged, Trade, TradeState
from server.providers.wechat import WeChatPay
from server.providers.wechat_bill import BEIJING
from server.providers.wechat_parking_words import SCENE, debit_told, entry_answered

COLORS = {
    "blue": "BLUE",
    "green": "GREEN",
    "yellow": "YELLOW",
    "yellow_green": "LIMEGREEN",
    "black": "BLACK",
    "white": "WHITE",
}
SERVICES = {
    "NORMAL": ServiceState.NORMAL,
    "PAUSE": ServiceState.PAUSED,
    "OUT_SERVICE": ServiceState.OUT_OF_SERVICE,
}
# WeChat's own mini-programs, the same for every merchant.
SERVICE_APP, SERVICE_PATH = "wxbcad394b3d99dac9", "/pages/auth-creditpay/auth-creditpay"
REPAY_APP, REPAY_PATH = "wx5e73c65404eee268", "pages/invest_list/invest_list"
# 128 letters: what WeChat takes of a place's name and of a description.
NAME_LETTERS = 128
NOT_THERE = frozenset({"wechat_order_not_exist", "wechat_resource_not_exists", "wechat_not_found"})


class WeChatParking:
    """A ParkingProvider on WeChat's Pay Score parking; it signs, checks and notes as WeChatPay does."""

    name = "wechat"

    def __init__(self, pay: WeChatPay) -> None:
        self._pay = pay

    async def find_service(
        self, *, number: str, color: str, payer: str, web: bool = False
    ) -> ServiceState:
        """Ask for a plate's service; see ParkingProvider."""
        merchant = self._pay.merchant
        asked = {
            "appid": merchant.web_app_id if web else merchant.app_id,
            "plate_number": number,
            "plate_color": COLORS[color],
            "openid": payer,
        }
        path = f"/v3/vehicle/parking/services/find?{urlencode(asked)}"
        answer = await self._pay.call("GET", path, None, number)
        return SERVICES.get(str(answer.get("service_state")), ServiceState.OUT_OF_SERVICE)

    def service_page(self, *, number: str, color: str, payer: str) -> ProviderPage:
        """Name the page of the mini-program of Pay Score parking; see ParkingProvider."""
        told = {
            "mchid": self._pay.merchant.merchant_id,
            "openid": payer,
            "plate_number": number,
            "plate_color": COLORS[color],
            "trade_scene": SCENE,
        }
        return ProviderPage(app_id=SERVICE_APP, path=SERVICE_PATH, told=told)

    def repay_page(self, *, payer: str) -> ProviderPage:
        """Name the page of the mini-program of advances; see ParkingProvider."""
        told = {
            "mchid": self._pay.merchant.merchant_id,
            "openid": payer,
            "nonce_str": token_hex(16),
        }
        return ProviderPage(app_id=REPAY_APP, path=REPAY_PATH, told=told)

    async def enter(self, order: EntryOrder) -> EntryTold:
        """Tell of a car that has come; see ParkingProvider."""
        body = {
            "out_parking_no": order.entry_no,
            "notify_url": order.notify_url,
            "free_duration": order.free_s,
            **_parked(order.parked),
        }
        answer = await self._pay.call("POST", "/v3/vehicle/parking/parkings", body, order.entry_no)
        try:
            told = entry_answered(answer)
        except (KeyError, ValueError) as error:
            raise _unreadable() from error
        if told.entry_no != order.entry_no:
            raise _unreadable()
        return told

    async def debit(self, order: DebitOrder) -> Trade:
        """Ask for a debit; see ParkingProvider."""
        lasted = order.left_at - order.parked.arrived_at
        body = {
            "appid": self._pay.merchant.app_id,
            "description": order.description[:NAME_LETTERS],
            "out_trade_no": order.trade_no,
            "trade_scene": SCENE,
            "notify_url": order.notify_url,
            "amount": {"total": order.amount, "currency": "CNY"},
            "parking_info": {
                "parking_id": order.parking_id,
                "end_time": _write(order.left_at),
                "charging_duration": int(lasted.total_seconds()),
                "device_id": order.device_id,
                **_parked(order.parked),
            },
        }
        path = "/v3/vehicle/transactions/parking"
        return self._read(await self._pay.call("POST", path, body, order.trade_no))

    async def query_debit(self, trade_no: str) -> Trade:
        """Ask what became of a debit; see ParkingProvider."""
        path = f"/v3/vehicle/transactions/out-trade-no/{quote(trade_no)}"
        try:
            return self._read(await self._pay.call("GET", path, None, trade_no))
        except Refused as refusal:
            if refusal.code in NOT_THERE:
                return Trade(trade_no=trade_no, state=TradeState.UNKNOWN)
            raise

    def _read(self, answer: dict[str, Any]) -> Trade:
        try:
            return debit_told(answer, self._pay.merchant)
        except (Forged, KeyError, ValueError, TypeError) as error:
            raise _unreadable() from error


def _parked(parked: Parked) -> dict[str, Any]:
    return {
        "plate_number": parked.plate_number,
        "plate_color": COLORS[parked.plate_color],
        "start_time": _write(parked.arrived_at),
        "parking_name": parked.place_name[:NAME_LETTERS],
    }


def _write(at: datetime) -> str:
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def _unreadable() -> Unavailable:
    return Unavailable("wechat_unavailable", "微信支付应答无法识别")
