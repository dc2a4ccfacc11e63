"""Money is an `int` of fen, and how it is printed."""

Fen = int


def yuan(amount: Fen) -> str:
    """Print fen as yuan, with the cents only where there are any: `¥3`, `¥2.50`."""
    sign, rest = ("-", -amount) if amount < 0 else ("", amount)
    whole, cents = divmod(rest, 100)
    return f"{sign}¥{whole}.{cents:02}" if cents else f"{sign}¥{whole}"
