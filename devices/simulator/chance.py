"""Chance that can be had again: every draw of the simulator comes from a seed and a purpose."""

from random import Random


def chance(seed: int, *purpose: object) -> Random:
    """Give the generator of one purpose; adding a draw for one purpose never moves another's."""
    text = ":".join(str(part) for part in (seed, *purpose))
    # A string seed is hashed with SHA-512 by Random itself, alike on every machine and process.
    return Random(text)  # noqa: S311
