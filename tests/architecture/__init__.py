"""What the tools cannot check: thin edges, told facts, no clock below, files that say what they are."""
