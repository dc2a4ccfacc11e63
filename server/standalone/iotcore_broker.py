"""Runs the broker of the wheel iotcore as a program of its own: `... iotcore_broker rumqttd.toml`."""

import logging
import os
import sys
import threading

from iotcore import IotCoreBroker


def main() -> None:
    """Run the broker until it is ended, or until whoever holds our input goes away."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    # rumqttd marks every routed packet as an error span; at ERROR it would fill the log.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
