"""What the managers' console calls."""
