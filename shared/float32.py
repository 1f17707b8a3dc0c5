"""Numbers as 32-bit floats, which the old service and its .NET clients keep: 0.2 comes back as 0.200000003."""

from array import array

_MOST_DIGITS = 9
"""A 32-bit float follows from so many digits, at most."""


def shortest_float32(value: float) -> float:
    """Round a number to the nearest 32-bit float, and that to the decimal with the fewest digits that stands for it.

    It gives 0.2 for 0.200000003, for 0.20000000298023224 and for 0.2. What is too large for 32 bits becomes infinite.
    """
    nearest = _round(value)
    decimals = (float(f"{nearest:.{digits}g}") for digits in range(1, _MOST_DIGITS))
    return next((decimal for decimal in decimals if _round(decimal) == nearest), float(f"{nearest:.{_MOST_DIGITS}g}"))


def _round(value: float) -> float:
    return array("f", [value])[0]
