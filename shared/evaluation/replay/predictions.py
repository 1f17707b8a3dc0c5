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


def read_prediction(line: str, count: int) -> dict[str, float]:
    """Read the predicted number of each action; actions are text, as in the prediction.

    Raises:
        OutOfStep: The prediction is not about that many actions.
        ValueError: The prediction cannot be read.
    """
    try:
        numbers: dict[str, float] = orjson.loads('{"' + line.replace(",", ',"').replace(":", '":') + "}")
    except orjson.JSONDecodeError:
        numbers = _read_infinite(line)
    if len(numbers) != count:
        raise OutOfStep("Vowpal Wabbit predicted an event that it was not given")
    return numbers


def _read_infinite(line: str) -> dict[str, float]:
    """Read a prediction with infinite numbers or `nan`, which are no JSON; slower."""
    pairs = (pair.partition(":")[::2] for pair in line.split(","))
    return {action: float(number) for action, number in pairs}


def read_distribution(line: str, count: int) -> dict[str, float]:
    """Read the probability of each action, as Rank would use it; actions are text, as in the prediction.

    A number that is no probability counts as 0, and all sum up to 1; where no number is usable, all are the same.

    Raises:
        OutOfStep: The prediction is not about that many actions.
    """
    chances = read_prediction(line, count)
    total = sum(chances.values())
    if not (0 < total < inf and min(chances.values()) >= 0):
        chances = {action: chance if 0 < chance < inf else 0.0 for action, chance in chances.items()}
        total = sum(chances.values())
    if not total:
        return dict.fromkeys(chances, 1.0 / count)
    return {action: chance / total for action, chance in chances.items()}
