"""What the Redis broker calls its keys and channels: those of one of our channels share a slot."""


class RedisNames:
    """Names that begin with `prefix`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._channel = f"{prefix}.channel.{{:"
        self.control = f"{prefix}.control"

    def channel(self, channel: str) -> str:
        """Name the Redis channel of one of ours."""
        return f"{self._channel}{channel}}}"

    def channel_of(self, name: str) -> str:
        """Give our channel of a Redis channel."""
        return name[len(self._channel) : -1]

    def stream(self, channel: str) -> tuple[str, str]:
        """Name a channel's stream, and the hash that tells where it stands."""
        place = _in_braces(channel)
        return f"{self._prefix}.stream.{place}", f"{self._prefix}.epoch.{place}"

    def once(self, channel: str, key: str) -> str:
        """Name where it is noted that something was published under a key."""
        return f"{self._prefix}.once.{_in_braces(channel)}.{key}"

    def presence(self, channel: str) -> tuple[str, str]:
        """Name who is on a channel, and until when."""
        place = _in_braces(channel)
        return f"{self._prefix}.present.{place}", f"{self._prefix}.until.{place}"


def _in_braces(channel: str) -> str:
    """Give the part of a key that alone decides its slot."""
    # The colon: braces with nothing inside decide nothing.
    return f"{{:{channel}}}"
