"""Makes a hub's parts of the settings of a hub alone: the channel book, keys, limits."""

from collections.abc import Callable

from realtime.limits import Limits
from realtime.namespaces import (
    Access,
    Actor,
    Allow,
    InvalidChannel,
    Namespace,
    UnknownChannel,
)
from realtime.settings import ChannelOptions, Settings
from realtime.tokens import Keys, read_rsa_key


class ConfiguredBook:
    """A channel book as Centrifugo's options describe it.

    `name:rest` belongs to the namespace `name`; a channel that begins with the private prefix can
    only be subscribed with a token, whatever its namespace says; `name:rest#1,2` is for the users
    1 and 2, where the namespace allows such channels.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._plain = _namespace("", settings.plain, settings)
        self._namespaces = {
            name: _namespace(name, options, settings)
            for name, options in settings.namespaces.items()
        }

    def namespace_of(self, channel: str) -> Namespace:
        """Give the namespace of a channel; raises UnknownChannel, or InvalidChannel."""
        settings = self._settings
        public = channel.removeprefix(settings.private_prefix)
        name, found, rest = public.partition(settings.boundary)
        if not found:
            name, rest = "", public
        namespace = self._namespaces.get(name) if found else self._plain
        if namespace is None:
            raise UnknownChannel(channel)
        options = settings.namespaces[name] if found else settings.plain
        if options.channel_regex is None:
            valid = channel.isascii()
        else:
            valid = options.channel_regex.search(rest) is not None
        if not valid:
            raise InvalidChannel(channel)
        return namespace


def keys_of(settings: Settings) -> tuple[Keys, Keys]:
    """Give what connection tokens and what subscription tokens are verified by."""
    keys = _keys(settings.hmac_key, settings.rsa_key, settings.audience, settings.issuer)
    if not settings.own_subscription_keys:
        return keys, keys
    return keys, _keys(
        settings.sub_hmac_key, settings.sub_rsa_key, settings.sub_audience, settings.sub_issuer
    )


def limits_of(settings: Settings) -> Limits:
    """Give the bounds of a connection."""
    return Limits(
        ping_s=settings.ping_s,
        pong_s=settings.pong_s,
        unauthenticated_s=settings.stale_s,
        expiry_grace_s=settings.expired_s,
        subscription_grace_s=settings.sub_expired_s,
        frame_bytes=settings.message_size,
        deflate=settings.deflate,
        channels=settings.channel_limit,
        channel_length=settings.channel_length,
        connections=settings.connection_limit,
        user_connections=settings.user_connection_limit,
        backlog_bytes=settings.queue_max_size,
        recovery_publications=settings.recovery_limit,
        history_publications=settings.history_limit,
        position_check_s=settings.position_check_s,
    )


def personal_channel_of(settings: Settings) -> Callable[[Actor], str]:
    """Give the function that names the channel which comes with a user's connections."""
    above = settings.personal_namespace
    prefix = (above + settings.boundary if above else "") + settings.user_boundary

    def personal(actor: Actor) -> str:
        return prefix + actor.user if settings.personal and actor.user else ""

    return personal


def _keys(hmac: str, rsa: str, audience: str, issuer: str) -> Keys:
    return Keys(hmac, read_rsa_key(rsa) if rsa else None, audience, issuer)


def _namespace(name: str, options: ChannelOptions, settings: Settings) -> Namespace:
    def allow(what: str) -> Allow:
        if settings.insecure:
            return Allow(client=True, anonymous=True)
        return Allow(
            client=getattr(options, f"allow_{what}_for_client"),
            subscriber=getattr(options, f"allow_{what}_for_subscriber"),
            anonymous=getattr(options, f"allow_{what}_for_anonymous"),
        )

    kept = options.history_size > 0
    return Namespace(
        name,
        access=_access(options, settings),
        history_size=options.history_size,
        # The brokers count whole seconds.
        history_ttl_s=max(1, round(options.history_ttl)) if kept else 0,
        recoverable=options.force_recovery,
        positioned=options.force_positioning,
        recovery_mode="cache" if options.force_recovery_mode == "cache" else "stream",
        may_recover=options.allow_recovery,
        may_position=options.allow_positioning,
        presence=options.presence,
        join_leave=options.join_leave,
        push_join_leave=options.force_push_join_leave,
        publish=allow("publish"),
        show_presence=allow("presence"),
        show_history=allow("history"),
    )


def _access(options: ChannelOptions, settings: Settings) -> Access:
    clients = Allow(
        client=options.allow_subscribe_for_client, anonymous=options.allow_subscribe_for_anonymous
    )

    def may_subscribe(actor: Actor, channel: str) -> bool:
        if settings.private_prefix and channel.startswith(settings.private_prefix):
            return False
        limited = options.allow_user_limited_channels and settings.user_boundary in channel
        if limited and settings.user_boundary:
            users = channel.rpartition(settings.user_boundary)[2]
            named = users.split(settings.user_separator) if settings.user_separator else [users]
            return settings.insecure or bool(actor.user and actor.user in named)
        return settings.insecure or clients.covers(actor, subscribed=False)

    return may_subscribe
