"""What other servers ask and tell us: the MQTT broker, whom it may trust; providers, what was paid."""
