"""What the owner mini-program calls."""
