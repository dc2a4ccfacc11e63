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


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class RightsChanged(Fact):
    """What an account may do or see is not what it was; its sockets are to be looked at again."""

    account_id: str

    @property
    def key(self) -> str:
        """Keep the order of one account's facts."""
        return f"account:{self.account_id}"
