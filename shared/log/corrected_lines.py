"""The lines of the log as they are corrected: which are in quarantine, and whose rewards are relabelled."""

import json
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import Correction, RewardFormula
from shared.log import line_keys as keys
from shared.log import log_line, ranked_line, redaction
from shared.log.line_pieces import EventLine
from shared.log.manifest import LogBlob
from shared.log.redaction import FeaturesByName, FeatureTarget


class CorrectedEvent(NamedTuple):
    """The line of an event as it is counted.

    Attributes:
        quarantined: Whether it counts nowhere.
        relabelled: Whether its rewards are others than those that came.
    """

    line: EventLine
    quarantined: bool
    relabelled: bool


class CorrectedLines:
    """Tells what becomes of lines under some corrections; relabels are applied in the order given."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self._corrections = tuple(_Lines(correction) for correction in corrections)

    def __bool__(self) -> bool:
        """Whether any line may be corrected."""
        return bool(self._corrections)

    def within(self, from_us: int, to_us: int) -> "CorrectedLines":
        """The same of the events of a range alone, which are corrected faster."""
        return CorrectedLines(each.of for each in self._corrections if each.of.touches(from_us, to_us))

    def of_blob(self, blob: LogBlob) -> "CorrectedLines":
        """The same of the events of a log blob alone."""
        return self.within(blob.from_us, blob.to_us)

    def find_quarantine(self, line: bytes) -> Correction | None:
        """The first quarantine that a line is in; None for an observation without event, and for what is no line."""
        return next((each for each in self.find(line) if each.formula is None), None)

    def is_quarantined(self, line: bytes) -> bool:
        """Whether a line is in any quarantine."""
        return self.find_quarantine(line) is not None

    def relabel(self, line: bytes, rewards: RewardSettings) -> bytes:
        """A line as relabels label it.

        Args:
            rewards: Those by which the line is labelled.
        """
        return _relabel(line, self.find(line), rewards)

    def correct(self, line: EventLine, rewards: RewardSettings | None) -> CorrectedEvent:
        """The line of an event as it is counted.

        Args:
            rewards: Those by which the line is labelled; None if that is lost, and no relabel is applied.
        """
        if not self._corrections:
            return CorrectedEvent(line, quarantined=False, relabelled=False)
        corrections = self.find(line.text)
        if any(each.formula is None for each in corrections):
            return CorrectedEvent(line, quarantined=True, relabelled=False)
        text = line.text if rewards is None else _relabel(line.text, corrections, rewards)
        if text == line.text:
            return CorrectedEvent(line, quarantined=False, relabelled=False)
        return CorrectedEvent(ranked_line.read(text)[1], quarantined=False, relabelled=True)

    def find(self, line: bytes) -> list[Correction]:
        """The corrections that an event is among; none for an observation without event, and for what is no line."""
        if not self._corrections or not log_line.is_event(line):
            return []
        try:
            event = _Event(line)
            return [each.of for each in self._corrections if each.holds(event)]
        except log_line.NO_LINE:
            return []


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

    @cached_property
    def features(self) -> FeaturesByName:
        """The features, read once for all corrections."""
        return redaction.read_by_name(self.line)


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
        feature = self._feature
        return feature is None or (feature.may_be_in(event.line) and feature.is_among(event.features))


def _relabel(line: bytes, corrections: Iterable[Correction], rewards: RewardSettings) -> bytes:
    """A line as those relabels label it that are among its corrections."""
    formulas = [each.formula for each in corrections if each.formula is not None]
    if not formulas:
        return line
    try:
        return log_line.relabel(line, rewards, lambda value: revise(value, formulas))
    except log_line.NO_LINE:
        return line


def revise(value: float, formulas: Iterable[RewardFormula]) -> float:
    """What becomes of a reward by one formula after the other."""
    for formula in formulas:
        value = formula.revise(value)
    return value
