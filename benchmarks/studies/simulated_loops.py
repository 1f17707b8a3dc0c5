"""Simulated loops that learn from their own log, in this process: worlds of known rewards, and what is logged there.

Vowpal Wabbit itself chooses and learns; the model in use is renewed every 200 events, and until the first one all
actions have equal chances, as the product does it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import vowpalwabbit

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.intake.rows import Observation
from shared.learner import arguments, features
from shared.log import log_line
from shared.log.line_pieces import EventLine
from shared.log.ranked_event import RankedEvent
from shared.times import MINUTE

REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
BEGIN_US = 1_700_000_000_000_000
APART_US = MINUTE // 2
"""From one event to the next: 20,000 of them take a week."""
_RENEWED_AFTER = 200

_Features = dict[str, object]


@dataclass(frozen=True, slots=True)
class World:
    """What can be met, and what it is worth.

    Attributes:
        documents: The features of the events there are, as Vowpal Wabbit reads them; each is met equally often.
        means: The mean reward of each action, one row a document; from 0 to 1.
        is_continuous: Whether rewards are uniform in [0, 2·mean], else 0 or 1.
    """

    name: str
    documents: Sequence[bytes]
    means: np.ndarray
    is_continuous: bool = False

    @property
    def actions(self) -> int:
        """How many there are in every event."""
        return int(self.means.shape[1])

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


def log_of(world: World, learning: str, exploration: float, events: int, seed: int) -> list[bytes]:
    """The log of a loop that lives in a world, one line an event."""
    return [visit.line.text for visit in visits(world, learning, exploration, events, seed)]


def visits(world: World, learning: str, exploration: float, events: int, seed: int) -> Iterator[Visit]:
    """The events of a loop that lives in a world, in order of arrival."""
    chance = np.random.default_rng(seed)
    options = arguments.parse(learning).with_epsilon(exploration)
    workspace = vowpalwabbit.Workspace(arg_list=[*options, "--dsjson", "--quiet"])
    for begin in range(0, events, _RENEWED_AFTER):
        chances = _chances(workspace, world) if begin else np.full(world.means.shape, 1 / world.actions)
        for number in range(begin, begin + _RENEWED_AFTER):
            visit = _visit(world, chances, number, chance)
            examples = workspace.parse(visit.line.text.decode())
            workspace.learn(examples)
            workspace.finish_example(examples)
            if number < events:
                yield visit
    workspace.finish()


def _chances(workspace: vowpalwabbit.Workspace, world: World) -> np.ndarray:
    return np.array([_predict(workspace, document, world.actions) for document in world.documents])


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


def _visit(world: World, chances: np.ndarray, number: int, chance: np.random.Generator) -> Visit:
    """One event: what was met, drawn and earned."""
    met, drawn, earned = chance.random(3)
    document = int(met * len(world.documents))
    row = chances[document]
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


def _documents(contexts: Sequence[_Features], actions: Sequence[_Features]) -> list[bytes]:
    described = [(f"a{place}", [action]) for place, action in enumerate(actions)]
    return [features.document([context], described) for context in contexts]


def _topics(actions: int) -> list[_Features]:
    return [{"topic": f"topic{place}"} for place in range(actions)]


def _users(count: int) -> list[_Features]:
    return [{"user": {"name": f"user{number}"}} for number in range(count)]


def articles(seed: int) -> World:
    """E1: 4 users at 2 times of day, 7 articles; the mean reward is .157 by chance and .381 at best.

    What user, time and both together weigh is chosen so that Vowpal Wabbit's settings reach the shares of what can be
    had that were measured in such a world.
    """
    chance = np.random.default_rng(seed)
    user, time, both = chance.normal(size=(4, 1, 7)), chance.normal(size=(1, 2, 7)), chance.normal(size=(4, 2, 7))
    means = _with_means((user + 0.4 * time + 0.2 * both).reshape(8, 7), 0.157, 0.381)
    contexts: list[_Features] = [
        {"user": {"name": f"user{number}"}, "time": {"part": part}}
        for number in range(4)
        for part in ("morning", "evening")
    ]
    return World("E1", _documents(contexts, _topics(7)), means)


def bilinear(seed: int) -> World:
    """E2: 20 actions with 5 numbers, a category and an id, 10 contexts; .070 by chance and .261 at best.

    What only the pair of context and action explains is chosen as in `articles`.
    """
    chance = np.random.default_rng(seed)
    numbers, tastes = chance.normal(size=(20, 5)), chance.normal(size=(10, 5)) / np.sqrt(5)
    means = _with_means(tastes @ numbers.T + 0.4 * chance.normal(size=(10, 20)), 0.070, 0.261)
    actions: list[_Features] = [
        {
            "numbers": {f"n{place}": round(float(value), 3) for place, value in enumerate(row)},
            "category": f"category{number % 4}",
            "id": f"id{number}",
        }
        for number, row in enumerate(numbers)
    ]
    return World("E2", _documents([{"segment": f"s{number}"} for number in range(10)], actions), means)


def _with_means(effects: np.ndarray, by_chance: float, at_best: float) -> np.ndarray:
    """Logistic rewards whose mean is one over all actions, and another over the best ones, found by halving."""

    def level(scale: float) -> float:
        return _bisect(lambda base: float(_logistic(base + scale * effects).mean()), by_chance, -20, 5)

    def best(scale: float) -> float:
        return float(_logistic(level(scale) + scale * effects).max(axis=1).mean())

    scale = _bisect(best, at_best, 0, 5)
    return _logistic(level(scale) + scale * effects)


def _bisect(rising: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return low


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def indifferent(name: str, actions: int, means: Sequence[float], *, is_continuous: bool = False) -> World:
    """Rewards that depend on the context alone, or on nothing: every policy earns the same.

    Args:
        means: The mean reward of each context.
    """
    documents = _documents(_users(len(means)), _topics(actions))
    return World(name, documents, np.repeat(np.array(means)[:, None], actions, axis=1), is_continuous)


def obvious(name: str, actions: int, best: float, others: float) -> World:
    """One action is the best for everyone.

    Where it is so by far (0.8 against 0.1), the old default shows it as often as its exploration lets it from its first
    model on, so nothing is better; with a smaller gap and at Vowpal Wabbit's own rates it would not.
    """
    means = np.full((4, actions), others)
    means[:, actions // 2] = best
    return World(name, _documents(_users(4), _topics(actions)), means)
