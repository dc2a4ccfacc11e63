"""Every address of the server, and the application that answers there."""

import re
from pathlib import Path
from typing import Any

from tornado.web import Application, RedirectHandler

from handlers.app import App
from handlers.base import Handler, Missing
from handlers.console import arrears as console_arrears
from handlers.console import autopay as console_autopay
from handlers.console import city as console_city
from handlers.console import logins as console_logins
from handlers.console import messages as console_messages
from handlers.console import money as console_money
from handlers.console import reconciliation, tariff_calendars, tariff_places, tariffs
from handlers.console import stays as console_stays
from handlers.hooks import mqtt as mqtt_hooks
from handlers.hooks.payments import PaymentNotice
from handlers.motorist import arrears as motorist_arrears
from handlers.motorist import autopay as motorist_autopay
from handlers.motorist import logins as motorist_logins
from handlers.motorist import money as motorist_money
from handlers.motorist import own
from handlers.motorist import places as motorist_places
from handlers.motorist import stays as motorist_stays
from handlers.motorist import wechat as motorist_wechat
from handlers.open import debts as open_debts
from handlers.open import places as open_places
from handlers.openapi import describe
from handlers.patrol import arrears as patrol_arrears
from handlers.patrol import logins as patrol_logins
from handlers.patrol import money as patrol_money
from handlers.patrol import sections
from handlers.patrol import stays as patrol_stays
from handlers.web.api_description import ApiDescription
from handlers.web.files import ClientFiles
from handlers.web.health import Health, Metrics, Time
from handlers.web.landing import Landing
from realtime.api_http import api_route
from realtime.socket import SocketHandler

_ROOMS = (
    motorist_logins,
    motorist_places,
    own,
    motorist_stays,
    motorist_money,
    motorist_arrears,
    motorist_autopay,
    motorist_wechat,
    patrol_logins,
    sections,
    patrol_stays,
    patrol_money,
    patrol_arrears,
    console_logins,
    console_city,
    console_stays,
    tariffs,
    tariff_places,
    tariff_calendars,
    console_money,
    reconciliation,
    console_arrears,
    console_messages,
    console_autopay,
    open_places,
    open_debts,
    mqtt_hooks,
)
CLIENTS = Path(__file__).parent.parent / "clients"
FOLDERS = {"console": "console/dist", "pos": "pos/dist", "m": "miniprogram/dist/build/h5"}


def api_handlers() -> list[type[Handler]]:
    """List every handler of the API."""
    found = [
        member
        for room in _ROOMS
        for member in vars(room).values()
        if isinstance(member, type) and issubclass(member, Handler) and "path" in vars(member)
    ]
    return [*found, Time]


def make_application(app: App) -> Application:
    """Put the server's addresses together."""
    handlers = api_handlers()
    routes: list[Any] = [(pattern_of(handler.path), handler, {"app": app}) for handler in handlers]
    routes += [
        (r"/connection/websocket", SocketHandler, {"hub": app.hub}),
        (r"/hooks/(?P<provider>[a-z]+)", PaymentNotice, {"app": app}),
        (r"/openapi\.json", ApiDescription, {"description": describe(handlers)}),
        (r"/healthz", Health, {"app": app}),
        (r"/metrics", Metrics),
        # What the code on a slip says, and a text message: as short as it can be.
        (
            r"/d/([^/]+)",
            RedirectHandler,
            {"url": "/m/#/pages/debt/debt?token={0}", "permanent": False},
        ),
        (r"/", Landing, {"app": app}),
        (r"/favicon\.ico", RedirectHandler, {"url": "/console/favicon.svg"}),
    ]
    if app.config.realtime_api_key:
        routes.append(api_route("/realtime/api", app.hub, app.config.realtime_api_key))
    for name, folder in FOLDERS.items():
        routes.append((rf"/{name}", RedirectHandler, {"url": f"/{name}/"}))
        routes.append((rf"/{name}/(.*)", ClientFiles, {"path": str(CLIENTS / folder)}))
    return Application(
        routes,
        compress_response=True,
        default_handler_class=Missing,
        default_handler_args={"app": app},
        websocket_max_message_size=65_536,
        log_function=lambda _handler: None,
    )


def pattern_of(path: str) -> str:
    """Turn a declared path into Tornado's pattern; a parameter is one part of the path."""
    parts = re.split(r"({\w+})", path)
    return "".join(
        f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in parts
    )
