"""`make money-check`: ten thousand histories without a fault, then every planted bug found."""

import argparse
import asyncio
import logging
import sys

from tests.money.plants import NEED_INDEXES, PLANTS, planted
from tests.money.run import run_seeds
from tests.servers import start_servers

# 300 seeds: the shyest of the bugs shows within 60.
PLANT_SEEDS = 300
# 500 histories between two looks at the whole ledger.
AT_ONCE = 500


async def main(histories: int, first: int, *, plants: bool) -> int:
    """Run the check; 1 when something does not hold, or a bug is not found."""
    async with start_servers() as servers:
        faults: list[str] = []
        for start in range(first, first + histories, AT_ONCE):
            seeds = range(start, min(start + AT_ONCE, first + histories))
            found = await run_seeds(servers.mongo_url, seeds, slots=8)
            print(f"seeds {seeds.start}-{seeds.stop - 1}: {found.summary()}", flush=True)
            for fault in found.faults[:20]:
                print("  ", fault)
            faults += found.faults
        missed = []
        for name in PLANTS if plants else ():
            with planted(name):
                bug = await run_seeds(
                    servers.mongo_url,
                    range(PLANT_SEEDS),
                    until_fault=True,
                    # A bug in the indexes needs a database that is made with it.
                    database=name if name in NEED_INDEXES else "planted",
                )
            shown = bug.faults[0] if bug.faults else "NOT FOUND"
            print(f"{name}: after {bug.histories} histories: {shown}", flush=True)
            missed += [] if bug.faults else [name]
    return 1 if faults or missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.money", description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--plants", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    sys.exit(asyncio.run(main(options.histories, options.first, plants=options.plants)))
