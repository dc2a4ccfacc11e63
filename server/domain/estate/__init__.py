"""车场、路段与泊位: what there is to park on, and where.

A *place* is a gated lot or a street section; it has berths. Others may read places and berths and
build their own state on them; only this context changes them.
"""

from server.domain.estate.events import PlaceTariffCancelled, PlaceTariffChanged
from server.domain.estate.model import (
    Berth,
    BerthKind,
    City,
    Division,
    LngLat,
    PastTariff,
    Place,
    PlaceKind,
    Point,
)
from server.domain.estate.queries import repriced_places
from server.domain.estate.rules import distance_m, geohash
from server.domain.estate.service import keep_tariff, lay_out, use_tariff

__all__ = [
    "Berth",
    "BerthKind",
    "City",
    "Division",
    "LngLat",
    "PastTariff",
    "Place",
    "PlaceKind",
    "PlaceTariffCancelled",
    "PlaceTariffChanged",
    "Point",
    "distance_m",
    "geohash",
    "keep_tariff",
    "lay_out",
    "repriced_places",
    "use_tariff",
]
