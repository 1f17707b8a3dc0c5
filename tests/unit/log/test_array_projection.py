"""Long arrays of numbers become 32 numbers, which keep about their lengths and inner products."""

import math
import random
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.log.array_projection import LONGEST, PROJECTED, project
from shared.log.feature_numbers import LARGEST, SMALLEST

FIXED = [
    *(-2.47124, -1.47007, -1.36622, -0.585625, 1.45554, 1.10696, -0.510282, -0.746724),
    *(-0.484583, 0.649615, -0.765934, -0.0751614, -0.481433, 2.33001, 0.94587, 0.334913),
    *(0.869513, -0.180756, -0.165951, -0.137253, 2.00809, 0.193742, 0.982078, -0.31394),
    *(1.49387, 0.765585, -1.4976, -0.957404, -0.148958, 2.19977, 0.515803, 1.11175),
]
"""What models of earlier versions have learned from: it must never change."""

moderate = st.floats(-1000, 1000).map(lambda number: round(number, 3))
arrays = st.lists(moderate, min_size=65, max_size=300)
strange = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 1e300, math.nan, math.inf, -math.inf])


def inner(some: list[float], others: list[float]) -> float:
    return sum(map(float.__mul__, map(float, some), map(float, others)))


def directions(count: int, length: int, seed: int) -> list[list[float]]:
    """Arrays of length 1, in random directions."""
    chance = random.Random(seed)
    drawn = [[chance.gauss(0, 1) for _ in range(length)] for _ in range(count)]
    lengths = [math.hypot(*array) for array in drawn]
    return [[number / size for number in array] for array, size in zip(drawn, lengths, strict=True)]


def test_the_projection_is_the_same_on_every_machine_and_in_every_version() -> None:
    """A model that learned from projected numbers must not be asked with others."""
    assert project([math.cos(number) for number in range(100)]) == FIXED


@given(arrays)
@settings(max_examples=100, deadline=None)
def test_a_projection_has_32_bounded_numbers(array: list[float]) -> None:
    """They have six digits, so that they take little room in the log."""
    projected = project(array)

    assert len(projected) == PROJECTED
    assert all(number == 0 or SMALLEST <= abs(number) <= LARGEST for number in projected)
    assert projected == [float(f"{number:.6g}") for number in projected]


@given(st.data(), st.integers(65, 300), moderate)
@settings(max_examples=100, deadline=None)
def test_the_projection_is_linear(data: st.DataObject, length: int, factor: float) -> None:
    """What a model can learn from a mix of numbers does not depend on where zero is, nor on their unit."""
    some, others = (data.draw(st.lists(moderate, min_size=length, max_size=length)) for _ in range(2))

    mixed = project([first + factor / 1000 * second for first, second in zip(some, others, strict=True)])

    expected = [first + factor / 1000 * second for first, second in zip(project(some), project(others), strict=True)]
    assert mixed == pytest.approx(expected, rel=1e-5, abs=1)


@given(arrays, st.integers(0, 200))
@settings(max_examples=50, deadline=None)
def test_zeros_behind_an_array_change_nothing(array: list[float], zeros: int) -> None:
    """A number's places do not depend on how many others there are."""
    assert project(array) == pytest.approx(project([*array, *[0] * zeros]))


@pytest.mark.parametrize(("length", "count"), [(65, 40), (1536, 40), (LONGEST, 12)])
def test_inner_products_stay_about_what_they_were(length: int, count: int) -> None:
    """Over pairs of arrays of length 1, errors have no bias and a standard deviation of at most about a quarter."""
    pairs = [*combinations(directions(count, length, 1), 2)]
    projected = [*combinations(map(project, directions(count, length, 1)), 2)]

    errors = [inner(*after) - inner(*before) for before, after in zip(pairs, projected, strict=True)]

    assert abs(sum(errors) / len(errors)) < 0.06
    assert 0.1 < math.sqrt(inner(errors, errors) / len(errors)) < 0.25


@pytest.mark.parametrize("length", [65, 1536])
def test_lengths_stay_about_what_they_were(length: int) -> None:
    """An array of length 1 has a projection of about that length: none is lost, none drowns the others."""
    lengths = [math.sqrt(inner(projected, projected)) for projected in map(project, directions(200, length, 3))]

    assert sum(lengths) / len(lengths) == pytest.approx(1, abs=0.05)
    assert 0.5 < min(lengths) < max(lengths) < 1.5


def test_single_numbers_are_told_apart() -> None:
    """With one place each, one pair in 32 would be the same but for the sign."""
    spikes = [tuple(project([0] * place + [1] + [0] * (199 - place))) for place in range(200)]
    lines = {max(spike, tuple(-number for number in spike)) for spike in spikes}

    assert {sum(number != 0 for number in spike) for spike in spikes} == {2}
    assert len(lines) > 160


@given(st.lists(strange, min_size=65, max_size=100))
@settings(max_examples=200, deadline=None)
def test_strange_numbers_are_bounded_before_they_are_added(array: list[Any]) -> None:
    """Neither a number beyond all bounds nor NaN reaches the model, nor ends in an error."""
    usable = [
        0 if number != number else max(-LARGEST, min(LARGEST, number)) if abs(number) >= SMALLEST else 0
        for number in array
    ]

    projected = project(array)

    assert all(math.isfinite(number) and abs(number) <= LARGEST for number in projected)
    assert projected == pytest.approx(project(usable), abs=1e-6)
