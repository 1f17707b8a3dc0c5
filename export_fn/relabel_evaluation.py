"""What a relabel would do to the rewards of the log, as far as the time of a call allows; changes nothing. Blocking."""

import time
from contextlib import suppress
from dataclasses import dataclass, field

from shared.configuration import configuration_store
from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import Correction, RelabelFigures
from shared.log import log_line, log_store, manifest_store, ranked_line, stored_lines
from shared.log.corrected_lines import CorrectedLines, revise
from shared.log.logged_event import read_event
from shared.log.stored_lines import UnreadableLines
from shared.training import lease

_SECONDS = 12.0


def evaluate(correction: Correction) -> RelabelFigures:
    """Evaluate a relabel beside the active corrections; of a range that takes longer, the log of its beginning.

    Rewards are those by the reward settings as they are now.
    """
    until = time.monotonic() + _SECONDS
    configuration, state = configuration_store.read_configuration(), lease.read_state()
    joined_us = state.joined_up_to_us if state else 0
    others = [each for each in configuration.corrections if each.key != correction.key]
    count = _Count(correction, CorrectedLines(others), CorrectedLines([*others, correction]), configuration.rewards)
    deleted_us, to_us = configuration.logs_deleted_before_us, min(correction.to_us, joined_us)
    blobs = list(manifest_store.list_blobs(correction.from_us, to_us, deleted_us)) if correction.from_us < to_us else []
    reached_us: int | None = None
    for blob, content in zip(blobs, log_store.contents(blobs), strict=True):
        if reached_us is not None and blob.from_us >= reached_us and time.monotonic() > until:
            to_us = reached_us
            break
        with suppress(UnreadableLines):
            for text in stored_lines.unpack(content):
                with suppress(*log_line.NO_LINE):
                    count.add(text.rstrip(b"\n"), deleted_us)
        reached_us = blob.to_us
    return RelabelFigures(
        max(to_us, correction.from_us),
        count.events,
        count.rewards,
        count.changed,
        tuple(count.before.values),
        tuple(count.after.values),
    )


@dataclass(slots=True)
class _Sums:
    """Σr and Σr², and the lowest and the highest reward."""

    values: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])

    def add(self, reward: float) -> None:
        rewards, squares, lowest, highest = self.values
        self.values = [rewards + reward, squares + reward * reward, min(lowest, reward), max(highest, reward)]


@dataclass(slots=True)
class _Count:
    """The counts of one call."""

    correction: Correction
    without: CorrectedLines
    with_relabel: CorrectedLines
    settings: RewardSettings
    events: int = 0
    rewards: int = 0
    changed: int = 0
    before: _Sums = field(default_factory=_Sums)
    after: _Sums = field(default_factory=_Sums)

    def add(self, line: bytes, deleted_before_us: int) -> None:
        """Count a line, if its event is of the relabel, and something is learned from it."""
        corrections = self.with_relabel.find(line)
        formulas = [each.formula for each in corrections if each.formula is not None]
        if self.correction not in corrections or len(formulas) < len(corrections):
            return
        label = log_line.relabel(line, self.settings)
        event, read = ranked_line.read(label)
        if not read.learnable or event.at_us < deleted_before_us:
            return
        values = [each.value for each in read_event(line).observations if each.value is not None]
        self.events += 1
        self.rewards += len(values)
        self.changed += sum(revise(value, formulas) != revise(value, formulas[:-1]) for value in values)
        for lines, sums in ((self.without, self.before), (self.with_relabel, self.after)):
            sums.add(ranked_line.read(lines.relabel(label, self.settings))[1].reward)
