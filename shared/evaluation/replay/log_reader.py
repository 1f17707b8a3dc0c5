"""Reads the events of a log for a task, and counts its lines: which are used, which are not and why."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from shared.evaluation.evaluation import EvaluatedLog
from shared.evaluation.replay import evaluated_events
from shared.evaluation.replay.evaluated_events import EvaluatedEvent, LineOutcome
from shared.evaluation.replay.namespaces import NamespaceCollector
from shared.evaluation.tasks import LineCounts, Namespaces
from shared.log.corrected_lines import CorrectedLines

_SHOWING_NAMESPACES = 100
"""As many usable events show the namespaces (as in the old service's search)."""


class EventReader:
    """Reads the usable events of a log once.

    Args:
        until: Reading ends after so many usable events; None for the end of the log.
        refused: The events that the learner refuses, counted from 0 over all events that are usable by themselves.
        rewrite: Changes a line before the learner gets the line.
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
        self._outcomes: Counter[LineOutcome] = Counter()
        self._corrections = CorrectedLines(log.corrections)
        self._read = self._used = 0
        self._collector = NamespaceCollector()

    @property
    def lines(self) -> LineCounts:
        """The lines read so far, by outcome."""
        outcomes = self._outcomes
        return LineCounts(
            self._read,
            self._used,
            skipped=outcomes[LineOutcome.SKIPPED],
            dangling=outcomes[LineOutcome.DANGLING],
            damaged=outcomes[LineOutcome.DAMAGED],
            passed_over=outcomes[LineOutcome.PASSED_OVER],
            refused=outcomes[LineOutcome.REFUSED],
            quarantined=outcomes[LineOutcome.QUARANTINED],
        )

    @property
    def namespaces(self) -> Namespaces:
        """The namespaces of the first usable events."""
        return self._collector.namespaces

    def events(self, lines: Iterable[bytes]) -> Iterator[tuple[EvaluatedEvent, bytes]]:
        """The usable events, each with the line that the learner gets."""
        candidates = 0
        if self._until == 0:
            return
        for event, line in self._events(lines):
            candidates += 1
            if candidates - 1 in self._refused:
                self._outcomes[LineOutcome.REFUSED] += 1
                continue
            if self._used < _SHOWING_NAMESPACES:
                self._collector.add(evaluated_events.read_features(line))
            self._used += 1
            yield event, self._rewrite(line) if self._rewrite else line
            if self._used == self._until:
                return

    def _events(self, lines: Iterable[bytes]) -> Iterator[tuple[EvaluatedEvent, bytes]]:
        """The events that are usable by themselves, refused or not."""
        kind, from_us, to_us, last_us = self._log.kind, self._log.from_us, self._log.to_us, max(self._log.from_us, 0)
        corrections = self._corrections
        for line in lines:
            text = evaluated_events.trim(line)
            if corrections:
                text = corrections.relabel(text, self._log.rewards)
            if not text:
                continue
            event = evaluated_events.read(text, kind)
            self._read += 1
            if isinstance(event, LineOutcome):
                self._outcomes[event] += 1
                continue
            if event.at_us == evaluated_events.UNKNOWN_TIME:
                event = event._replace(at_us=last_us)
            elif not from_us <= event.at_us < to_us:
                self._read -= 1
                continue
            last_us = event.at_us
            if corrections and corrections.is_quarantined(text):
                self._outcomes[LineOutcome.QUARANTINED] += 1
                continue
            yield event, text
