"""Topics are read strictly: what a device id or kind may not be never reaches a codec."""

import pytest

from devices.topics import ack_topic, is_device_id, parse_up, up_topic


def test_what_is_written_is_read_again():
    assert parse_up(up_topic("geo-0001_A", "geomag")) == ("geo-0001_A", "geomag")
    assert ack_topic("geo-0001_A") == "devices/geo-0001_A/ack"


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "devices/a/up",
        "devices/a/up/",
        "devices//up/reading",
        "devices/a/down/reading",
        "devices/a/up/reading/more",
        "devices/a b/up/reading",
        "devices/泊位/up/reading",
        "devices/a\n/up/reading",
        "devices/a/up/Reading",
        f"devices/{'a' * 65}/up/reading",
    ],
)
def test_a_topic_outside_the_contract_is_not_read(topic):
    assert parse_up(topic) is None


@pytest.mark.parametrize("text", ["", "a/b", "+", "#", "a" * 65, "a\n", "ａ"])
def test_a_text_that_could_leave_its_place_in_a_topic_is_no_device_id(text):
    assert not is_device_id(text)
