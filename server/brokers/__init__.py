"""Configurations of MQTT brokers that enforce who a device is: texts, made from names and hashes."""
