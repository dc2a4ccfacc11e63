"""Draws plates that GA 36 would issue in Shenzhen's traffic."""

from random import Random

Plate = tuple[str, str]
"""(number, color)."""

# GA 36 leaves out I and O, which read as 1 and 0.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
ELECTRIC_LETTERS = "DABCE"
HYBRID_LETTERS = "FGHJK"
NEIGHBOURS = ("粤A", "粤S", "粤L", "粤E", "湘A", "桂A", "赣A", "鄂A", "闽D", "川A", "京A", "沪C")


def draw_plate(random: Random) -> Plate:
    """Draw a plate: 30 % new energy, 5 % yellow, 1 % large new energy, the rest blue; 85 % are local."""
    issuer = "粤B" if random.random() < 0.85 else random.choice(NEIGHBOURS)
    kind = random.random()
    if kind < 0.30:
        return issuer + _energy_letter(random) + random.choice(LETTERS) + _digits(
            random, 4
        ), "green"
    if kind < 0.31:
        return issuer + _digits(random, 5) + _energy_letter(random), "yellow_green"
    return issuer + _serial(random), "yellow" if kind < 0.36 else "blue"


def _energy_letter(random: Random) -> str:
    return random.choice(ELECTRIC_LETTERS if random.random() < 0.8 else HYBRID_LETTERS)


def _digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def _serial(random: Random) -> str:
    """Draw five characters with at most two letters, as issued."""
    serial = list(_digits(random, 5))
    for place in random.sample(range(5), random.randint(0, 2)):
        serial[place] = random.choice(LETTERS)
    return "".join(serial)
