"""How much more than `online` policies earn on the same events, and which of them are better for certain.

An evaluation compares all its policies at once, and whoever looks at many differences finds one that chance made. So
the interval of each holds with more than 95 %, such that those of all policies hold together with 95 % (Bonferroni's
inequality). If no policy is better than `online`, fewer than one evaluation in twenty calls any of them better. Where
a search has chosen by the events that judge its winners, all settings that it tried count as compared.
"""

from dataclasses import dataclass

from shared.evaluation.evaluation import Source
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.metrics.estimators import answerable, difference
from shared.metrics.intervals import CONFIDENCE, Interval


@dataclass(frozen=True, slots=True)
class Lead:
    """How much more than `online` a policy earns per event.

    Attributes:
        events: Those that both are judged by, with those that were dropped before they were logged.
        interval: Where the true value lies; those of all policies of an evaluation hold together with 95 %.
        compared: How many different policies that are.
        is_answerable: Whether the log can tell: False if actions that the policy would have shown had no chance.
    """

    name: str
    events: float
    estimate: float
    interval: Interval
    compared: int
    is_answerable: bool

    @property
    def is_certain(self) -> bool:
        """Whether the policy is better than `online` for certain."""
        return self.is_answerable and self.interval.low > 0


def list_compared(outcome: Outcome) -> list[PolicyOutcome]:
    """The policies that can be applied, without their slots; of those with the same learning arguments the first."""
    compared: dict[str | None, PolicyOutcome] = {}
    for result in outcome.policies:
        if not result.slot_id and result.policy.source in (Source.CUSTOM, Source.SEARCH):
            compared.setdefault(result.policy.arguments, result)
    return list(compared.values())


def confidence(outcome: Outcome) -> float:
    """The confidence of each difference, so that those of all compared policies hold together with 95 %."""
    return 1 - (1 - CONFIDENCE) / max(_count_compared(outcome), 1)


def _count_compared(outcome: Outcome) -> int:
    return max(len(list_compared(outcome)), outcome.chosen_of)


def lead(outcome: Outcome, result: PolicyOutcome) -> Lead | None:
    """The lead of one policy of an evaluation; None without events."""
    sums, rewards = result.total, outcome.rewards
    estimate, interval = difference.difference(sums), difference.interval(sums, rewards, confidence(outcome))
    if estimate is None or interval is None:
        return None
    is_answerable = not answerable.has_no_chance(sums)
    return Lead(result.policy.name, sums.events, estimate, interval, _count_compared(outcome), is_answerable)


def rank_leads(outcome: Outcome) -> list[Lead]:
    """The leads of all compared policies: first those that are certain, then by their estimates."""
    leads = [lead(outcome, result) for result in list_compared(outcome)]
    answered = [each for each in leads if each is not None]
    return sorted(answered, key=lambda each: (each.is_certain, each.estimate), reverse=True)
