"""Worlds of known rewards for simulated loops: what can be met in them, and what every action is worth."""

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.studies.simulated_loops import World
from shared.learner import features

_Features = dict[str, object]


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


def personal(seed: int) -> World:
    """Four users, each of whom likes one of six articles: .24 for whoever does not see the user, and .62 at best.

    The articles that nobody likes best are worth to everyone what the others are worth on average.
    """
    means = np.full((4, 6), 0.24)
    liked = np.random.default_rng(seed).permutation(6)[:4]
    means[:, liked] = (0.24 * 4 - 0.62) / 3
    means[np.arange(4), liked] = 0.62
    return World("personal", _documents(_users(4), _topics(6)), means)


def small(seed: int) -> World:
    """Four users and six articles; .24 by chance and .6 at best."""
    effects = np.random.default_rng(seed).normal(size=(4, 6))
    return World("small", _documents(_users(4), _topics(6)), _with_means(effects, 0.24, 0.6))


def news(seed: int, events: int = 10_000) -> World:
    """Readers of three traits that are met once each, and ten articles; .17 by chance and .45 at best."""
    chance = np.random.default_rng(seed)
    traits = {"interest": 6, "region": 5, "age": 4}
    weights = {"interest": 1.0, "region": 0.4, "age": 0.6}
    reader = {name: chance.integers(count, size=events) for name, count in traits.items()}
    liking = {name: weights[name] * chance.normal(size=(count, 10)) for name, count in traits.items()}
    effects = sum(liking[name][reader[name]] for name in traits) + 0.5 * chance.normal(size=10)
    contexts: list[_Features] = [
        {"reader": {name: f"{name}{reader[name][number]}" for name in traits}} for number in range(events)
    ]
    documents = _documents(contexts, _topics(10))
    return World("news", documents, _with_means(np.asarray(effects), 0.17, 0.45), is_in_order=True)


def drifting(seed: int, events: int = 10_000) -> World:
    """Eight users and seven articles, whose worth changes once, half-way; .17 by chance and .47 at best."""
    chance = np.random.default_rng(seed)
    effects = chance.normal(size=(2, 8, 7))
    user = chance.integers(8, size=events)
    means = _with_means(effects, 0.17, 0.47)
    halves = np.repeat([0, 1], [events - events // 2, events // 2])
    documents = _documents(_users(8), _topics(7))
    return World("drifting", [documents[number] for number in user], means[halves, user], is_in_order=True)


def sliding(seed: int, events: int = 10_000) -> World:
    """Eight users and seven articles, whose worth changes all the time, once around in 20,000 events."""
    chance = np.random.default_rng(seed)
    effects = chance.normal(size=(2, 8, 7))
    user = chance.integers(8, size=events)
    angle = (np.arange(events) * 2 * np.pi / 20_000)[:, None]
    turned = np.cos(angle) * effects[0, user] + np.sin(angle) * effects[1, user]
    documents = _documents(_users(8), _topics(7))
    return World("sliding", [documents[number] for number in user], _with_means(turned, 0.17, 0.47), is_in_order=True)


def members(seed: int) -> World:
    """Members of a club that are known by name only, 200 of them, in five circles of tastes; eight offers."""
    chance = np.random.default_rng(seed)
    circle = chance.integers(5, size=200)
    effects = chance.normal(size=(5, 8))[circle] + 0.4 * chance.normal(size=(200, 8))
    return World("members", _documents(_users(200), _topics(8)), _with_means(effects, 0.2, 0.5))


def rare(seed: int) -> World:
    """Twenty advertisements of five kinds and four pages, and few clicks: .02 by chance and .07 at best."""
    chance = np.random.default_rng(seed)
    kind = np.arange(20) % 5
    effects = chance.normal(size=(4, 5))[:, kind] + 0.5 * chance.normal(size=20)
    actions: list[_Features] = [{"kind": f"kind{kind[number]}", "name": f"ad{number}"} for number in range(20)]
    documents = _documents([{"page": f"page{number}"} for number in range(4)], actions)
    return World("rare", documents, _with_means(effects, 0.02, 0.07))


def amounts(seed: int) -> World:
    """Six customers and eight goods; rewards are amounts between 0 and twice their mean; .15 by chance, .35 at best."""
    effects = np.random.default_rng(seed).normal(size=(6, 8))
    return World("amounts", _documents(_users(6), _topics(8)), _with_means(effects, 0.15, 0.35), is_continuous=True)


def fifty(seed: int) -> World:
    """Fifty films of ten kinds and five decades, and twelve viewers; .1 by chance and .4 at best."""
    chance = np.random.default_rng(seed)
    kind, decade = np.arange(50) % 10, np.arange(50) // 10
    effects = chance.normal(size=(12, 10))[:, kind] + 0.5 * chance.normal(size=(12, 5))[:, decade]
    effects += 0.3 * chance.normal(size=50)
    actions: list[_Features] = [
        {"kind": f"kind{kind[number]}", "decade": f"decade{decade[number]}"} for number in range(50)
    ]
    return World("fifty", _documents(_users(12), actions), _with_means(effects, 0.1, 0.4))
