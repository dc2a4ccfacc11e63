"""The MQTT client on a real broker: acknowledgement by hand, in order, and never too much in hand."""

import asyncio

import pytest

from devices.mqtt import Arrival, MqttClient
from devices.topics import UP_FILTER
from tests.devices.fakes import cut, said
from tests.eventually import eventually


async def test_an_old_message_id_is_never_acknowledged_on_a_new_connection(broker, devices):
    first: list[Arrival] = []
    client = MqttClient(broker.url, client_id="raw", filters=(UP_FILTER,), hear=first.append)
    task = asyncio.create_task(client.run())
    await eventually(lambda: client.connected)
    await devices.say_all("a", [1, 2, 3])
    await eventually(lambda: len(first) == 3)

    cut(client)
    await eventually(lambda: len(first) == 6)
    for arrival in first[:3]:
        client.ack(arrival)
    # Some brokers number anew, and would forget the wrong message; rumqttd goes on numbering, and
    # would end the connection.
    await devices.say("a", 4)
    await eventually(lambda: len(first) == 7)
    assert first[6].connection == first[5].connection == 2
    cut(client)
    await eventually(lambda: len(first) == 11)

    assert [arrival.payload for arrival in first[7:]] == [said(1), said(2), said(3), said(4)]
    client.close()
    await asyncio.wait_for(task, 5)


async def test_acknowledgements_given_out_of_order_reach_the_broker_in_order(broker, devices):
    heard: list[Arrival] = []
    client = MqttClient(broker.url, client_id="raw", filters=(UP_FILTER,), hear=heard.append)
    task = asyncio.create_task(client.run())
    await eventually(lambda: client.connected)
    await devices.say_all("a", range(1, 101))
    await eventually(lambda: len(heard) == 100)

    for arrival in reversed(heard[1:]):
        client.ack(arrival)
    client.ack(heard[0])
    await devices.say_all("a", range(101, 201))
    await eventually(lambda: len(heard) == 200)

    assert client.connected
    client.close()
    await asyncio.wait_for(task, 5)


@pytest.mark.parametrize("limit", [10, 40])
async def test_what_is_in_hand_is_bounded_by_not_reading(broker, devices, limit):
    heard: list[Arrival] = []
    client = MqttClient(
        broker.url,
        client_id="raw",
        filters=(UP_FILTER,),
        hear=heard.append,
        in_hand_limit=limit,
    )
    task = asyncio.create_task(client.run())
    await eventually(lambda: client.connected)
    await devices.say_all("a", range(1, 201))
    await eventually(lambda: client.in_hand == limit)
    await devices.say_all(
        "b", [1]
    )  # the broker has had the time to send more, and did not get it in
    assert client.in_hand == limit

    most = 0
    while len(heard) < 201:
        await eventually(lambda: client.in_hand)
        most = max(most, client.in_hand)
        for arrival in [one for one in heard if not one.settled]:
            client.ack(arrival)

    assert most == limit
    assert [one.payload for one in heard] == [*map(said, range(1, 201)), said(1)]
    client.close()
    await asyncio.wait_for(task, 5)
