"""What the loop earned action by action, and by the values of context features, in steps of five minutes.

The sums are bounded in number, by rules that give the same sums in whatever pieces they are added up:

* Of context features, those whose names come first in the alphabet, `MOST_FEATURES` in an hour.
* Of these, a feature with more than `MOST_VALUES` different values in an hour is varied: a number, an id, a free text.
  Its values are not held.
* Of actions, the `MOST_ACTIONS` that were shown most often in a step; the others are added up together. Only where
  there are more may the pieces matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import add, sub
from typing import NamedTuple

from shared.stored_objects import StoredObject
from shared.times import HOUR, MINUTE

STEP_US = 5 * MINUTE
MOST_ACTIONS = 100
MOST_FEATURES = 30
MOST_VALUES = 40
MOST_MODELS = 3


class Cell(NamedTuple):
    """Sums over some events: how many, of their rewards, of the squares of their rewards."""

    events: int = 0
    rewards: float = 0.0
    squares: float = 0.0

    def plus(self, other: "Cell") -> "Cell":
        """The sums of both."""
        return Cell(*map(add, self, other))

    def minus(self, other: "Cell") -> "Cell":
        """The sums over the events that the other has not."""
        return Cell(*map(sub, self, other))


type Cells = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Step(StoredObject):
    """The sums of five minutes, over the events that count in the metrics.

    Attributes:
        total: Over all of them.
        lowest: Their lowest reward; at most 0, as `highest` is at least 0.
        actions: By the id of the action that was shown; of a multi-slot event in its first slot.
        others: Over the actions that are not held.
        features: By the path of a context feature, then by its value as JSON text.
        varied: The features of which no values are held.
    """

    from_us: int
    total: Cell = field(default_factory=Cell)
    lowest: float = 0.0
    highest: float = 0.0
    actions: Cells = field(default_factory=dict)
    others: Cell = field(default_factory=Cell)
    features: Mapping[str, Cells] = field(default_factory=dict)
    varied: tuple[str, ...] = ()

    def plus(self, other: "Step") -> "Step":
        """The sums of both, not bounded yet."""
        names = {*self.features, *other.features}
        return replace(
            self,
            total=self.total.plus(other.total),
            lowest=min(self.lowest, other.lowest),
            highest=max(self.highest, other.highest),
            actions=add_cells(self.actions, other.actions),
            others=self.others.plus(other.others),
            features={name: add_cells(self.features.get(name, {}), other.features.get(name, {})) for name in names},
            varied=tuple({*self.varied, *other.varied}),
        )


@dataclass(frozen=True, slots=True)
class Choices(StoredObject):
    """How much the most probable action changes with the context: sums over pairs of Online events.

    A pair are two events, one after the other, of the same model, with different contexts and with several actions
    each, among which are the most probable actions of both.

    Attributes:
        same: Pairs of which both events have the same most probable action.
        action: The most probable action of the last pair, by its id.
        models: The ids of the last models.
    """

    pairs: int = 0
    same: int = 0
    action: str | None = None
    models: tuple[str, ...] = ()

    def plus(self, later: "Choices") -> "Choices":
        """The sums of both."""
        action = self.action if later.action is None else later.action
        models = tuple(dict.fromkeys((*self.models, *later.models)))[-MOST_MODELS:]
        return replace(self, pairs=self.pairs + later.pairs, same=self.same + later.same, action=action, models=models)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The sums that one joined part adds."""

    steps: Sequence[Step] = ()
    choices: Choices = field(default_factory=Choices)


def add_cells(some: Cells, others: Cells) -> Cells:
    """The sums of both, name by name."""
    cells = dict(some)
    for name, cell in others.items():
        cells[name] = cells[name].plus(cell) if name in cells else cell
    return cells


def merge(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps in order of time, those of the same five minutes added up, and bounded."""
    by_time: dict[int, Step] = {}
    for step in steps:
        before = by_time.get(step.from_us)
        by_time[step.from_us] = step if before is None else before.plus(step)
    ordered = [by_time[at_us] for at_us in sorted(by_time)]
    hours = groupby(ordered, key=lambda step: step.from_us // HOUR)
    return tuple(step for _, of_hour in hours for step in _limit(list(of_hour)))


def combine(shards: Sequence[Breakdown]) -> Breakdown:
    """The sums of a part from those of its shards."""
    choices = Choices()
    for shard in shards:
        choices = choices.plus(shard.choices)
    return Breakdown(merge(step for shard in shards for step in shard.steps), choices)


def _limit(steps: Sequence[Step]) -> list[Step]:
    """The steps of an hour, within the bounds."""
    values: dict[str, set[str]] = defaultdict(set)
    for step in steps:
        for name, cells in step.features.items():
            values[name].update(cells)
    varied = {name for step in steps for name in step.varied}
    varied |= {name for name, different in values.items() if len(different) > MOST_VALUES}
    names = sorted({*values, *varied})[:MOST_FEATURES]
    return [_limit_step(step, names, varied) for step in steps]


def _limit_step(step: Step, names: Sequence[str], varied: set[str]) -> Step:
    features = {name: step.features[name] for name in names if name in step.features and name not in varied}
    actions, others = step.actions, step.others
    if len(actions) > MOST_ACTIONS:
        by_events = sorted(actions, key=lambda action: (-actions[action].events, action))
        for action in by_events[MOST_ACTIONS:]:
            others = others.plus(actions[action])
        actions = {action: actions[action] for action in by_events[:MOST_ACTIONS]}
    kept = tuple(name for name in names if name in varied)
    return replace(step, actions=actions, others=others, features=features, varied=kept)
