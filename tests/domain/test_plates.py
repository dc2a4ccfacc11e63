"""The grammar of plates, and how much of one is shown."""

import pytest

from server.domain.vehicle import Plate, PlateColor, mask_plate, read_plate
from server.kernel.errors import Invalid


@pytest.mark.parametrize(
    "number",
    [
        "粤B12345",
        "京A8888学",
        "粤Z1234港",
        "粤BD12345",
        "粤B12345D",
        "使123456",
        "沪A1234领",
        "WJ粤12345",
        "粤B1234警",
        "民航12345",
    ],
)
def test_plates_of_the_standard_are_read(number: str) -> None:
    assert read_plate(number, "blue") == Plate(number, PlateColor.BLUE)


@pytest.mark.parametrize(
    "number",
    ["", "粤B", "粤B1234", "粤BI2345", "粤BO2345", "B12345", "粤B123456", "ABCDEFG", "粤B12_45"],
)
def test_what_is_no_plate_is_refused(number: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_plate(number, "blue")

    assert refused.value.code == "plate_invalid"


def test_full_width_letters_spaces_and_dots_are_brought_to_one_form() -> None:
    assert read_plate(" 粤ｂ·１２３４５ ", "blue").number == "粤B12345"


def test_a_color_that_no_plate_has_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        read_plate("粤B12345", "pink")

    assert refused.value.code == "plate_color_invalid"


def test_the_same_letters_on_another_color_are_another_plate() -> None:
    assert read_plate("粤B12345", "blue") != read_plate("粤B12345", "yellow")


@pytest.mark.parametrize(
    ("number", "shown"), [("粤B12345", "粤B·**345"), ("粤BD12345", "粤B·***345")]
)
def test_a_masked_plate_shows_where_it_is_from_and_how_it_ends(number: str, shown: str) -> None:
    assert mask_plate(number) == shown
