"""What comes after a stay that was paid before its car left. Pure."""

from datetime import datetime

from server.domain.stay.model import Stay, StayLinks, StayState
from server.domain.tariff import Line, Quote
from server.kernel.nouns import replace


def beyond(paid: Quote | None, whole: Quote | None) -> Quote | None:
    """Price what goes beyond a paid part: no new free time, no new first step."""
    if paid is None or whole is None:
        return None
    return Quote(
        max(0, whole.amount - paid.amount),
        (*whole.lines, Line("已缴停车费", max(-paid.amount, -whole.amount))),
    )


def follow_on(parent: Stay, *, id: str, left_at: datetime, quote: Quote | None) -> Stay:
    """Make the child of a paid stay: the same car on the same berth, from where it was paid to."""
    assert parent.left_at is not None
    child = replace(
        parent,
        id=id,
        v=0,
        state=StayState.CLOSED,
        open=False,
        arrived_at=parent.left_at,
        left_at=left_at,
        revision=0,
        flags=(),
        remembered=False,
        paid_until=None,
        links=StayLinks(parent_id=parent.id),
    )
    return child.price(quote)
