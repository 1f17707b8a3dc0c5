"""The warning of a model that prefers one action whatever the context: for those that should not, and for no others."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest

from shared.configuration.configuration import Configuration, new_configuration
from shared.configuration.service_configuration import LearningMode
from shared.learner import features
from shared.log.line_pieces import EventLine
from shared.log.ranked_event import RankedEvent, from_decision
from shared.metrics.recent import Recent
from shared.metrics.tally import Tally
from shared.models.published import Published
from shared.ranking.decision import decide
from shared.status.collapse_warnings import ENOUGH_PAIRS, collapse_warnings, examine, is_to_be_examined, suspect
from shared.status.warnings import LoopWarning
from shared.times import HOUR, SECOND
from shared.training.configuration_changes import new_state
from shared.training.training_state import State

START_US = 490_000 * HOUR
CONFIGURATION = new_configuration(4)
_PART = 100
_EXPLORATION = 0.2


@dataclass(frozen=True)
class World:
    """What is earned: `mean` by the context's group and the action; and which action a model prefers in a group."""

    actions: int
    groups: int
    mean: Callable[[int, int], float]
    prefers: Callable[[int, int], int]
    exploration: float = _EXPLORATION
    offered: float = 1.0


def suits(high: float, low: float) -> Callable[[int, int], float]:
    """Each action suits one group."""
    return lambda group, action: high if group == action else low


def one_best(high: float, low: float) -> Callable[[int, int], float]:
    """One action is the best one for everybody."""
    return lambda _, action: high if action == 0 else low


def always(action: int) -> Callable[[int, int], int]:
    """A model that prefers one action."""
    return lambda _group, _number: action


def by_group(group: int, _number: int) -> int:
    """A model that prefers what suits."""
    return group


def wandering(_group: int, number: int) -> int:
    """Models that each prefer one action, another one from model to model."""
    return number // 300 % 3


@cache
def _document(group: int, noise: int, actions: tuple[int, ...]) -> bytes:
    context = [{"user": {"kind": f"k{group}"}}, {"noise": noise}]
    return features.document(context, [(f"a{action}", [{"x": action}]) for action in actions])


@dataclass(frozen=True)
class Lived:
    """What is kept of a loop's events."""

    recent: Recent
    events: list[tuple[RankedEvent, float]]

    def state(self) -> State:
        """The commit record."""
        return replace(new_state(CONFIGURATION, Published()), recent=self.recent)

    def warnings(self, configuration: Configuration = CONFIGURATION) -> list[LoopWarning]:
        """The warnings of the status."""
        recent = self.recent
        if is_to_be_examined(recent):
            recent = replace(recent, collapse=examine(recent, self.events))
        return collapse_warnings(replace(self.state(), recent=recent), configuration)


def live(world: World, events: int, seed: int = 1, before: Lived | None = None) -> Lived:
    """Live a loop's events, which are joined in parts; a new model comes every 300 events."""
    chance, lived = random.Random(seed), before or Lived(Recent(0, START_US), [])
    for first in range(0, events, _PART):
        tally = Tally(world.exploration)
        begins_us, events = lived.recent.up_to_us, [*lived.events]
        for number in range(first, first + _PART):
            at_us = begins_us + (number - first) * SECOND
            event, line = _rank(world, chance, number, at_us)
            tally.add_event(event, "cb", line)
            events.append((event, line.reward))
        details = tally.details()
        recent = lived.recent.plus(details, begins_us, begins_us + _PART * SECOND)
        lived = Lived(recent, events)
    return lived


def _rank(world: World, chance: random.Random, number: int, at_us: int) -> tuple[RankedEvent, EventLine]:
    group = chance.randrange(world.groups)
    offered = tuple(action for action in range(world.actions) if chance.random() < world.offered) or (0,)
    preferred = world.prefers(group, number)
    best = offered.index(preferred) if preferred in offered else 0
    chances = [
        world.exploration / len(offered) + (1 - world.exploration) * (place == best) for place in range(len(offered))
    ]
    decision = decide(chances, f"m{number // 300}", f"{at_us}", "l")
    document = _document(group, chance.randrange(4), offered)
    event = from_decision(f"{at_us}", at_us, document, decision, deferred=False)
    reward = float(chance.random() < world.mean(group, offered[decision.order[0]]))
    return event, EventLine(b"", reward, learnable=True)


FAULTY = {
    "three groups": World(3, 3, suits(0.9, 0.1), always(1)),
    "two groups": World(2, 2, suits(0.8, 0.2), always(0)),
    "another action from model to model": World(3, 3, suits(0.9, 0.1), wandering),
    "not always offered": World(3, 3, suits(0.9, 0.1), always(1), offered=0.8),
    "little exploration": World(3, 3, suits(0.9, 0.1), always(1), exploration=0.1),
}
HEALTHY = {
    "learned": World(3, 3, suits(0.9, 0.1), by_group),
    "one action is best": World(4, 3, one_best(0.5, 0.3), always(0)),
    "one action is a little better": World(4, 3, one_best(0.5, 0.45), always(0)),
    "rare rewards": World(4, 3, one_best(0.03, 0.02), always(0)),
    "nothing matters": World(4, 3, one_best(0.4, 0.4), always(2)),
    "one context": World(3, 1, suits(0.1, 0.9), always(0)),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_model_that_the_context_does_not_change_is_told(name: str) -> None:
    """Within 1,500 events, or 3,000 at little exploration; with action, share, count, a feature, and what to do."""
    lived = live(FAULTY[name], 1500 if FAULTY[name].exploration == _EXPLORATION else 3000)

    (warning,) = lived.warnings()

    assert warning.code == "ModelCollapsed"
    last = suspect(lived.recent)
    assert last is not None
    assert f"In {last.choices.same:,} of {last.choices.pairs:,} events" in warning.message
    assert f"at last it was {last.choices.action}." in warning.message
    assert "With some values of user.kind" in warning.message
    assert "k0" not in warning.message
    assert "-q ::" in warning.what_to_do


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_loop_is_not_warned(name: str) -> None:
    """Also where it prefers one action, and rightly so; looked at after every few hundred events."""
    warnings = []
    for seed in range(3):
        lived = None
        for _ in range(5):
            lived = live(HEALTHY[name], 400, seed, lived)
            warnings += lived.warnings()

    assert warnings == []


def test_it_takes_enough_events_and_three_models() -> None:
    """The first model may prefer one action, while the next ones learn better from more events."""
    world = replace(FAULTY["two groups"], mean=suits(1.0, 0.0))
    few, many = live(world, ENOUGH_PAIRS - 100), live(world, 1000)
    chunks = tuple(replace(chunk, choices=replace(chunk.choices, models=("m",))) for chunk in many.recent.chunks)

    assert few.warnings() == []
    assert len(many.warnings()) == 1
    assert Lived(replace(many.recent, chunks=chunks), many.events).warnings() == []


def test_it_ends_when_the_context_matters_again() -> None:
    """As soon as the last 500 events are others."""
    lived = live(FAULTY["three groups"], 1500)

    mended = live(HEALTHY["learned"], 100, before=lived)

    assert (len(lived.warnings()), mended.warnings()) == (1, [])


def test_only_an_online_loop_is_told() -> None:
    """An apprentice shows the first action, whatever the context."""
    lived = live(FAULTY["three groups"], 1500)
    apprentice = replace(CONFIGURATION.service, learning_mode=LearningMode.APPRENTICE)

    assert lived.warnings(replace(CONFIGURATION, service=apprentice)) == []
    assert suspect(None) is None
