"""Which policies of an evaluation are better than `online` for certain, and how that is said."""

import random
from dataclasses import replace

import pytest

from shared.evaluation import lead
from shared.evaluation.evaluation import Policy, Source
from shared.evaluation.finding import describe_finding, doubt
from shared.evaluation.lead import Lead
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts
from shared.metrics.estimators import difference
from shared.metrics.estimators.sums import Sums
from shared.metrics.intervals import UNIT, Interval
from shared.times import MINUTE
from tests.unit.evaluation.evaluated import ONLINE, sums
from tests.unit.metrics.estimators.logs import World
from tests.unit.metrics.estimators.logs import sums as log_sums

BETTER, EQUAL = sums(1000, 0.5), sums(1000, 0.3)
NO_CHANCE = BETTER._replace(surpluses=-900.0, most=float("inf"))
CERTAIN = Lead("mine", 1200, 0.0412, Interval(0.0125, 0.07), 3, is_answerable=True)
UNCERTAIN = replace(CERTAIN, name="Hyper2", estimate=0.0366, interval=Interval(-0.022, 0.095))


def policy(name: str, total: Sums, arguments: str | None = None, source: Source = Source.CUSTOM) -> PolicyOutcome:
    return PolicyOutcome(Policy(name, arguments or f"--{name}", source), "", {0: total}, 0)


def outcome(*policies: PolicyOutcome) -> Outcome:
    online = PolicyOutcome(ONLINE, "", {0: EQUAL._replace(surplus_squares=0.0)}, 0)
    return Outcome((online, *policies), LineCounts(), 5 * MINUTE, (), "online")


def interval(compared: Outcome, place: int = 1) -> Interval:
    result = lead.lead(compared, compared.policies[place])
    assert result is not None
    return result.interval


# Figures


def test_the_more_policies_are_compared_the_wider_each_interval_is() -> None:
    """One alone has 95 %; five have 99 % each, which is 95 % for all of them together."""
    alone = outcome(policy("a", BETTER))
    five = outcome(*(policy(name, BETTER) for name in "abcde"))

    assert interval(alone) == difference.interval(BETTER, UNIT, 0.95)
    assert interval(five) == pytest.approx(difference.interval(BETTER, UNIT, 0.99))
    assert interval(five).low < interval(alone).low


def test_the_same_settings_are_compared_once() -> None:
    """The steps of a search often end with the same; and slots and baselines are nothing to choose from."""
    same = [policy(name, BETTER, "--same", Source.SEARCH) for name in ("Hyper1", "Inter-len1", "Hyper2")]
    others = (policy("baseline1", BETTER, source=Source.BASELINE), replace(same[0], slot_id="top"))

    compared = outcome(*same, *others)

    assert [result.policy.name for result in lead.list_compared(compared)] == ["Hyper1"]
    assert lead.confidence(compared) == pytest.approx(0.95)


def test_what_is_certain_comes_first_then_what_is_estimated_higher() -> None:
    """Of a few events a large gain may be chance."""
    world = World(earns=(0.3, 0.9, 0.3), agrees=0.0)
    few = log_sums(world.events(random.Random(1), 20), world.most)
    ranked = lead.rank_leads(outcome(policy("few", few), policy("a", sums(1000, 0.4)), policy("b", BETTER)))

    assert [(each.name, each.is_certain) for each in ranked] == [("b", True), ("a", True), ("few", False)]
    assert ranked[2].estimate > ranked[0].estimate


def test_nothing_is_certain_of_actions_that_had_no_chance() -> None:
    """However the figures look: no interval knows of them."""
    (only,) = lead.rank_leads(outcome(policy("a", NO_CHANCE)))

    assert only.interval.low > 0
    assert not only.is_certain


def test_without_events_there_is_no_advantage() -> None:
    empty = outcome(policy("a", Sums()))

    assert lead.lead(empty, empty.policies[1]) is None
    assert lead.rank_leads(empty) == []


# Words


def test_the_finding_names_what_is_better_for_certain_with_its_figures() -> None:
    """And the others that are, without saying which is the best: nobody has compared them."""
    text = describe_finding([CERTAIN, replace(CERTAIN, name="other"), UNCERTAIN])

    assert text == (
        "Better than online for certain: mine, +0.0412 per event over the same 1,200 events (95 % interval +0.0125 to "
        "+0.0700, for all 3 compared policies together). So is other. They were compared with online, not with one "
        "another."
    )


def test_the_finding_calls_two_policies_both() -> None:
    """All 2, beside three rows of which two have the same settings, sounds as if one had been forgotten."""
    assert "for both compared policies together" in describe_finding([replace(UNCERTAIN, compared=2)])


def test_the_finding_says_that_nothing_is_better_for_certain() -> None:
    """Beside the highest estimate, which may be chance."""
    text = describe_finding([replace(UNCERTAIN, compared=1)])

    assert text == (
        "No policy is better than online for certain. Highest estimate: Hyper2, +0.0366 per event over the same 1,200 "
        "events (95 % interval -0.0220 to +0.0950)."
    )
    assert describe_finding([]) is None


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (UNCERTAIN, "not better than online for certain: +0.0366 per event over the same 1,200 events"),
        (replace(UNCERTAIN, interval=Interval(-0.2, -0.1)), "mine is worse than online for certain"),
        (replace(UNCERTAIN, interval=Interval(-0.2, -0.1), is_answerable=False), "mine is not better than online"),
        (replace(CERTAIN, is_answerable=False), "had no chance"),
        (None, "no event"),
    ],
)
def test_a_doubt_says_what_is_not_certain(result: Lead | None, words: str) -> None:
    assert words in (doubt("mine", result) or "")


def test_there_is_no_doubt_of_what_is_certain() -> None:
    assert doubt("mine", CERTAIN) is None
