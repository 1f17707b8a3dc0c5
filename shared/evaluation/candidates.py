"""Learning settings that the search tries: those that the old service's research and own measurements found good."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from string import ascii_letters

from shared.evaluation.tasks import Namespaces
from shared.learner.arguments import parse
from shared.learner.policy_cost import is_affordable

MAX_PAIRS = 12
"""At most so many pairs of context and action are tried, those of the namespaces that a log names first."""
MAX_TRIPLES = 6
MAX_MARGINALS = 3

EVERYTHING = ("-q ::",)
"""All pairs of all namespaces, as new loops have it."""

_SYNTHCOVER, _SQUARECB = "--synthcover", "--squarecb"
_CLIP = "--clip_p 0.5"
"""As new loops have it; smaller ones earn less where much is explored (`docs/evaluation.md`)."""
_EXPLORING = {
    "--cb_explore_adf": ((_SYNTHCOVER, _CLIP), ("", _CLIP), (_SQUARECB, ""), (_SYNTHCOVER, ""), ("", "")),
    "--ccb_explore_adf": (("", _CLIP), ("", "")),
}
"""Algorithms with their clips, the most promising first; for several slots there is only greedy."""
_AVERAGED = 3
"""How many of those are tried with marginals too."""
_EPSILON = re.compile(r"--epsilon[\s=]+\S+")
_RATES = (1e-3, 1e-2, 1e-1, 0.5, 1.0)
"""Learning rates that are tried without decay; lower rates do not learn a day's log."""


@dataclass(frozen=True, slots=True)
class CandidateSettings:
    """Learning settings as the search varies them; each part is empty or a piece of learning arguments.

    Attributes:
        problem: `--cb_explore_adf` or `--ccb_explore_adf`.
        algorithm: How the learner explores beside the share of random choices; empty for greedy.
        rate: Learning rate and its decay; empty for Vowpal Wabbit's own.
        cost: How costs of actions that were not shown are estimated, such as `--cb_type mtr`.
        clip: The smallest chance by which a reward is divided, such as `--clip_p 0.5`; empty for no bound.
        interactions: Which namespaces are combined.
        marginal: Namespaces whose ids get running averages.
    """

    problem: str
    algorithm: str = ""
    rate: str = ""
    cost: str = "--cb_type mtr"
    clip: str = ""
    interactions: tuple[str, ...] = EVERYTHING
    marginal: str = ""

    def arguments(self, exploration: float) -> str:
        """The learning arguments, with the share of choices that is random."""
        explored = f"--epsilon {exploration:g}"
        learned = (self.rate, self.cost, self.clip, *self.interactions, self.marginal)
        parts = (self.problem, self.algorithm, explored, *learned)
        return " ".join(part for part in parts if part)


def with_exploration(arguments: str, exploration: float) -> str:
    """Replace the exploration in learning arguments, if they name any, by that of the loop."""
    return _EPSILON.sub(f"--epsilon {exploration:g}", arguments)


def first_grid(problem: str, namespaces: Namespaces) -> tuple[CandidateSettings, ...]:
    """The candidates of the first step, the most promising first.

    Source: the exploration algorithms by measurements in sixteen worlds (`bench worlds`); cost types, learning rates
    and marginals as in the old service's search without `--l1`, which a trainer that resumes does not keep.
    """
    best = [CandidateSettings(problem, algorithm, clip=clip) for algorithm, clip in _EXPLORING[problem]]
    others = [CandidateSettings(problem, cost=f"--cb_type {cost}") for cost in ("ips", "dr", "dm")]
    steady = [replace(settings, rate=_without_decay(0.1)) for settings in best if settings.algorithm]
    rates = [
        CandidateSettings(problem, rate=_without_decay(rate), cost=f"--cb_type {cost}")
        for cost in ("mtr", "ips")
        for rate in _RATES
    ]
    averages = [
        replace(settings, marginal=f"--marginal {letter}")
        for letter in _letters(namespaces.constant)[:MAX_MARGINALS]
        for settings in best[:_AVERAGED]
    ]
    return (*best, *others, *steady, *rates, *averages)


def interactions(best: CandidateSettings, namespaces: Namespaces) -> tuple[CandidateSettings, ...]:
    """The best settings with other interactions: pairs of context and action, triples too, none, and single pairs.

    Triples of context, context and action distinguish users by the time of day, for instance; of all triples (`:::`)
    nearly all are useless, and they take twenty times as long where events have many features.
    """
    pairs, triples = context_by_action(namespaces), context_twice_by_action(namespaces)
    choices = [best.interactions, pairs, (*pairs, *triples), (*EVERYTHING, *triples), (), *((pair,) for pair in pairs)]
    return _affordable(replace(best, interactions=choice) for choice in dict.fromkeys(choices))


def with_another_interaction(best: CandidateSettings, namespaces: Namespaces) -> tuple[CandidateSettings, ...]:
    """The best settings with another pair or triple; none if the settings have all pairs of all namespaces."""
    possible = (*context_by_action(namespaces), *context_twice_by_action(namespaces))
    if not set(best.interactions) <= set(possible):
        return ()
    more = [interaction for interaction in possible if interaction not in best.interactions]
    return _affordable(replace(best, interactions=(*best.interactions, interaction)) for interaction in more)


def context_by_action(namespaces: Namespaces) -> tuple[str, ...]:
    """Each namespace of the context with each of the actions; learning arguments name namespaces by ASCII letters."""
    context, actions = _letters(namespaces.context), _letters(namespaces.actions)
    return tuple(f"-q {first}{second}" for first in context for second in actions)[:MAX_PAIRS]


def context_twice_by_action(namespaces: Namespaces) -> tuple[str, ...]:
    """Each two namespaces of the context, then each with itself, with the namespace that distinguishes actions."""
    context, actions = _letters(namespaces.context), _letters(namespaces.actions)
    ids = [letter for letter in _letters(namespaces.constant) if letter in actions] or actions
    pairs = [*(f"{first}{second}" for first, second in combinations(context, 2)), *(letter * 2 for letter in context)]
    return tuple(f"--cubic {pair}{letter}" for pair in pairs for letter in ids[:1])[:MAX_TRIPLES]


def second_grid(best: CandidateSettings, others: Sequence[CandidateSettings]) -> tuple[CandidateSettings, ...]:
    """The best settings, earlier good settings with the best interactions, and settings close to the best."""
    again = [replace(settings, interactions=best.interactions) for settings in others]
    return tuple(dict.fromkeys([best, *again, *_around(best)]))


def _affordable(settings: Iterable[CandidateSettings]) -> tuple[CandidateSettings, ...]:
    """Those that are not too slow for Rank; where context and actions share a letter, a triple of it would be."""
    return tuple(candidate for candidate in settings if is_affordable(parse(candidate.arguments(1.0))))


def _letters(namespaces: str) -> list[str]:
    """The first letters that learning arguments can name, each once."""
    return [letter for letter in dict.fromkeys(namespaces) if letter in ascii_letters]


def _without_decay(rate: float) -> str:
    return f"--power_t 0 -l {rate:g}"


def _around(best: CandidateSettings) -> Iterator[CandidateSettings]:
    rate = float(best.rate.split()[-1]) if best.rate else 0.5
    for factor in (1 / 3, 3.0):
        nearby = float(f"{min(rate * factor, 10.0):.3g}")
        yield replace(best, rate=_without_decay(nearby) if best.rate else f"-l {nearby:g}")
    match best.algorithm.split()[:1]:
        case ["--squarecb"]:
            yield from (replace(best, algorithm=f"{_SQUARECB} --gamma_scale {scale}") for scale in (30, 100))
        case ["--synthcover"]:
            yield from (replace(best, algorithm=f"{_SYNTHCOVER} --synthcoverpsi {psi}") for psi in (0.03, 0.3))
