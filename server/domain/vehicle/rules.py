"""The grammar of plates (GA 36-2018), and how much of one may be shown. Pure."""

import re
import unicodedata

from server.domain.vehicle.model import Plate, PlateColor
from server.kernel.errors import Invalid

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_BODY = "[A-HJ-NP-Z0-9]"
_P = f"[{_PROVINCES}]"
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        f"{_P}[A-HJ-NP-Z]{_BODY}{{4}}[A-HJ-NP-Z0-9挂学警港澳]",
        f"{_P}[A-HJ-NP-Z][A-HJK]{_BODY}[0-9]{{4}}",  # small new energy
        f"{_P}[A-HJ-NP-Z][0-9]{{5}}[A-HJK]",  # large new energy
        "使[0-9]{6}",
        "[0-9]{6}使",
        f"{_P}[A-Z][0-9]{{4}}领",
        f"WJ{_P}?[0-9]{{4}}[0-9A-Z]",
        "[VKHBSLJNGCEZ][A-Z][0-9]{5}",
        f"{_P}[XS][0-9]{{4}}应急",
        f"民航{_BODY}{{5}}",
    )
)


def begins_plates(prefix: str) -> bool:
    """Say whether the plates of a city may begin so: a province and a letter."""
    return re.fullmatch(f"{_P}[A-HJ-NP-Z]", prefix) is not None


def read_plate(number: str, color: str) -> Plate:
    """Read a plate as typed or seen; refuses what GA 36 does not know.

    Full-width letters, spaces, dots and small letters are brought to one form first.
    """
    plain = unicodedata.normalize("NFKC", number).upper()
    plain = re.sub(r"[\s·•.\-]", "", plain)
    if not any(shape.fullmatch(plain) for shape in _SHAPES):
        raise Invalid("plate_invalid", "车牌号不正确", number=["车牌号不正确"])
    if color not in set(PlateColor):
        raise Invalid("plate_color_invalid", "车牌颜色不正确", color=["车牌颜色不正确"])
    return Plate(plain, PlateColor(color))


def mask_plate(number: str) -> str:
    """Show where a plate is from and how it ends: `粤B·**345`."""
    return f"{number[:2]}·{'*' * (len(number) - 5)}{number[-3:]}"
