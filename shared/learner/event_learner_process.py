"""Runs an `EventLearner` as a process of its own, because bad input can crash Vowpal Wabbit.

The log comes in on standard input. The predictions of some events after the other go out on standard output, each time
as a JSON list in one line, and at the end an object, the answer.
"""

import json
import sys
from collections.abc import Iterable
from itertools import batched
from typing import Any, BinaryIO

import orjson

from shared.learner import driver

_BATCH = 256
"""Events whose predictions go out together."""
_READ_BYTES = 256 * 1024


def main(parent: int, job: dict[str, Any]) -> None:
    """Learn from the log.

    Args:
        parent: Id of the process that started this one; when that ends, this one is to end too.
        job: What to learn, as `Learner.job` writes it.
    """
    with driver.open_answers(parent) as answers, open(0, "rb", buffering=_READ_BYTES) as log:
        answer = driver.answer_with(lambda: _learn(job, log, answers.buffer), job["state"], job["predictor"])
        answers.buffer.write(orjson.dumps(answer) + b"\n")


def _learn(job: dict[str, Any], log: Iterable[bytes], predictions: BinaryIO) -> dict[str, Any]:
    from shared.learner.event_learner import EventLearner

    learner = EventLearner(job["options"], job["metrics"], job["state"])
    for batch in batched(map(learner.predict, log), _BATCH, strict=False):
        predictions.write(orjson.dumps(batch) + b"\n")
        predictions.flush()
    return learner.finish()


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
