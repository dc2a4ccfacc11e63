"""Plays messages again: publishes them to the broker as their devices did."""

import asyncio
from collections.abc import Sequence

import aiomqtt

from devices.broker_url import connection_of
from devices.dead_letters import DeadLetter
from devices.topics import parse_up


def can_be_replayed(letter: DeadLetter) -> bool:
    """Say whether a letter was kept whole, and has a topic that the gateway hears."""
    return letter.whole and parse_up(letter.topic) is not None


def gateway_client(mqtt_url: str) -> aiomqtt.Client:
    """Make a client with the gateway's account and a session of its own."""
    return aiomqtt.Client(**connection_of(mqtt_url))


async def replay(client: aiomqtt.Client, letters: Sequence[DeadLetter]) -> None:
    """Publish letters with QoS 1, in their order; when it returns, the broker has them all."""
    # Tasks start in the order in which they were made, so the messages keep theirs.
    await asyncio.gather(
        *(client.publish(letter.topic, letter.payload, qos=1) for letter in letters)
    )
