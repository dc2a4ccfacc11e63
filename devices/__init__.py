"""What comes from the street: codecs, the gateway that commits readings, and a simulator."""
