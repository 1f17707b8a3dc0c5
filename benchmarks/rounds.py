"""Taking turns: A B A B, so that what slows the machine for a while slows both sides."""

from collections.abc import Callable, Sequence

from benchmarks.progress import Progress


def alternate[Found](progress: Progress, rounds: int, *sides: Callable[[], Found]) -> Sequence[list[Found]]:
    """Run every side once a round; gives each side's findings, a round each."""
    results: list[list[Found]] = [[] for _ in sides]
    for number in range(rounds):
        progress.show(f"round {number + 1} of {rounds}")
        for place, side in enumerate(sides):
            results[place].append(side())
    return results
