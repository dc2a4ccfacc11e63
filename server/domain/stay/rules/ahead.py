"""What a running stay will cost, and from when. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.tariff import Quote
from server.kernel.money import Fen

# A day: a screen that is left open longer asks again anyhow.
FORESEEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a stay costs now; from `changes_at` on it costs `next_amount`, if that is foreseen."""

    at: datetime
    quote: Quote
    changes_at: datetime | None = None
    next_amount: Fen | None = None


def foresee(price: Callable[[datetime], Quote], *, at: datetime) -> Forecast:
    """Find the first second at which it costs more: a longer stay never costs less."""
    quote = price(at)
    low, high = at, at + FORESEEN
    if price(high).amount == quote.amount:
        return Forecast(at, quote)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if price(middle).amount == quote.amount:
            low = middle
        else:
            high = middle
    return Forecast(at, quote, changes_at=high, next_amount=price(high).amount)
