"""A server of notices that kills itself with SIGKILL at a point of its first payment; for a test.

It reads one JSON line: where the store is, the provider's public key, and where to die. It prints the
port that it listens on.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

import server.main  # noqa: F401 - declares every table
from handlers.hooks.payments import PaymentNotice
from server.domain.payment import Payment
from server.kernel.access import Actor
from server.kernel.work import Work
from server.paying import Desk
from server.providers.wechat import WeChatPay
from server.store.mongo import Store, connect
from tests.providers import test_wechat as wechat


class DyingStore(Store):
    """Dies before a payment is written, after it is written and not committed, or after its commit."""

    die = ""

    async def run(
        self, actor: Actor, use_case: Callable[[Work], Awaitable[Any]], **how: Any
    ) -> Any:
        result = await super().run(actor, use_case, **how)
        if isinstance(result, Payment) and self.die == "after the commit":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    async def _commit(self, work: Work, *args: Any, **how: Any) -> None:
        payment = any(table.name == "payments" for table, _ in work.changes())
        if payment and self.die == "before it is written":
            os.kill(os.getpid(), signal.SIGKILL)
        await super()._commit(work, *args, **how)
        if payment and self.die == "before the commit":
            os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    """Serve until killed, or until the parent closes the pipe."""
    told = json.loads(sys.stdin.readline())
    async with connect(told["mongo_url"]) as client:
        store = DyingStore(client[told["database"]])
        store.die = told["die"]
        keys = {wechat.SERIAL: load_pem_public_key(told["key"].encode())}
        provider = WeChatPay(url="http://127.0.0.1:9", merchant=wechat.MERCHANT, keys=keys)
        app = SimpleNamespace(desk=Desk(store, [provider], public_url="http://city"))
        hook = Application([(r"/hooks/(?P<provider>[a-z]+)", PaymentNotice, {"app": app})])
        socket, port = bind_unused_port()
        HTTPServer(hook).add_socket(socket)
        print(port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
