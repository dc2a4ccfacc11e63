"""Who may publish and subscribe where, as a table."""

import pytest

from devices.permits import Act, accounts_of, device_may, fleet_may, gateway_may
from devices.topics import SHARED_UP_FILTER

OWN = "devices/d1"
OTHER = "devices/d2"
# What is asked, and who may: the device d1, the gateway, whoever speaks for a fleet.
TABLE = [
    ("publish", f"{OWN}/up/reading", True, True, True),
    ("publish", f"{OTHER}/up/reading", False, True, True),
    ("publish", f"{OWN}/up/reading/more", False, False, False),
    ("publish", f"{OWN}/up/+", False, False, False),
    ("publish", f"{OWN}/ack", False, True, False),
    ("publish", f"{OTHER}/ack", False, True, False),
    ("publish", f"{OWN}/down/reboot", False, True, False),
    ("publish", "$SYS/broker", False, False, False),
    ("subscribe", f"{OWN}/ack", True, False, False),
    ("subscribe", f"{OTHER}/ack", False, False, False),
    ("subscribe", f"{OWN}/down/#", True, False, False),
    ("subscribe", f"{OWN}/down/+", True, False, False),
    ("subscribe", f"{OTHER}/down/#", False, False, False),
    ("subscribe", f"{OWN}/up/reading", False, False, False),
    ("subscribe", f"{OWN}/#", False, False, False),
    ("subscribe", "devices/+/ack", False, False, True),
    ("subscribe", "devices/+/up/+", False, True, False),
    ("subscribe", SHARED_UP_FILTER, False, True, False),
    ("subscribe", f"$share/d1/{OWN}/ack", False, False, False),
    ("subscribe", "#", False, False, False),
    ("subscribe", "devices/#", False, False, False),
]


@pytest.mark.parametrize(("act", "topic", "device", "gateway", "fleet"), TABLE)
def test_each_may_what_the_contract_gives_him(
    act: str, topic: str, device: bool, gateway: bool, fleet: bool
) -> None:
    asked = Act(act)

    assert device_may("d1", asked, topic) is device
    assert gateway_may(asked, topic) is gateway
    assert fleet_may(asked, topic) is fleet


@pytest.mark.parametrize("name", ["", "+", "#", "d1/../d2", "d1/up", "devices/d1"])
def test_a_name_that_is_no_device_id_reaches_nothing(name: str) -> None:
    for topic in (f"devices/{name}/ack", f"devices/{name}/down/#"):
        assert not device_may(name, Act.SUBSCRIBE, topic)
    assert not device_may(name, Act.PUBLISH, f"devices/{name}/up/reading")


def test_accounts_come_out_of_the_urls_and_keep_their_passwords_to_themselves() -> None:
    accounts = accounts_of(
        mqtt_url="mqtt://ingest:p%40ss@broker", simulator_mqtt_url="mqtt://broker:1883"
    )

    assert {name: one.password for name, one in accounts.items()} == {"ingest": "p@ss"}
    assert accounts["ingest"].may is gateway_may
    assert "p@ss" not in repr(accounts)
