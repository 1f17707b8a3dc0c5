"""The observations of a window that moves on with the join; each row is read once a run."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from shared.intake import scan
from shared.intake.rows import Observation, read_observation
from shared.intake.scan import Tables
from shared.intake.sharding import JoinShard
from shared.times import MINUTE
from train_timer.intake_reads import Ahead, longest_deadline_us, select_rows, weigh_minute


class Observations:
    """The observations of a window that moves on with the join, without those that were logged in this run.

    Attributes:
        deadline_us: The longest write deadline of the rows that were read.
    """

    def __init__(self, tables: Tables, shard: JoinShard, from_us: int, to_us: int) -> None:
        """Begin to read.

        Args:
            to_us: The arrival time up to which this run may need observations.
        """
        self.deadline_us = 0
        query = select_rows("rewards", shard, from_us, max(from_us, to_us))
        self._coming = Ahead(scan.slices(tables, query), weigh_minute)
        self._ordered: deque[Observation] = deque()
        self._logged: set[Observation] = set()
        self.of_event: dict[str, list[Observation]] = {}

    def move(self, from_us: int, to_us: int) -> None:
        """Move the window to all observations of [from_us, to_us)."""
        self.move_some(from_us, to_us, None)

    def move_some(self, from_us: int, to_us: int, most: int | None) -> int:
        """Move the window to the first observations of [from_us, to_us): to little more than so many; gives its end."""
        self._drop_before(from_us)
        while (minute := self._coming.peek()) is not None and minute[0] - MINUTE < to_us:
            if most is not None and len(self._ordered) >= most:
                return minute[0] - MINUTE
            self._coming.take()
            self.deadline_us = max(self.deadline_us, longest_deadline_us(minute[1]))
            for observation in sorted(map(read_observation, minute[1]), key=observation_order):
                self._ordered.append(observation)
                self.of_event.setdefault(observation.event_id, []).append(observation)
            self._drop_before(from_us)
        return to_us

    def between(self, from_us: int, to_us: int) -> Iterator[Observation]:
        """The observations of the window that arrived in [from_us, to_us) and were not logged in this run."""
        for observation in self._ordered:
            if observation.at_us >= to_us:
                return
            if observation.at_us >= from_us and observation not in self._logged:
                yield observation

    def remove_logged(self, logged: Iterable[tuple[str, str]]) -> None:
        """Remove observations that are in the log now, and their repetitions."""
        ids: defaultdict[str, set[str]] = defaultdict(set)
        for event_id, observation_id in logged:
            ids[event_id].add(observation_id)
        for event_id, gone in ids.items():
            observations = self.of_event.pop(event_id, [])
            self._logged.update(row for row in observations if row.observation_id in gone)
            if left := [row for row in observations if row.observation_id not in gone]:
                self.of_event[event_id] = left

    def _drop_before(self, before_us: int) -> None:
        while self._ordered and self._ordered[0].at_us < before_us:
            self._drop(self._ordered.popleft())

    def _drop(self, observation: Observation) -> None:
        if observation in self._logged:
            self._logged.remove(observation)
            return
        left = self.of_event[observation.event_id]
        del left[0]  # the oldest of its event goes first
        if not left:
            del self.of_event[observation.event_id]


def observation_order(observation: Observation) -> tuple[int, str, str]:
    return observation.at_us, observation.event_id, observation.observation_id
