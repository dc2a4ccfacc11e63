"""The doubles' cashier, where a person pays, and the page from which things are made to go wrong."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from tornado.web import RequestHandler

from server.doubles.trades import FAULT_KINDS, Book, Faults, NotAccepted, Trade

PAGES = Path(__file__).parent


class Provider(Protocol):
    """What a double's pages work with; `brand` names its look."""

    brand: str
    book: Book
    faults: Faults

    def paid(self, trade: Trade) -> None:
        """Tell the merchant."""


class CounterHandler(RequestHandler):
    """What all pages share."""

    def initialize(self, double: Provider) -> None:
        self.double = double

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer what is not accepted with its code."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, NotAccepted):
            self.set_status(error.status)
            self.finish({"code": error.code, "message": str(error)})
            return
        super().write_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Say nothing of what is not accepted."""
        if not isinstance(value, NotAccepted):
            super().log_exception(typ, value, tb)

    async def page(self, name: str) -> None:
        """Answer with a page."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        await self.finish((PAGES / name).read_bytes())


class Cashier(CounterHandler):
    """GET /cashier/{token}: the page where a person pays."""

    async def get(self, token: str) -> None:
        self.double.book.at_cashier(token)
        await self.page("cashier.html")


class CashierOrder(CounterHandler):
    """GET /cashier/{token}/order.json: what is to be paid; POST …/pay: it is paid."""

    async def get(self, token: str) -> None:
        trade = self.double.book.at_cashier(token)
        shown = {
            "brand": self.double.brand,
            "description": trade.description,
            "amount": trade.amount,
            "trade_no": trade.trade_no,
            "state": trade.state,
            "paid_at": trade.paid_at,
            "expires_at": trade.expires_at,
            "return_url": trade.return_url,
        }
        self.set_header("Cache-Control", "no-store")
        await self.finish(shown)


class CashierPay(CounterHandler):
    """POST /cashier/{token}/pay: the payer has confirmed."""

    async def post(self, token: str) -> None:
        trade = self.double.book.at_cashier(token)
        self.double.book.pay(trade)
        self.double.paid(trade)
        await self.finish({"state": trade.state})


class Control(CounterHandler):
    """GET /control: the page from which things are made to go wrong."""

    async def get(self) -> None:
        await self.page("control.html")


class FaultDesk(CounterHandler):
    """GET, POST and DELETE /faults: what waits to go wrong, one more, nothing any more."""

    async def get(self) -> None:
        trades = [asdict(trade) for trade in self.double.book.trades.values()][-50:]
        self.set_header("Cache-Control", "no-store")
        await self.finish(
            {
                "brand": self.double.brand,
                "kinds": FAULT_KINDS,
                "waiting": len(self.double.faults),
                "trades": trades[::-1],
            }
        )

    async def post(self) -> None:
        try:
            waiting = self.double.faults.add(json.loads(self.request.body))
        except (ValueError, TypeError, KeyError) as error:
            self.set_status(422)
            await self.finish({"error": str(error)})
            return
        await self.finish({"waiting": waiting})

    async def delete(self) -> None:
        self.double.faults.clear()
        self.set_status(204)


class Health(RequestHandler):
    """GET /healthz: the double is there."""

    async def get(self) -> None:
        await self.finish({"status": "ok"})


def counter_routes(double: Provider) -> list[Any]:
    """List the addresses of the cashier and the control page."""
    own = {"double": double}
    return [
        (r"/cashier/([\w-]+)", Cashier, own),
        (r"/cashier/([\w-]+)/order\.json", CashierOrder, own),
        (r"/cashier/([\w-]+)/pay", CashierPay, own),
        ("/control", Control, own),
        ("/faults", FaultDesk, own),
        ("/healthz", Health),
    ]
