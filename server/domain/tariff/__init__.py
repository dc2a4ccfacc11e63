"""计费标准: what parking costs, as data, and quotes that explain themselves."""

from server.domain.tariff.model import CapPeriod, Line, Quote, Rate, Step, Tariff
from server.domain.tariff.rules import explain, quote, summary
from server.domain.tariff.service import load_tariffs, publish_tariffs

__all__ = [
    "CapPeriod",
    "Line",
    "Quote",
    "Rate",
    "Step",
    "Tariff",
    "explain",
    "load_tariffs",
    "publish_tariffs",
    "quote",
    "summary",
]
