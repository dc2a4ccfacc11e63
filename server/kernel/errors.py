"""Refusals: what a caller may be told, each with a stable code."""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal with a stable `code`, a message for people, and fields for programs.

    `status` is the HTTP status that an edge answers with; the message is Chinese, as the people
    who read it are.
    """

    status: ClassVar[int] = 409

    def __init__(self, code: str, message: str, /, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Refused(DomainError):
    """The state of things does not allow it."""


class NotFound(DomainError):
    """There is no such thing, or not within the caller's sight."""

    status = 404


class Invalid(DomainError):
    """The request itself is wrong; `fields` says where."""

    status = 422


class Unauthenticated(DomainError):
    """Nobody is logged in, or no longer."""

    status = 401


class Forbidden(DomainError):
    """Somebody is logged in who may not do this."""

    status = 403


class TooMany(DomainError):
    """Asked too often; `fields["retry_after_s"]` says when to come back."""

    status = 429


class Unavailable(DomainError):
    """A store that is needed is away for now: nothing was done, ask again."""

    status = 503


class Conflict(Exception):
    """Somebody else changed a row that this unit of work has read."""
