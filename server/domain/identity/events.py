"""Facts about people."""

from dataclasses import dataclass

from server.kernel.events import Fact, fact


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class LoginEnded(Fact):
    """A login is over; its sockets are to close."""

    login_id: str
    account_id: str

    @property
    def key(self) -> str:
        """Keep the order of one account's facts."""
        return f"account:{self.account_id}"
