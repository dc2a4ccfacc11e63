"""Money is an `int` of fen: sharing it and printing it."""

from collections.abc import Sequence

Fen = int


def split(amount: Fen, weights: Sequence[int]) -> list[Fen]:
    """Share the amount by weight; the shares sum to the amount."""
    whole = sum(weights)
    shares = [amount * weight // whole for weight in weights]
    for index in range(amount - sum(shares)):
        shares[index] += 1
    return shares


def yuan(amount: Fen) -> str:
    """Print fen as yuan, with the cents only where there are any: `¥3`, `¥2.50`."""
    sign, rest = ("-", -amount) if amount < 0 else ("", amount)
    whole, cents = divmod(rest, 100)
    return f"{sign}¥{whole}.{cents:02}" if cents else f"{sign}¥{whole}"
