"""Decisions about money without I/O: checking a tariff, pricing a stay, saying why."""

from server.domain.tariff.rules.charging import may_buy
from server.domain.tariff.rules.pricing import Pricing
from server.domain.tariff.rules.quoting import quote
from server.domain.tariff.rules.wording import explain, summary

__all__ = ["Pricing", "explain", "may_buy", "quote", "summary"]
