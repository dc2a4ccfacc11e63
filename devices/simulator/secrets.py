"""Secrets of the demo's devices: they follow from one key that each installation makes for itself."""

import hashlib
import hmac


def demo_secret(key: str, device_id: str) -> str:
    """Derive a demo device's secret, 64 hex digits, so that platform and simulator agree without a file."""
    return hmac.new(key.encode(), f"device:{device_id}".encode(), hashlib.sha256).hexdigest()
