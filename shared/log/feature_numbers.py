"""Numbers of features as they are logged: none that is so large that it drowns all others, or is no number."""

LARGEST = 1_000_000
"""Larger numbers are learned as this one."""
SMALLEST = 1e-9
"""Smaller numbers are left out."""


def clip(value: float) -> float | None:
    """The number as it is logged; None if it is left out. What was clipped stays as it is."""
    if -SMALLEST < value < SMALLEST or value != value:
        return 0 if value == 0 else None
    return value if -LARGEST <= value <= LARGEST else LARGEST if value > 0 else -LARGEST
