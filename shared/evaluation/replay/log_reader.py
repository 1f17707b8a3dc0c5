"""Reading a log for a task: which lines are used, which are not and why."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from shared.evaluation.evaluation import EvaluatedLog
from shared.evaluation.replay import logged_events
from shared.evaluation.replay.logged_events import Event, Fate
from shared.evaluation.replay.namespaces import NamesSeen
from shared.evaluation.tasks import LineCounts, Namespaces

_NAMED = 100
"""So many usable events are asked for their namespaces (as the old service's search)."""


class Reading:
    """One reading of a log.

    Args:
        until: Reading ends after so many usable events; None for the end of the log.
        refused: The events that the learner refuses, counted from 0 over what would be usable else.
        rewrite: What is done to a line before the learner gets it.
    """

    def __init__(
        self,
        log: EvaluatedLog,
        until: int | None,
        refused: frozenset[int] = frozenset(),
        rewrite: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._log = log
        self._until = until
        self._refused = refused
        self._rewrite = rewrite
        self._fates: Counter[Fate] = Counter()
        self._read = self._used = 0
        self._seen = NamesSeen()

    @property
    def lines(self) -> LineCounts:
        """What became of the lines that were read."""
        fates = self._fates
        return LineCounts(
            self._read,
            self._used,
            skipped=fates[Fate.SKIPPED],
            dangling=fates[Fate.DANGLING],
            damaged=fates[Fate.DAMAGED],
            passed_over=fates[Fate.PASSED_OVER],
            refused=fates[Fate.REFUSED],
        )

    @property
    def namespaces(self) -> Namespaces:
        """Those of the first usable events."""
        return self._seen.namespaces

    def usable(self, lines: Iterable[bytes]) -> Iterator[tuple[Event, bytes]]:
        """The usable events, each with the line that the learner gets."""
        candidates = 0
        if self._until == 0:
            return
        for event, line in self._events(lines):
            candidates += 1
            if candidates - 1 in self._refused:
                self._fates[Fate.REFUSED] += 1
                continue
            if self._used < _NAMED:
                self._seen.add(logged_events.features_of(line))
            self._used += 1
            yield event, self._rewrite(line) if self._rewrite else line
            if self._used == self._until:
                return

    def _events(self, lines: Iterable[bytes]) -> Iterator[tuple[Event, bytes]]:
        """What is an event by itself, without a look at the refused ones."""
        kind, from_us, to_us, last_us = self._log.kind, self._log.from_us, self._log.to_us, max(self._log.from_us, 0)
        for line in lines:
            text = logged_events.trimmed(line)
            if not text:
                continue
            event = logged_events.read(text, kind)
            self._read += 1
            if isinstance(event, Fate):
                self._fates[event] += 1
                continue
            if event.at_us == logged_events.UNKNOWN_TIME:
                event = event._replace(at_us=last_us)
            elif not from_us <= event.at_us < to_us:
                self._read -= 1
                continue
            last_us = event.at_us
            yield event, text
