"""Adds up a part's metrics while it is joined, one call for each event.

What an event says of a policy depends on the mode it was ranked in:

* Online. The drawn action was shown with its logged probability. So the event speaks for every policy whose action had
  a chance.
* Apprentice. The baseline was shown, so the event's reward is the baseline's, with weight 1. The draw that is logged
  beside it was hidden: no other action has a reward, so nothing is known of a random choice.
* LoggingOnly. The baseline was shown with probability 1, which is the same.

Of a multi-slot event its first slot counts. An event from which nothing is learned speaks for no policy, and its reward
is in no average: it was deferred and never activated, or answered again with another action, so that nobody knows which
action the reward is for, or it is in quarantine.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import reduce

from shared.configuration.service_configuration import LearningMode
from shared.log.corrected_lines import CorrectedEvent
from shared.log.line_pieces import MAX_REWARD, EventLine
from shared.log.ranked_event import RankedEvent, TrialChances
from shared.metrics.apprentice import ImitatedEvent, ceiling
from shared.metrics.bins import BIN_US, FINE_US, Bin, Details, EventOutcomes, PartMetrics, Pending, bin_us
from shared.metrics.breakdown_tally import BreakdownTally
from shared.metrics.estimators.trial_sums import TrialSums
from shared.metrics.lift_record import Lifts
from shared.metrics.model_rewards import ModelSums
from shared.metrics.open_bin import NO_EVENTS, OpenBin, absorb
from shared.metrics.recount import LoggedBin
from shared.ranking.decision import NO_MODEL

LEAST_PROBABILITY = 1e-10
"""What had less of a chance is taken to have had none."""

_FIRST_CHOSEN = (b"[1,", b"[1]")


class Tally:
    """The metrics of one part.

    Args:
        exploration: The configured one, for what a perfect apprentice could come to.
    """

    def __init__(self, exploration: float) -> None:
        self._exploration = exploration
        self._grown: dict[tuple[int, str], OpenBin] = {}
        self._undecided: dict[str, int] = defaultdict(int)
        self._outcomes: dict[int, EventOutcomes] = defaultdict(EventOutcomes)
        self._imitated: list[ImitatedEvent] = []
        self._first_us = self._last_us = self._last_rank_us = self._last_reward_us = 0
        self._open = OpenBin(-BIN_US)
        self._breakdown = BreakdownTally()
        self._trials: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def add_corrected(self, event: RankedEvent, kind: str, corrected: CorrectedEvent) -> None:
        """Count an event as it is corrected, as `add_event`."""
        self.add_event(event, kind, corrected.line, quarantined=corrected.quarantined)
        self._open.relabelled += corrected.relabelled and corrected.line.learnable

    def add_event(self, event: RankedEvent, kind: str, line: EventLine, *, quarantined: bool = False) -> None:
        """Count an event of the part; to be called in order of arrival."""
        self._last_rank_us, into = event.at_us, self._open
        decided_by = event.model_id if event.mode is LearningMode.ONLINE else NO_MODEL
        if decided_by != into.decided_by or not 0 <= event.at_us - into.from_us < FINE_US:
            into = self._open = self._bin(event.at_us - event.at_us % FINE_US, decided_by)
        counts = into.kinds.get(kind)
        if counts is None:
            counts = into.kinds[kind] = NO_EVENTS.copy()
        if quarantined and not line.answered_otherwise:
            counts[3 if line.learnable else 4] += 1
            return
        if not line.learnable:
            counts[2 if line.answered_otherwise else 1] += 1
            return
        counts[0] += 1
        reward = min(max(line.reward, -MAX_REWARD), MAX_REWARD)
        into.add(reward)
        if event.slots or event.mode is not LearningMode.ONLINE:
            self._add_other(into, event, reward)
        else:
            _add_online(into, event, reward)
        self._breakdown.add(event, reward)
        if event.trial is not None:
            self._add_trial(event.trial, event.probabilities, reward)

    def note_reward(self, at_us: int) -> None:
        """Note that a reward of an event came."""
        if at_us > self._last_reward_us:
            self._last_reward_us = at_us

    def add_lone(self, at_us: int, *, late: bool) -> None:
        """Count a reward or an activation that belongs to no event."""
        self._add(at_us, EventOutcomes(late=1) if late else EventOutcomes(dangling=1))

    def add_damaged(self, at_us: int) -> None:
        """Count an event that was damaged in storage."""
        self._add(at_us, EventOutcomes(refused=1))

    def freeze(self, part_us: int) -> PartMetrics:
        """The metrics of the part, which began at a moment."""
        bins, outcomes = self._coarse_bins(), _by_length(self._outcomes, BIN_US)
        pending = [
            events
            for at_us in sorted(bins)
            for kind, counts in sorted(bins[at_us].kinds.items())
            for events in _pending(part_us, at_us, kind, *counts)
        ]
        lifts = self._lifts(bins)
        details = self._details(lifts)
        return PartMetrics(
            _freeze(bins, outcomes),
            pending,
            self._imitated,
            self._first_us,
            self._last_us,
            lifts,
            details,
            self._models(),
            self._last_rank_us,
            self._last_reward_us,
            {trial_id: TrialSums.of(events) for trial_id, events in sorted(self._trials.items())},
        )

    def count_log(self) -> Mapping[int, LoggedBin]:
        """What the log says of each bin, by when the bin begins."""
        logged = dict[int, LoggedBin]()
        for at_us, open_bin in self._coarse_bins().items():
            counts = [sum(some) for some in zip(*open_bin.kinds.values(), strict=True)]
            logged[at_us] = LoggedBin(open_bin.freeze(EventOutcomes()), sum(counts), counts[3], counts[4])
        return logged

    def details(self) -> Details:
        """What the part adds to the metrics of the last day."""
        return self._details(self._lifts(self._coarse_bins()))

    def _details(self, lifts: Lifts) -> Details:
        """The same; without events that are damaged, which no log has."""
        logged = {at_us: outcomes._replace(refused=0) for at_us, outcomes in self._outcomes.items()}
        bins = absorb((from_us, grown) for (from_us, _), grown in self._grown.items())
        fine = _freeze(bins, _by_length(logged, FINE_US))
        return Details(fine, self._breakdown.freeze(), lifts.random)

    def _coarse_bins(self) -> dict[int, OpenBin]:
        """The bins of five minutes."""
        bins: dict[int, OpenBin] = {}
        for (at_us, _), grown in self._grown.items():
            bins.setdefault(bin_us(at_us), OpenBin(bin_us(at_us))).absorb(grown)
        return bins

    def _models(self) -> dict[str, ModelSums]:
        """What was earned with each model."""
        bins = absorb((model_id, grown) for (_, model_id), grown in self._grown.items() if grown.events)
        ids = sorted((bins.keys() | self._undecided.keys()) - {NO_MODEL})
        return {id_: bins.get(id_, OpenBin(0)).of_model(self._undecided.get(id_, 0)) for id_ in ids}

    def _bin(self, from_us: int, decided_by: str) -> OpenBin:
        grown = self._grown.get((from_us, decided_by))
        if grown is None:
            grown = self._grown[from_us, decided_by] = OpenBin(from_us, decided_by)
        return grown

    def _lifts(self, bins: Mapping[int, OpenBin]) -> Lifts:
        return reduce(Lifts.plus, (bins[at_us].lifts() for at_us in sorted(bins)), Lifts())

    def _add(self, at_us: int, outcomes: EventOutcomes) -> None:
        at_us -= at_us % FINE_US
        self._outcomes[at_us] = self._outcomes[at_us].plus(outcomes)

    def _add_trial(self, trial: TrialChances, probabilities: bytes, reward: float) -> None:
        """Count an event for both policies that its chances were mixed from; the shown action's chance comes first."""
        chance = float(probabilities[1:-1].split(b",", 1)[0])
        if chance >= LEAST_PROBABILITY:
            self._trials[trial.trial_id].append(((trial.challenger - trial.in_use) / chance, reward))

    def _add_other(self, into: OpenBin, event: RankedEvent, reward: float) -> None:
        """Count an event of several slots, or one of which the baseline was shown whatever was drawn."""
        actions, probabilities = json.loads(event.actions), json.loads(event.probabilities)
        baseline = 1
        if event.slots:
            actions, probabilities = actions[0], probabilities[0]
            baseline = event.baselines[0] if event.baselines else min(actions)
        if event.mode is LearningMode.ONLINE:
            _add_by_probabilities(into, actions, probabilities, baseline, reward)
            return
        _add_certain(into, len(actions), reward)
        mode = event.mode.value
        into.not_online[mode] = into.not_online.get(mode, 0) + 1
        self._undecided[event.model_id] += 1
        if event.mode is LearningMode.APPRENTICE:
            highest = ceiling(min(probabilities), len(probabilities), self._exploration)
            self._first_us = self._first_us if self._imitated else event.at_us
            self._last_us = event.at_us
            self._imitated.append(ImitatedEvent(reward, actions[0] == baseline, highest, event.at_us))


def _freeze(bins: Mapping[int, OpenBin], outcomes: Mapping[int, EventOutcomes]) -> list[Bin]:
    """The bins in order of time, each with what else came to its end then."""
    places = sorted(bins.keys() | outcomes.keys())
    return [bins.get(at_us, OpenBin(at_us)).freeze(outcomes.get(at_us, EventOutcomes())) for at_us in places]


def _by_length(outcomes: Mapping[int, EventOutcomes], length_us: int) -> Mapping[int, EventOutcomes]:
    """The outcomes by bins of some length; where there are none, there is no bin."""
    by_time: dict[int, EventOutcomes] = defaultdict(EventOutcomes)
    for at_us, some in outcomes.items():
        if any(some):
            by_time[at_us - at_us % length_us] = by_time[at_us - at_us % length_us].plus(some)
    return by_time


def _add_online(into: OpenBin, event: RankedEvent, reward: float) -> None:
    """Count an event of which the drawn action was shown.

    The ranking is sorted by probability, but that the drawn action has changed places with the first. So the smallest
    probability is the first one or the last.
    """
    chances = event.probabilities
    count = chances.count(b",") + 1
    last = float(chances[chances.rfind(b",") + 1 : -1]) if count > 1 else 1.0
    drawn = float(chances[1 : chances.find(b",")]) if count > 1 else 1.0
    smallest = drawn if drawn < last else last
    if smallest < LEAST_PROBABILITY:
        _add_by_probabilities(into, json.loads(event.actions), json.loads(chances), 1, reward)
        return
    first, random = into.first, into.random
    largest = 1 / smallest
    if largest > first.largest:
        first.largest = largest
    if largest > random.largest * count:
        random.largest = largest / count
    weight = 1 / drawn
    if event.actions.startswith(_FIRST_CHOSEN):
        first.add(weight, reward)
    random.add(weight / count, reward)


def _add_by_probabilities(
    into: OpenBin, actions: list[int], probabilities: list[float], baseline: int, reward: float
) -> None:
    """As `_add_online`, for any order of the ranking and for actions without a chance."""
    count, drawn, smallest = len(actions), probabilities[0], min(probabilities)
    of_baseline = probabilities[actions.index(baseline)] if baseline in actions else 0.0
    if drawn < LEAST_PROBABILITY or of_baseline < LEAST_PROBABILITY:
        into.first.pass_over(reward)
    else:
        least = smallest if smallest >= LEAST_PROBABILITY else of_baseline
        into.first.largest = max(into.first.largest, 1 / least)
        if actions[0] == baseline:
            into.first.add(1 / drawn, reward)
    if smallest < LEAST_PROBABILITY:
        into.random.pass_over(reward)
    else:
        into.random.largest = max(into.random.largest, 1 / (smallest * count))
        into.random.add(1 / (drawn * count), reward)


def _add_certain(into: OpenBin, count: int, reward: float) -> None:
    """Count an event of which the baseline was shown, without a draw."""
    for policy, speaks in ((into.first, True), (into.random, count == 1)):
        if not speaks:
            policy.pass_over(reward)
            continue
        policy.largest = max(policy.largest, 1.0)
        policy.add(1.0, reward)


def _pending(
    part_us: int, at_us: int, kind: str, learnable: int, skipped: int, otherwise: int, *quarantined: int
) -> Iterator[Pending]:
    """The events of a kind in some five minutes of a part."""
    if learnable or skipped:
        yield Pending(part_us, at_us, kind, learnable, skipped)
    if otherwise:
        yield Pending.of_answered_otherwise(part_us, at_us, kind, otherwise)
    if any(quarantined):
        yield Pending.of_quarantined(part_us, at_us, kind, *quarantined)
