"""The study of long arrays: its sides are what it takes them for, and it runs."""

import json

from benchmarks.progress import Progress
from benchmarks.studies import arrays


def test_the_sides_differ_in_the_array_alone() -> None:
    """The product's gate on one side, all numbers on the other."""
    pixels = [number % 256 for number in range(784)]
    ours, other = (json.loads(document(pixels)) for document in (arrays.project, arrays.take_all))

    (projected,), (sent,) = ours["FromUrl"], other["FromUrl"]
    assert len(projected["pixels"]) == 32
    assert sent == {"pixels": pixels}
    assert ours["_multi"] == other["_multi"]


def test_both_sides_learn_digits_from_a_few_images() -> None:
    """By chance the reward would be 0.1; how far the sides are apart at last takes more images."""
    figures = arrays.measure(Progress("arrays"), seeds=1, passes=1, learning=(arrays.OF_PAIRS,), most_images=1000)

    assert [figure.unit for figure in figures] == ["", "µs", "µs", "µs"]
    assert min(*figures[0].ours, *figures[0].other) > 0.2
    assert figures[0].details["events in the last fifths, of each side"] == 200
    assert str(figures[0].goal) == "≥ 0.9"
    assert str(figures[1].goal) == "≤ 0.25"
