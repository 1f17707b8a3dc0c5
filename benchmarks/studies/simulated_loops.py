"""Simulated loops that learn from their own log, in this process: worlds of known rewards, and what is logged there.

Vowpal Wabbit itself chooses and learns; the model in use is renewed every 200 events, and until the first one all
actions have equal chances, as the product does it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import vowpalwabbit

from shared.configuration.configuration import RewardSettings
from shared.configuration.exploration import Exploration
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
_RENEWED_AFTER = 200


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
        line: What is logged.
    """

    document: int
    chances: np.ndarray
    event: RankedEvent
    line: EventLine


def log_of(world: World, learning: str, exploration: Exploration, events: int, seed: int) -> list[bytes]:
    """The log of a loop that lives in a world, one line an event."""
    return [visit.line.text for visit in visits(world, learning, exploration, events, seed)]


def visits(world: World, learning: str, exploration: Exploration, events: int, seed: int) -> Iterator[Visit]:
    """The events of a loop that lives in a world, in order of arrival.

    Args:
        exploration: Takes effect only if the learning arguments have an exploration rate.
    """
    chance = np.random.default_rng(seed)
    parsed = arguments.parse(learning)
    options = parsed.with_epsilon(exploration.of_learner)
    mix = exploration.add_default if parsed.has_epsilon else list[float]
    workspace = vowpalwabbit.Workspace(arg_list=[*options, "--dsjson", "--quiet"])
    for begin in range(0, events, _RENEWED_AFTER):
        numbers = range(begin, begin + _RENEWED_AFTER)
        draws = chance.random((_RENEWED_AFTER, 3))
        documents = [world.meet(number, met) for number, met in zip(numbers, draws[:, 0], strict=True)]
        chances = _chances(workspace if begin else None, world, documents, mix)
        for number, document, (_, drawn, earned) in zip(numbers, documents, draws, strict=True):
            visit = _visit(world, document, chances[document], number, drawn, earned)
            examples = workspace.parse(visit.line.text.decode())
            workspace.learn(examples)
            workspace.finish_example(examples)
            if number < events:
                yield visit
    workspace.finish()


def _chances(
    workspace: Any, world: World, documents: Sequence[int], mix: Callable[[Sequence[float]], list[float]]
) -> dict[int, np.ndarray]:
    """What the model in use answers for documents; equal chances if there is none.

    Args:
        mix: Adds to what the model predicts the exploration that the model does not know of.
    """
    if workspace is None:
        return dict.fromkeys(documents, np.full(world.actions, 1 / world.actions))
    return {
        document: np.array(mix(_predict(workspace, world.documents[document], world.actions)))
        for document in dict.fromkeys(documents)
    }


def _predict(workspace: vowpalwabbit.Workspace, document: bytes, actions: int) -> list[float]:
    examples = workspace.parse(_question(document, actions))
    workspace.predict(examples)
    scores = examples[0].get_action_scores()
    workspace.finish_example(examples)
    total = sum(scores)
    return [score / total for score in scores]


def _question(document: bytes, actions: int) -> str:
    """A line without label, to be predicted only."""
    places, chances = [*range(1, actions + 1)], [1 / actions] * actions
    return f'{{"EventId":"asked","a":{places},"c":{document.decode()},"p":{chances}}}'


def _visit(world: World, document: int, row: np.ndarray, number: int, drawn: float, earned: float) -> Visit:
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
    return Visit(document, row, event, log_line.event_line(event, observations, REWARDS))
