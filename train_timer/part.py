"""The log of one part while it is written: its lines, and what is counted of them."""

import gzip
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from shared.intake.rows import Observation
from shared.log import marks, ranked_event
from shared.log.corrected_lines import CorrectedLines
from shared.log.join import Arrival, Join, Joined, Lone, Repetitions, Requests
from shared.log.log_line import event_line, lone_line
from shared.log.ranked_event import RankedEvent
from shared.metrics.tally import Tally
from shared.training.cursor import Counters
from shared.training.training_state import Intent
from train_timer.profiler import Profiler
from train_timer.reward_tally import RewardTally

type Payload = Callable[[], bytes]
"""Reads the payload of a row."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class PartContent:
    """What is counted of a part while its log is written.

    Attributes:
        unpacked_bytes: The size of the lines.
        marks: Of its events and observations.
        outcomes: Values of `Counters`, by name.
    """

    tally: Tally
    rewarded: RewardTally
    lines: int = 0
    unpacked_bytes: int = 0
    events: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    answered_otherwise: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    marks: list[int] = field(default_factory=list)
    outcomes: dict[str, Any] = field(default_factory=lambda: defaultdict(int))

    @property
    def counters(self) -> Counters:
        """The events and observations by outcome."""
        return Counters(**self.outcomes)


@dataclass(slots=True)
class Part:
    """One part that is being joined.

    Attributes:
        join: Gives each event its observations.
        repetitions: The repetitions of the part's events, also those that came after the part.
        requests: The requests so far.
        event_marks: The marks of the part's events, by their ids.
        logged: Which marks are in earlier log.
        corrections: Of its events.
    """

    intent: Intent
    join: Join
    repetitions: Repetitions[Payload]
    requests: Requests
    event_marks: Mapping[str, int]
    logged: Set[int]
    profiler: Profiler | None
    content: PartContent
    corrections: CorrectedLines

    def write(self, log: gzip.GzipFile, events: Iterable[tuple[Arrival, bytes]], ready: Iterable[Observation]) -> None:
        """Write the lines of the part's events, in order of arrival, and of the observations without event."""
        for arrival, payload in events:
            if (event := self._read(arrival, payload)) is not None:
                self._write_event(log, arrival, event)
        for lone in self._lone(ready):
            self._write_lone(log, lone)

    def _read(self, arrival: Arrival, payload: bytes) -> RankedEvent | None:
        """Read an event to log; None for a row that is none."""
        # Also checked for deleted events: a repetition of a deleted event is no event.
        is_event = self.requests.is_event(arrival)
        if arrival.at_us < self.intent.deleted_before_us:
            return None
        if not is_event:
            self.content.outcomes["repeated"] += 1
            return None
        try:
            return ranked_event.unpack(payload, arrival.event_id, arrival.at_us)
        except ValueError:
            _log.warning("an event of %s was damaged in storage and is left out", arrival.at_us)
            self.content.outcomes["refused"] += 1
            self.content.tally.add_damaged(arrival.at_us)
            return None

    def _write_event(self, log: gzip.GzipFile, arrival: Arrival, event: RankedEvent) -> None:
        content, rewards = self.content, self.intent.rewards
        mark = self.event_marks[arrival.event_id]
        reused = self.join.has_event(arrival.event_id) or mark in self.logged
        joined = self.join.event(arrival)
        otherwise = _is_answered_otherwise(event, self.repetitions.of(arrival))
        line = event_line(event, joined.observations, rewards, answered_otherwise=otherwise)
        self._write_line(log, line.text)
        if self.profiler is not None:
            self.profiler.add(arrival.at_us, event.document)
        content.marks += [mark, *map(mark_of, joined.observations)]
        kind = event.kind
        content.events[kind] += 1
        content.answered_otherwise[kind] += otherwise
        content.tally.add_corrected(event, kind, self.corrections.correct(line, rewards))
        is_rewarded = _count_event(content, joined, rewards.default)
        if line.learnable:
            content.rewarded.add(arrival.at_us, is_rewarded=is_rewarded)
        content.outcomes["reused_ids"] += reused
        content.outcomes["single_action"] += not event.slots and b"," not in event.actions
        content.outcomes["activated"] += event.deferred and any(row.value is None for row in joined.observations)

    def _lone(self, ready: Iterable[Observation]) -> Iterator[Lone]:
        wanted = [observation for observation in ready if observation.at_us >= self.intent.deleted_before_us]
        yield from self.join.lone(wanted, lambda event_id: marks.event_mark(event_id) in self.logged)

    def _write_lone(self, log: gzip.GzipFile, lone: Lone) -> None:
        self._write_line(log, lone_line(lone.observation, late=lone.late))
        self.content.marks.append(mark_of(lone.observation))
        self.content.outcomes["late" if lone.late else "dangling"] += 1
        self.content.tally.add_lone(lone.observation.at_us, late=lone.late)

    def _write_line(self, log: gzip.GzipFile, text: bytes) -> None:
        log.write(text + b"\n")
        self.content.lines += 1
        self.content.unpacked_bytes += len(text) + 1


def mark_of(observation: Observation) -> int:
    """The mark of an observation."""
    return marks.observation_mark(observation.event_id, observation.observation_id)


def _is_answered_otherwise(event: RankedEvent, repetitions: Iterable[Payload]) -> bool:
    """Whether the answer to a repetition may have shown something else; what it was is not known if it is damaged."""
    for payload in repetitions:
        try:
            if not event.shows_like(ranked_event.unpack(payload(), event.event_id, event.at_us)):
                return True
        except ValueError:
            return True
    return False


def _count_event(content: PartContent, joined: Joined, default: float) -> bool:
    """Count an event by its rewards; gives whether it has any."""
    outcomes, is_rewarded = content.outcomes, False
    outcomes["events"] += 1
    for row in joined.observations:
        if (value := row.value) is not None:
            is_rewarded = True
            content.tally.note_reward(row.at_us)
            outcomes["rewards"] += 1
            outcomes["out_of_range"] += abs(value) > 1
            outcomes["unlike_default"] += value != default
    return is_rewarded
