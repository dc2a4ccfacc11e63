"""Bounds how many websockets are opened a second, so that a storm does not starve who is here."""

from collections.abc import Callable


class Door:
    """A token bucket: `rate` a second, and no more than a second's worth at once."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = rate
        self._filled_at = 0.0

    def admit(self) -> bool:
        """Tell whether one more may come in now."""
        now = self._clock()
        self._tokens = min(self._rate, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
