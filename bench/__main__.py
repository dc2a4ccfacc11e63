"""Runs every bench, one after the other, each bounded in time."""

import subprocess
import sys

BENCHES = ("bench.tariff", "bench.ingest", "bench.latency", "bench.fanout", "bench.storm")


def main() -> int:
    """Run them; fails when one does."""
    failed = 0
    for name in BENCHES:
        print(f"== {name}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", name], check=False, timeout=900).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
