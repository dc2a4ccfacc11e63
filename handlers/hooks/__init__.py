"""What other servers ask us: the MQTT broker, whom it may trust."""
