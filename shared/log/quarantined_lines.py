"""The lines of the log whose events are in quarantine: nothing is learned from them, and they are in no sum."""

import json
from collections.abc import Iterable
from functools import cached_property

from shared.configuration.corrections import Correction
from shared.log import line_keys as keys
from shared.log import log_line, ranked_line
from shared.log.manifest import LogBlob
from shared.log.redaction import FeatureTarget


class QuarantinedLines:
    """Tells which lines are in quarantine under some corrections."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self._corrections = tuple(_Lines(correction) for correction in corrections)

    def __bool__(self) -> bool:
        """Whether any line can be."""
        return bool(self._corrections)

    def within(self, from_us: int, to_us: int) -> "QuarantinedLines":
        """The same of the events of a range alone, which are told faster."""
        return QuarantinedLines(each.of for each in self._corrections if each.of.touches(from_us, to_us))

    def of_blob(self, blob: LogBlob) -> "QuarantinedLines":
        """The same of the events of a log blob alone."""
        return self.within(blob.from_us, blob.to_us)

    def find(self, line: bytes) -> Correction | None:
        """The first quarantine that a line is in; None for an observation without event, and for what is no line."""
        if not self._corrections or not log_line.is_event(line):
            return None
        try:
            event = _Event(line)
            return next((each.of for each in self._corrections if each.holds(event)), None)
        except (IndexError, KeyError, TypeError, ValueError):
            return None

    def holds(self, line: bytes) -> bool:
        """Whether a line is in any of the quarantines."""
        return self.find(line) is not None


class _Event:
    """The event of a line; what only some corrections ask for is read when these do."""

    def __init__(self, line: bytes) -> None:
        self.line = line
        self.at_us = log_line.event_us(line)

    @cached_property
    def action_ids(self) -> frozenset[str]:
        """The actions that were shown."""
        event, _ = ranked_line.read(self.line)
        ids = [action["i"]["id"] for action in json.loads(event.document)[keys.DOCUMENT_ACTIONS]]
        first = 0 if event.slots else 1
        return frozenset(ids[position - first] for position, _ in event.shown)


class _Lines:
    """The lines of one correction."""

    def __init__(self, correction: Correction) -> None:
        self.of = correction
        feature = correction.feature
        self._feature = FeatureTarget(feature.name, feature.value, feature.namespace) if feature else None

    def holds(self, event: _Event) -> bool:
        if not self.of.from_us <= event.at_us < self.of.to_us:
            return False
        if self.of.action_id is not None and self.of.action_id not in event.action_ids:
            return False
        return self._feature is None or self._feature.is_in(event.line)
