"""Numbers as 32-bit floats."""

import math
import random
import struct

import pytest

from shared.float32 import shortest_float32


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.35, 0.35),
        (0.349999994, 0.35),
        (0.3499999940395355, 0.35),
        (1 / 3, 0.33333334),
        (0, 0.0),
        (-0.7, -0.7),
        (1, 1.0),
        (1e-45, 1e-45),
        (1e-46, 0.0),
        (3.4028234663852886e38, 3.4028235e38),
        (1e300, math.inf),
    ],
)
def test_a_number_becomes_the_shortest_decimal_of_its_32_bits(value: float, expected: float) -> None:
    """Whoever reads a number into 32 bits and writes it back means the number that was read."""
    assert shortest_float32(value) == expected


def test_the_decimal_has_the_same_32_bits_and_does_not_change_again() -> None:
    """It is stored and compared, so that it must not move from one write to the next."""
    numbers = random.Random(4)
    for _ in range(10_000):
        (value,) = struct.unpack("<f", numbers.randbytes(4))
        if math.isfinite(value):
            decimal = shortest_float32(value)

            assert struct.pack("<f", decimal) == struct.pack("<f", value)
            assert shortest_float32(decimal) == decimal
            assert len(f"{decimal:e}".partition("e")[0].strip("-0.")) <= 9
