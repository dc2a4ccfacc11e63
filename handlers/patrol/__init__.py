"""What the patrol's handheld calls."""
