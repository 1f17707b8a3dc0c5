"""The lineage of a model: all the runs of the learner that made it, checked byte by byte against the log."""

import hashlib
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import orjson

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.learner.arguments import parse
from shared.log import log_line, stored_lines
from shared.log.corrected_lines import CorrectedLines
from shared.log.ranked_event import line_kind
from shared.models import model_store
from shared.models.model_description import ModelDescription
from shared.models.published import sha256_in
from shared.times import from_iso
from tests.simulation import chained_learner
from tests.simulation.outcome import GivenModel, Outcome

_FOLDS: Final[Mapping[Aggregation, Callable[[Sequence[float]], float]]] = {
    Aggregation.EARLIEST: lambda rewards: rewards[0],
    Aggregation.MEDIAN: statistics.median,
    Aggregation.SUM: sum,
    Aggregation.MIN: min,
    Aggregation.MAX: max,
}

type _Event = tuple[str, str]
"""Id and time of arrival."""


def settle(event: Mapping[str, Any], rewards: RewardSettings) -> float:
    """The reward of an event in the log under some settings: those that came in time, folded."""
    ends_us = from_iso(event["Timestamp"]) + rewards.wait_us
    values = [each["v"] for each in event["o"] if "v" in each and from_iso(each["t"]) < ends_us]
    return float(_FOLDS[rewards.aggregation](values)) if values else rewards.default


def label(event: Mapping[str, Any], rewards: RewardSettings) -> float:
    """What a model learns of an event: its reward; of one of an apprentice, whether the first action was drawn."""
    if event.get("Mode") == LearningMode.APPRENTICE:
        return float(event["_label_Action"] == 1)
    return settle(event, rewards)


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a model was made of.

    Attributes:
        state: Its training state.
        predictor: What Rank loads.
        states: The training states after each line that it learned; pieces may have had other ends.
        paths: The log blobs that were learned to their ends, in the order of learning.
        learned: How many lines taught something.
        rewards: The settings under which the last lines were labelled; None if it has learned no log.
        modes: The learning modes of the runs of the learner, in order, that of an evaluation first.
        first_online: The first log blob that was learned Online; None if none was.
        descriptions: Of the runs of the learner, in order.
    """

    state: bytes
    predictor: bytes
    states: frozenset[bytes]
    paths: tuple[str, ...]
    learned: int
    rewards: RewardSettings | None
    modes: tuple[LearningMode, ...]
    first_online: str | None
    descriptions: tuple[ModelDescription, ...]


def trace(outcome: Outcome, state_blob: str) -> Lineage:
    """Trace a model back to an empty one, or to one that the loop was given, and make it again on the way."""
    descriptions = list(_descriptions(outcome, state_blob))[::-1]
    earliest = descriptions[0][1].earlier_state if descriptions else state_blob
    first = _given(outcome, earliest)
    made, paths = _Made(outcome, first), [*first.logs]
    for path, description in descriptions:
        paths += [log for log in description.logs if log not in paths[-1:] or not made.is_within(log)]
        made.learn(path, description)
    made.end()
    rewards = descriptions[-1][1].rewards if descriptions else first.rewards
    predictor = chained_learner.predict(made.state) if descriptions else first.predictor
    learned = [(first.mode, first.logs)] if first.mode and first.logs else []
    learned += [(description.mode, description.logs) for _, description in descriptions]
    modes = tuple(mode for mode, _ in learned)
    online = (logs[0] for mode, logs in learned if mode is LearningMode.ONLINE)
    states = frozenset(made.states)
    first_online, all_of_them = next(online, None), tuple(description for _, description in descriptions)
    return Lineage(made.state, predictor, states, tuple(paths), made.learned, rewards, modes, first_online, all_of_them)


def _given(outcome: Outcome, state_blob: str | None) -> GivenModel:
    """What the trainer has begun with: nothing, or a model that was imported or applied."""
    if state_blob is None:
        return GivenModel(b"", b"")
    given = outcome.acknowledged.given[sha256_in(state_blob)]
    assert outcome.versions(state_blob)[-1] == given.state, state_blob
    return given


def _descriptions(outcome: Outcome, state_blob: str | None) -> Iterator[tuple[str, ModelDescription]]:
    """How a model was made, and the models before it, the newest first; also those that were deleted since.

    Models that the loop was given have no description.
    """
    while state_blob is not None and (texts := outcome.versions(model_store.description_path(state_blob))):
        description = ModelDescription.read(texts[-1])
        yield state_blob, description
        state_blob = description.earlier_state


class _Made:
    """A model that is made again, one run of the learner after the other.

    Attributes:
        learned: How many lines taught something so far.
        states: The training states after each line so far.
    """

    def __init__(self, outcome: Outcome, first: GivenModel) -> None:
        self.state = first.state
        self.learned = first.events
        self.states = [first.state]
        self._outcome = outcome
        self._begun: tuple[str, set[_Event], list[bytes]] = "", set(), []
        """The log blob of which some lines were learned, these, and all of its lines that the model learns from."""

    def is_within(self, log: str) -> bool:
        """Whether some lines of a log blob, and not all that teach something, were learned so far."""
        return self._begun[0] == log

    def learn(self, state_blob: str, description: ModelDescription) -> None:
        """Make the next model; of a log blob that was redacted since, each version may be the one that was learned."""
        if not description.earlier_state:
            arguments = parse(description.arguments).with_epsilon(description.exploration)
            self.state = chained_learner.begin(list(arguments))
            self.states.append(self.state)
        kind, held = line_kind("cb", description.mode), CorrectedLines(description.corrections)
        for contents in product(*(self._outcome.versions(path)[::-1] for path in description.logs)):
            lines = [
                [
                    line if log_line.kind(line) == kind and not held.is_quarantined(line) else b"{}"
                    for line in stored_lines.read_lines(each, None, description.rewards)
                ]
                for each in contents
            ]
            states = self._chain(description, lines)
            if hashlib.sha256(states[-1]).hexdigest() == sha256_in(state_blob):
                self._go_on(description, lines)
                self.state, self.learned = states[-1], self.learned + len(states) - 1
                self.states += states
                assert self.learned == description.events, state_blob
                return
        raise AssertionError(f"{description.logs} do not make {state_blob}")

    def _chain(self, description: ModelDescription, lines: list[list[bytes]]) -> list[bytes]:
        """The training states before the lines of a description, and after each that is learned."""
        first, after = description.lines or (0, None)
        piece = [
            line
            for path, of_blob in zip(description.logs, lines, strict=True)
            for place, line in enumerate(of_blob)
            if first <= place and (after is None or place < after) and place not in description.left_out.get(path, ())
        ]
        learned = list(filter(chained_learner.is_learned, piece))
        for event in map(orjson.loads, learned):
            assert event["_label_cost"] == -label(event, description.rewards), f"{event['EventId']} has another label"
        corrections = CorrectedLines(description.corrections)
        corrected = (corrections.relabel(line, description.rewards) for line in piece)
        return list(chained_learner.chain_each(self.state, corrected))

    def _go_on(self, description: ModelDescription, lines: list[list[bytes]]) -> None:
        """See that no line before these was left out, and none learned twice; keep those learned of the blob.

        By their events: a state that can be made in several ways has the description of one of them, and a redaction
        may have changed lines, and the places of those behind.
        """
        first, after = description.lines or (0, None)
        path, learned = description.logs[0], set[_Event]()
        if self.is_within(path):
            learned = self._begun[1]
        else:
            self.end()
        piece = _learned_events(lines[0][first:after])
        assert not learned & piece, f"lines of {path} were learned twice"
        assert _learned_events(lines[0][:first]) <= learned, f"lines of {path} were not learned"
        self._begun = ("", set(), []) if after is None else (path, learned | piece, lines[0])

    def end(self) -> None:
        """See that no line that teaches something is left of the last blob."""
        path, learned, lines = self._begun
        assert _learned_events(lines) <= learned, f"the rest of {path} was not learned"


def _learned_events(lines: Iterable[bytes]) -> set[_Event]:
    """The events of the lines that teach something."""
    members = map(orjson.loads, filter(chained_learner.is_learned, lines))
    return {(event["EventId"], event["Timestamp"]) for event in members}
