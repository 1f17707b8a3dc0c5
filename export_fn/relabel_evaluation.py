"""What a relabel would do to the rewards of the log, as far as the time of a call allows; changes nothing. Blocking."""

from contextlib import suppress
from dataclasses import dataclass, field

from export_fn.correction_range import CorrectionRange
from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import Correction, RelabelFigures
from shared.log import log_line, ranked_line
from shared.log.corrected_lines import CorrectedLines, revise
from shared.log.logged_event import read_event


def evaluate(correction: Correction) -> RelabelFigures:
    """Evaluate a relabel beside the active corrections; of a range that takes longer, the log of its beginning.

    Rewards are those by the reward settings as they are now.
    """
    log = CorrectionRange(correction)
    others = [each for each in log.configuration.corrections if each.key != correction.key]
    with_relabel = CorrectedLines([*others, correction])
    count = _Count(correction, CorrectedLines(others), with_relabel, log.configuration.rewards)
    for _, line in log.lines():
        with suppress(*log_line.NO_LINE):
            count.add(line)
    return RelabelFigures(
        max(log.end_us, correction.from_us),
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

    def add(self, line: bytes) -> None:
        """Count a line, if its event is of the relabel, and something is learned from it."""
        corrections = self.with_relabel.find(line)
        formulas = [each.formula for each in corrections if each.formula is not None]
        if self.correction not in corrections or len(formulas) < len(corrections):
            return
        label = log_line.relabel(line, self.settings)
        if not ranked_line.read(label)[1].learnable:
            return
        values = [each.value for each in read_event(line).observations if each.value is not None]
        self.events += 1
        self.rewards += len(values)
        self.changed += sum(revise(value, formulas) != revise(value, formulas[:-1]) for value in values)
        for lines, sums in ((self.without, self.before), (self.with_relabel, self.after)):
            sums.add(ranked_line.read(lines.relabel(label, self.settings))[1].reward)
