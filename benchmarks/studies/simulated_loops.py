"""Simulated loops that learn from their own log, in this process: worlds of known rewards, and what is logged there.

Vowpal Wabbit itself chooses and learns; the model in use is renewed every 200 events, and until the first one all
actions have equal chances, as the product does it.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vowpalwabbit

from shared.configuration.configuration import RewardSettings
from shared.configuration.exploration import Exploration, TrialExploration
from shared.configuration.reward_aggregation import Aggregation
from shared.intake.rows import Observation
from shared.learner import arguments
from shared.log import log_line
from shared.log.line_pieces import EventLine
from shared.log.ranked_event import RankedEvent
from shared.times import MINUTE

REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
BEGIN_US = 1_700_000_000_000_000
APART_US = MINUTE // 2
"""From one event to the next: 20,000 of them take a week."""
RENEWED_AFTER = 200
"""Events with the same model."""


@dataclass(frozen=True, slots=True)
class World:
    """What can be met, and what it is worth.

    Attributes:
        documents: The features of the events there are, as Vowpal Wabbit reads them; each is met equally often.
        means: The mean reward of each action, one row a document; from 0 to 1.
        is_continuous: Whether rewards are uniform in [0, 2·mean], else 0 or 1.
        is_in_order: Whether the documents are met in their order, from the first again after the last; else at random.
    """

    name: str
    documents: Sequence[bytes]
    means: np.ndarray
    is_continuous: bool = False
    is_in_order: bool = False

    @property
    def actions(self) -> int:
        """How many there are in every event."""
        return int(self.means.shape[1])

    def meet(self, number: int, draw: float) -> int:
        """Which document the event of a number has; `draw` is uniform in [0, 1)."""
        return number % len(self.documents) if self.is_in_order else int(draw * len(self.documents))

    def reward(self, document: int, action: int, draw: float) -> float:
        """What an action earns; `draw` is uniform in [0, 1)."""
        mean = float(self.means[document, action])
        return round(2 * mean * draw, 3) if self.is_continuous else float(draw < mean)


@dataclass(frozen=True, slots=True)
class Visit:
    """One event of a loop.

    Attributes:
        document: Which of the world's documents was met.
        chances: Of each action of the document.
        surpluses: What each action would have counted for the challenger; 0 without one.
        action: The position of the action that was shown.
        line: What is logged.
    """

    document: int
    chances: np.ndarray
    surpluses: np.ndarray
    action: int
    event: RankedEvent
    line: EventLine


class SimulatedLoop:
    """A loop that lives in a world and learns from its own log; it can have a challenger for some time.

    Attributes:
        lines: The log so far, one line an event.
    """

    def __init__(self, world: World, learning: str, exploration: Exploration, seed: int) -> None:
        """Make a loop without a model.

        Args:
            exploration: Takes effect only if the learning arguments have an exploration rate.
        """
        self.lines: list[bytes] = []
        self._world = world
        self._learning, self._exploration = learning, exploration
        self._chance = np.random.default_rng(seed)
        self._in_use = _Model(learning, exploration, self.lines)
        self._challenger: _Model | None = None
        self._mix: Callable[[Sequence[float], Sequence[float]], list[float]] | None = None

    @property
    def has_challenger(self) -> bool:
        """Whether one is on trial."""
        return self._challenger is not None

    def live(self) -> Iterator[Visit]:
        """The next events, in order of arrival, with the models as they are now; all of them are to be taken."""
        begin, world = len(self.lines), self._world
        numbers = range(begin, begin + RENEWED_AFTER)
        draws = self._chance.random((RENEWED_AFTER, 3))
        documents = [world.meet(number, met) for number, met in zip(numbers, draws[:, 0], strict=True)]
        chances = {document: self._chances(document, has_model=begin > 0) for document in dict.fromkeys(documents)}
        for number, document, (_, drawn, earned) in zip(numbers, documents, draws, strict=True):
            visit = _visit(world, document, *chances[document], number, drawn, earned)
            self.lines.append(visit.line.text)
            self._in_use.learn(visit.line.text)
            if self._challenger:
                self._challenger.learn(visit.line.text)
            yield visit

    def begin_trial(self, learning: str, exploration: TrialExploration) -> None:
        """Put a challenger on trial, which has learned the log so far, in place of another one if there is one."""
        self.end_trial(exploration.of_models)
        self._challenger = _Model(learning, exploration.of_models, self.lines)
        self._mix = exploration.mix

    def end_trial(self, exploration: Exploration | None = None) -> None:
        """Go on without a challenger.

        Args:
            exploration: What the model in use is asked with from now on; None for what it is without a challenger.
        """
        self.close()
        self._in_use = _Model(self._learning, exploration or self._exploration, self.lines)
        self._challenger = self._mix = None

    def close(self) -> None:
        """Free the models."""
        self._in_use.close()
        if self._challenger:
            self._challenger.close()

    def _chances(self, document: int, *, has_model: bool) -> tuple[np.ndarray, np.ndarray]:
        """The chances of each action of a document, and its surpluses; equal chances if there is no model yet."""
        actions, features = self._world.actions, self._world.documents[document]
        if not has_model:
            return np.full(actions, 1 / actions), np.zeros(actions)
        in_use = self._in_use.predict(features, actions)
        if self._challenger is None or self._mix is None:
            return np.array(in_use), np.zeros(actions)
        challenger = self._challenger.predict(features, actions)
        mixed = np.array(self._mix(in_use, challenger))
        return mixed, (np.array(challenger) - np.array(in_use)) / mixed


def log_of(world: World, learning: str, exploration: Exploration, events: int, seed: int) -> list[bytes]:
    """The log of a loop that lives in a world, one line an event."""
    return [visit.line.text for visit in visits(world, learning, exploration, events, seed)]


def visits(world: World, learning: str, exploration: Exploration, events: int, seed: int) -> Iterator[Visit]:
    """The events of a loop that lives in a world, in order of arrival.

    Args:
        exploration: Takes effect only if the learning arguments have an exploration rate.
    """
    loop = SimulatedLoop(world, learning, exploration, seed)
    for begin in range(0, events, RENEWED_AFTER):
        for number, visit in enumerate(loop.live(), begin):
            if number < events:
                yield visit
    loop.close()


class _Model:
    """A model that goes on learning, and predicts with an exploration."""

    def __init__(self, learning: str, exploration: Exploration, lines: Sequence[bytes]) -> None:
        """Make a model that has learned some lines."""
        parsed = arguments.parse(learning)
        options = [*parsed.with_epsilon(exploration.of_learner), "--dsjson", "--quiet"]
        self._add_default = exploration.add_default if parsed.has_epsilon else list[float]
        with tempfile.TemporaryDirectory() as folder:
            if lines:
                log = Path(folder) / "log.dsjson"
                log.write_bytes(b"\n".join(lines) + b"\n")
                options += ["-d", str(log)]
            self._workspace = vowpalwabbit.Workspace(arg_list=options)

    def learn(self, line: bytes) -> None:
        examples = self._workspace.parse(line.decode())
        self._workspace.learn(examples)
        self._workspace.finish_example(examples)

    def predict(self, document: bytes, actions: int) -> list[float]:
        """The chances of each action."""
        examples = self._workspace.parse(_question(document, actions))
        self._workspace.predict(examples)
        scores = examples[0].get_action_scores()
        self._workspace.finish_example(examples)
        total = sum(scores)
        return self._add_default([score / total for score in scores])

    def close(self) -> None:
        self._workspace.finish()


def _question(document: bytes, actions: int) -> str:
    """A line without label, to be predicted only."""
    places, chances = [*range(1, actions + 1)], [1 / actions] * actions
    return f'{{"EventId":"asked","a":{places},"c":{document.decode()},"p":{chances}}}'


def _visit(
    world: World, document: int, row: np.ndarray, surpluses: np.ndarray, number: int, drawn: float, earned: float
) -> Visit:
    """One event: what was drawn and earned."""
    action = min(int(np.searchsorted(np.cumsum(row), drawn * row.sum(), side="right")), world.actions - 1)
    order = [action, *(other for other in range(world.actions) if other != action)]
    at_us, event_id = BEGIN_US + number * APART_US, f"e{number}"
    event = RankedEvent(
        event_id,
        at_us,
        world.documents[document],
        b"[%b]" % b",".join(b"%d" % (place + 1) for place in order),
        b"[%b]" % b",".join(repr(float(row[place])).encode() for place in order),
        "simulated",
        deferred=False,
    )
    reward = world.reward(document, action, earned)
    observations = [Observation(event_id, f"o{number}", at_us + MINUTE, reward, None)] if reward else []
    return Visit(document, row, surpluses, action, event, log_line.event_line(event, observations, REWARDS))
