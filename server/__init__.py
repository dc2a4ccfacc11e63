"""The platform: its ground, its store, its domain, and the root that puts it together."""
