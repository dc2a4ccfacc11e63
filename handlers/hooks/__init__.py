"""What other systems call: providers with what was paid."""
