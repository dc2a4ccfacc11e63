"""What partners call, with a key."""
