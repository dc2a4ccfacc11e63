"""The MQTT broker's questions: who may connect, and who may publish and subscribe where."""

import hmac
from typing import Any

from devices.permits import Act, BrokerAccount, accounts_of, device_may
from handlers.base import Handler, Permit, action
from handlers.hooks.schema import WRITE, ConnectionAsked, Judged, TopicAsked
from handlers.shows import Shown
from server.domain.equipment import authenticate_device, is_in_service
from server.kernel.access import ANYONE, Actor, Audience

BROKER = Actor("broker", Audience.HOOKS)


class HookHandler(Handler):
    """Asked by the broker, which proves itself by a secret of its own; what goes wrong is a refusal."""

    audience = Audience.HOOKS

    async def _who(self) -> Actor:
        secret = self.app.config.mqtt_hook_secret
        given = self.request.headers.get("Authorization", "").removeprefix("Bearer ")
        known = bool(secret) and hmac.compare_digest(given.encode(), secret.encode())
        return BROKER if known else ANYONE

    def account(self, name: str | None) -> BrokerAccount | None:
        """Find the account of a client that is no device."""
        config = self.app.config
        accounts = accounts_of(
            mqtt_url=config.mqtt_url, simulator_mqtt_url=config.simulator_mqtt_url
        )
        return accounts.get(name or "")

    async def knows(self, name: str | None, password: str | None) -> bool:
        """Say whether a client is who it says it is."""
        account, given = self.account(name), password or ""
        if account is not None:
            return hmac.compare_digest(given.encode(), account.password.encode())
        return await self.run(authenticate_device, device_id=name or "", secret=given)

    async def lets(self, name: str | None, act: Act, topic: str) -> bool:
        """Say whether a client may publish or subscribe there, as long as it is in service."""
        account = self.account(name)
        if account is not None:
            return account.may(act, topic)
        allowed = bool(name) and device_may(name or "", act, topic)
        return allowed and await self.run(is_in_service, device_id=name or "")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Deny while the store is away, and whenever we fail: a broker may take an error for "ignore"."""
        if status_code < 500:
            super().write_error(status_code, **kwargs)
        else:
            self.answer(judged(False))


class Connection(HookHandler):
    """`/auth`."""

    path = "/hooks/mqtt/auth"

    @action("设备能否连接", permit=Permit.LOGGED_IN, body=ConnectionAsked, answer=Judged)
    async def post(self, username: str | None, password: str | None) -> Shown:
        """Judge a client's name and password."""
        return judged(await self.knows(username, password))


class Topic(HookHandler):
    """`/acl`."""

    path = "/hooks/mqtt/acl"

    @action("设备能否收发", permit=Permit.LOGGED_IN, body=TopicAsked, answer=Judged)
    async def post(
        self, username: str | None, topic: str, action: str | None, acc: int | None
    ) -> Shown:
        """Judge what a client wants to publish or subscribe to."""
        writes = action == Act.PUBLISH or acc == WRITE
        act = Act.PUBLISH if writes else Act.SUBSCRIBE
        return judged(await self.lets(username, act, topic))


def judged(allowed: bool) -> Shown:
    """Put a judgement so that each broker understands it; nobody is above the rules."""
    return {"result": "allow" if allowed else "deny", "ok": allowed, "is_superuser": False}
