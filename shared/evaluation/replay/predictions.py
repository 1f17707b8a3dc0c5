"""Vowpal Wabbit's predictions, as its driver writes them: `0:0.9,1:0.1`, the best action first, counted from 0."""

from math import inf

import orjson


class OutOfStep(Exception):
    """Predictions do not belong to the events that were written: the learner refused some lines.

    Attributes:
        reason: In one line.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def foretold(line: str, count: int) -> dict[str, float]:
    """What was foretold of each action; actions as they are written.

    Raises:
        OutOfStep: It is not about that many actions.
        ValueError: It cannot be read.
    """
    try:
        told: dict[str, float] = orjson.loads('{"' + line.replace(",", ',"').replace(":", '":') + "}")
    except orjson.JSONDecodeError:
        told = _with_what_is_no_number(line)
    if len(told) != count:
        raise OutOfStep("Vowpal Wabbit predicted an event that it was not given")
    return told


def _with_what_is_no_number(line: str) -> dict[str, float]:
    """Slower; infinite numbers, and `nan`, are no JSON."""
    pairs = (pair.partition(":")[::2] for pair in line.split(","))
    return {action: float(number) for action, number in pairs}


def distribution(line: str, count: int) -> dict[str, float]:
    """The probability of each action, as Rank would use it; actions as they are written.

    What is no probability counts as 0, and all of them sum up to 1; where nothing is usable, all are the same.

    Raises:
        OutOfStep: It is not about that many actions.
    """
    chances = foretold(line, count)
    total = sum(chances.values())
    if not (0 < total < inf and min(chances.values()) >= 0):
        chances = {action: chance if 0 < chance < inf else 0.0 for action, chance in chances.items()}
        total = sum(chances.values())
    if not total:
        return dict.fromkeys(chances, 1.0 / count)
    return {action: chance / total for action, chance in chances.items()}
