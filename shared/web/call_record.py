"""The record of calls, one line of JSON: how many calls this process has answered since the last one, and how.

What the platform tells of requests lacks those of cold starts, and may be a sample. Here each call counts that the app
answered; what the platform refuses before it asks the app does not.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from shared.times import SECOND, to_iso

NAME = "rankloop.calls"
_PAUSE_SECONDS = 60.0

_log = logging.getLogger(NAME)


class Kind(StrEnum):
    """What a call is for, as the record names it."""

    RANKS = "ranks"
    """Of one action or several slots."""
    REWARDS = "rewards"
    """Rewards and activations."""
    OTHER = "other"


class CallCounts:
    """The counts of one process. Everything is done on the event loop of the calls, so no lock is needed.

    A record is logged by the call after which a minute has passed since the last record, so a call that comes alone has
    its record at once. What came after the last record when a process ends is lost: a platform takes no line from a
    process that answers no call.
    """

    def __init__(self) -> None:
        self._since = 0.0
        self._logged: float | None = None
        self._begin()

    def _begin(self) -> None:
        self._answers: Counter[tuple[Kind, int]] = Counter()
        self._seconds = dict.fromkeys(Kind, 0.0)

    def count(self, kind: Kind, status: int, began: float) -> None:
        """Count an answer; log the record if it is time. Must be called while the call is answered.

        Args:
            began: When the call came, by `time.monotonic`.
        """
        now = time.monotonic()
        if not self._answers:
            self._since = began
        self._answers[kind, status] += 1
        self._seconds[kind] += now - began
        if self._logged is None or now - self._logged >= _PAUSE_SECONDS:
            self._record(now)

    def _record(self, now: float) -> None:
        _log.info("%s", line(self._answers, self._seconds, now - self._since, time.time_ns() // 1000))
        self._logged = now
        self._begin()


def line(answers: Mapping[tuple[Kind, int], int], seconds: Mapping[Kind, float], length: float, now_us: int) -> str:
    """The record of answers.

    Args:
        answers: How many there were of each kind and status.
        seconds: How long the answers of each kind took together.
        length: The seconds from the first call to now.
    """
    return json.dumps(
        {
            "record": NAME,
            "startedAt": to_iso(now_us - round(length * SECOND)),
            "seconds": round(length, 3),
            **{kind.value: _of_kind(answers, kind, seconds[kind]) for kind in Kind},
        },
        separators=(",", ":"),
    )


def _of_kind(answers: Mapping[tuple[Kind, int], int], kind: Kind, seconds: float) -> dict[str, float]:
    statuses = Counter({status: count for (of, status), count in answers.items() if of is kind})
    return {
        "calls": statuses.total(),
        "denied": statuses[401] + statuses[403],
        "tooMany": statuses[429],
        "refused": sum(count for status, count in statuses.items() if 400 <= status < 500),
        "failed": sum(count for status, count in statuses.items() if status >= 500),
        "seconds": round(seconds, 3),
    }
