"""The demo city and its simulator: a seeded city whose devices park cars over real MQTT."""

from devices.simulator.city import demo_city
from devices.simulator.command import main
from devices.simulator.faults import Faults
from devices.simulator.fleet import Fleet, Rush, Transport
from devices.simulator.model import DemoCity
from devices.simulator.readings import Observation, SimulatedReading
from devices.simulator.secrets import demo_secret
from devices.simulator.transport import MqttTransport

__all__ = [
    "DemoCity",
    "Faults",
    "Fleet",
    "MqttTransport",
    "Observation",
    "Rush",
    "SimulatedReading",
    "Transport",
    "demo_city",
    "demo_secret",
    "main",
]
