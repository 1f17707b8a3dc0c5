"""What may go wrong with a call to storage, decided by a seed."""

import random
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from itertools import accumulate
from typing import Final, NamedTuple, Protocol

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


type Place = tuple[str, int]
"""A process, and which of its requests, counted from 0."""


class Request(NamedTuple):
    """A request that a process is about to send.

    Attributes:
        process: The process's name.
        operation: Such as `put blob`; see `clients.py`.
        path: Of the blob, or table, partition and row.
    """

    process: str
    operation: str
    path: str


class Fault(NamedTuple):
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
_CALM: Final = Fault(before_us=15_000)
"""So a run takes more than a second, and can publish all that it has trained."""
AT_ONCE: Final = Fault(before_us=0)
"""Obeyed and answered at the moment at which it is sent, as most requests are."""
_BRISK: Final = 0.1
"""How many requests or answers take some milliseconds. The others take no time: what waits for nothing is simulated
several times as fast."""
_LONGEST_PAUSES_US: Final = (20 * SECOND, 60 * SECOND, 600 * SECOND)
"""Longer ones than a lease lasts, and such as that of a machine that sleeps."""


class Decided(NamedTuple):
    """What was decided against a request.

    Attributes:
        place: Which request of which process.
    """

    place: Place
    request: Request
    fault: Fault


class Faults(Protocol):
    """Decides what happens to each request, in the order in which requests are sent."""

    def decide(self, request: Request) -> Fault:
        """Decide about a request."""


class NoFaults:
    """Every request is obeyed and answered within a millisecond."""

    def decide(self, request: Request) -> Fault:
        return GOOD


class Seeded:
    """Faults by chance: the same seed gives the same fault for the same request of a process, whatever others get.

    Attributes:
        decided: What was decided against requests so far.
        calm: Whether nothing goes wrong for now.
    """

    def __init__(
        self,
        seed: int,
        chances: Mapping[Kind, float],
        *,
        slow: float = 0.02,
        most_us: int = 20 * SECOND,
        kept: Collection[Place] | None = None,
    ) -> None:
        """Take the seed, and the chance of each kind of fault.

        Args:
            slow: The chance that a request or an answer takes its time.
            most_us: The longest time that either takes.
            kept: The requests to which something may happen; None for all.
        """
        self.calm = False
        self.decided: list[Decided] = []
        self._seed = seed
        self._streams: dict[str, Iterator[tuple[int, float]]] = {}
        self._kinds = list(zip(chances, accumulate(chances.values()), strict=True))
        self._worst = sum(chances.values())
        self._slow = self._worst + slow
        self._most_us = most_us
        self._kept = kept
        self._details = random.Random()

    def decide(self, request: Request) -> Fault:
        if self.calm:
            return _CALM
        process = request.process
        if process not in self._streams:
            self._streams[process] = enumerate(iter(random.Random(f"{self._seed} {process}").random, None))
        number, chance = next(self._streams[process])
        if chance > self._slow + _BRISK or (self._kept is not None and (process, number) not in self._kept):
            return AT_ONCE
        fault = self._draw(chance)
        self.decided.append(Decided((process, number), request, fault))
        return fault

    def _draw(self, chance: float) -> Fault:
        """Draw a fault, or a delay; the number that told that there is one tells all of it."""
        details = self._details
        details.seed(chance)
        kind = next((kind for kind, below in self._kinds if chance < below), None)
        if kind is Kind.PAUSE:
            return Fault(kind, details.randrange(details.choice(_LONGEST_PAUSES_US)))
        before_us = self._delay_us(details, is_slow=chance < self._slow)
        return Fault(kind, before_us, self._delay_us(details, is_slow=chance < self._slow), details.randrange(4))

    def _delay_us(self, details: random.Random, *, is_slow: bool) -> int:
        if is_slow and details.random() < 0.5:
            return int(self._most_us ** details.random())
        return details.randrange(3_000)
