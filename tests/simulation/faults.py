"""What may go wrong with a call to storage, decided by a seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from tests.simulation.virtual_time import SECOND


class Died(BaseException):
    """The process ends here, as a power cut would end it; no code of the product may catch this."""


class Kind(StrEnum):
    """The kinds of faults. A client that has a retry policy repeats a call after all but the deaths."""

    LOST_REQUEST = "lost request"
    """The request never arrives, and the client notices at once that the connection is gone."""
    LOST_ANSWER = "lost answer"
    """The request is obeyed, and the connection breaks before the answer."""
    LATE = "late"
    """The client gives up waiting; the request arrives, and is obeyed or refused, some time later."""
    BUSY = "busy"
    """503, and nothing was done."""
    ERROR = "error"
    """500, and nothing was done."""
    ERROR_AFTER = "error after"
    """500, and yet the request was obeyed."""
    DEATH = "death"
    """The process dies before the request."""
    DEATH_AFTER = "death after"
    """The process dies when the request has been obeyed, before it has the answer."""
    PAUSE = "pause"
    """The process stands still before the request, with all its event loops and renewals, and then goes on."""
    PARTIAL = "partial"
    """A page holds fewer rows or blobs than it could, even none, and says where the next begins."""


_UNANSWERED: Final = {Kind.LOST_REQUEST, Kind.LOST_ANSWER, Kind.LATE, Kind.DEATH, Kind.DEATH_AFTER}


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a process is about to send.

    Attributes:
        process: The process's name.
        operation: Such as `put blob`; see `clients.py`.
        path: Of the blob, or table, partition and row.
    """

    process: str
    operation: str
    path: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request.

    Attributes:
        kind: None if it is obeyed and answered.
        before_us: How long it takes to arrive; for a pause, how long the process stands still.
        after_us: How long the answer takes; for a late request, how long after the client gave up it arrives.
        page: For a partial page, how many rows or blobs it holds at most.
    """

    kind: Kind | None = None
    before_us: int = 1_000
    after_us: int = 0
    page: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether the client gets an answer of storage, which tells the time, be it a refusal."""
        return self.kind not in _UNANSWERED


GOOD: Final = Fault()
_AT_ONCE: Final = 0.8
_LONGEST_PAUSE_US: Final = 60 * SECOND


class Faults(Protocol):
    """Decides what happens to each request, in the order in which requests are sent."""

    def decide(self, request: Request) -> Fault:
        """Decide about a request."""


class NoFaults:
    """Every request is obeyed and answered within a millisecond."""

    def decide(self, request: Request) -> Fault:
        return GOOD


class Seeded:
    """Faults by chance: the same seed gives the same decisions for the same number of requests.

    Attributes:
        decided: What was decided against requests so far: their numbers, counted from 0, the requests and the kinds.
        calm: Whether nothing goes wrong for now.
    """

    def __init__(
        self, seed: int, chances: Mapping[str, float], *, slow: float = 0.02, most_us: int = 20 * SECOND
    ) -> None:
        """Take the seed, and the chance of each kind of fault, by its name.

        Args:
            slow: The chance that a request or an answer takes its time.
            most_us: The longest time that either takes.
        """
        self.calm = False
        self.decided: list[tuple[int, Request, Kind]] = []
        self._random = random.Random(seed)
        self._kinds = [(Kind(name), chance) for name, chance in chances.items()]
        self._slow = slow
        self._most_us = most_us
        self._number = -1

    def decide(self, request: Request) -> Fault:
        self._number += 1
        if self.calm:
            return GOOD
        left, kind = self._random.random(), None
        for each, chance in self._kinds:
            left -= chance
            if left < 0:
                kind = each
                self.decided.append((self._number, request, kind))
                break
        before_us = self._random.randrange(_LONGEST_PAUSE_US) if kind is Kind.PAUSE else self._delay_us()
        return Fault(kind, before_us, self._delay_us(), self._random.randrange(4))

    def _delay_us(self) -> int:
        """Most requests take no time: what waits for nothing is simulated several times as fast."""
        chance = self._random.random()
        if chance < self._slow:
            return int(self._most_us ** self._random.random())
        return self._random.randrange(200, 3_000) if chance > _AT_ONCE else 0
