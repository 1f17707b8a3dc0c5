"""What a part adds to the metrics, against sums over its events one by one."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.service_configuration import LearningMode
from shared.log.line_pieces import EventLine
from shared.log.ranked_event import RankedEvent
from shared.metrics.apprentice import ceiling
from shared.metrics.bins import BIN_US, Bin, PartMetrics, Pending
from shared.metrics.comparison import lift_sums
from shared.metrics.estimators import lift
from shared.metrics.policy_sums import PolicySums
from shared.metrics.tally import Tally
from shared.ranking.decision import decide
from shared.times import MINUTE

ONLINE, APPRENTICE, LOGGING = LearningMode.ONLINE, LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY


@dataclass(frozen=True)
class Case:
    """An event, with what it was drawn from."""

    at_us: int
    probabilities: Sequence[float]
    reward: float
    learnable: bool = True
    answered_otherwise: bool = False

    def record(self, mode: LearningMode = ONLINE) -> RankedEvent:
        """Record the event as Rank does."""
        decision = decide(self.probabilities, "m", f"{self.at_us}", "default")
        actions = json.dumps([position + 1 for position in decision.order], separators=(",", ":")).encode()
        chances = json.dumps(decision.probabilities, separators=(",", ":")).encode()
        return RankedEvent(f"{self.at_us}", self.at_us, b"{}", actions, chances, "m", deferred=False, mode=mode)

    def weights(self) -> tuple[float, float]:
        """Of the first action and of a random one."""
        event = self.record()
        drawn, probability = json.loads(event.actions)[0], json.loads(event.probabilities)[0]
        return (1 / probability if drawn == 1 else 0.0), 1 / (probability * len(self.probabilities))


def tally_of(cases: Sequence[Case], mode: LearningMode = ONLINE, exploration: float = 0.2) -> PartMetrics:
    """What a part of them adds."""
    tally = Tally(exploration)
    for case in cases:
        tally.add_event(case.record(mode), "cb", EventLine(b"", case.reward, case.learnable, case.answered_otherwise))
    return tally.freeze(7)


def only(cases: Sequence[Case], mode: LearningMode = ONLINE) -> Bin:
    """The one bin of cases that lie within five minutes."""
    (result,) = tally_of(cases, mode).bins
    return result


def greedy(best: int, actions: int, exploration: float = 0.2) -> list[float]:
    """Probabilities in the order of the request."""
    return [exploration / actions + (1 - exploration) * (action == best) for action in range(actions)]


@given(st.integers(1, 12), st.floats(0.05, 1), st.randoms(use_true_random=False))
def test_an_online_event_speaks_for_every_policy(actions: int, exploration: float, chance: random.Random) -> None:
    """With the inverse of the probability its action was drawn with."""
    cases = [
        Case(n, greedy(chance.randrange(actions), actions, exploration), chance.choice([0.0, 1.0, -0.5, 3.0]))
        for n in range(20)
    ]

    result = only(cases)

    weights = [case.weights() for case in cases]
    rewards = [case.reward for case in cases]
    assert (result.events, result.rewards) == (20, pytest.approx(sum(rewards)))
    assert result.squares == pytest.approx(sum(r * r for r in rewards))
    assert (result.lowest, result.highest) == (min(0.0, *rewards), max(0.0, *rewards))
    for place, policy in enumerate((result.first, result.random)):
        chances = [(pair[place], reward) for pair, reward in zip(weights, rewards, strict=True)]
        assert policy.silent == 0
        assert policy.non_zero == sum(w > 0 for w, _ in chances)
        assert policy[2:7] == pytest.approx(
            (
                sum(w for w, _ in chances),
                sum(w * w for w, _ in chances),
                sum(w * r for w, r in chances),
                sum(w * w * r for w, r in chances),
                sum(w * w * r * r for w, r in chances),
            )
        )
        assert policy.largest == pytest.approx((1 / exploration) * (actions if place == 0 else 1) if actions > 1 else 1)


def test_the_smallest_chance_counts_wherever_it_stands() -> None:
    """The drawn action changes places with the first: so it is the first chance, or the last."""
    drawn_last = next(case for n in range(99) if (case := Case(n, [0.9, 0.1], 1.0)).weights()[0] == 0)
    drawn_first = next(case for n in range(99) if (case := Case(n, [0.9, 0.1], 1.0)).weights()[0] > 0)

    assert only([drawn_last]).first.largest == only([drawn_first]).first.largest == pytest.approx(10)
    assert only([drawn_last]).random.largest == only([drawn_first]).random.largest == pytest.approx(5)


@pytest.mark.parametrize("mode", [APPRENTICE, LOGGING])
def test_where_the_baseline_is_always_shown_a_hidden_draw_is_no_evidence(mode: LearningMode) -> None:
    """Its reward is that of the first action, whatever was drawn, and of no other one."""
    cases = [Case(n, greedy(n % 3, 3), float(n % 2)) for n in range(10)]

    result = only(cases, mode)

    assert result.first == PolicySums(0, 10, 10.0, 10.0, 5.0, 5.0, 5.0, 1.0)
    assert result.random == PolicySums(silent=10)


def test_events_that_count_are_counted_by_their_learning_mode() -> None:
    """In the bins of five minutes and of ten seconds, whichever model they were ranked by."""
    tally = Tally(0.2)
    for number, mode in enumerate((ONLINE, APPRENTICE, ONLINE, LOGGING, APPRENTICE, ONLINE)):
        event = Case(number, greedy(0, 3), 1.0).record(mode)
        tally.add_event(event, "cb", EventLine(b"", 1.0, learnable=number < 5))

    metrics = tally.freeze(7)

    assert metrics.details is not None
    for (a_bin,) in (metrics.bins, metrics.details.bins):
        assert a_bin.modes == {"Online": 2, "Apprentice": 2, "LoggingOnly": 1}
        assert a_bin.plus(a_bin).modes == {"Online": 4, "Apprentice": 4, "LoggingOnly": 2}


def test_without_a_chance_there_is_no_evidence() -> None:
    """Where the first action can come by no draw, and where some other cannot."""
    chosen, never = Case(1, [1.0, 0.0], 1.0), Case(2, [0.0, 1.0], 1.0)

    result = only([chosen, never])

    assert (result.first.silent, result.first.non_zero, result.first.rewards) == (1, 1, 1.0)
    assert (result.random.silent, result.random.non_zero) == (2, 0)


def test_events_that_were_not_activated_are_left_out() -> None:
    """They are joined, and have their outcome."""
    result = tally_of([Case(1, greedy(0, 2), 1.0), Case(2, greedy(0, 2), 1.0, learnable=False)])

    assert (result.bins[0].events, result.bins[0].joined) == (1, 2)
    assert result.pending == [Pending(7, 0, "cb", 1, 1)]


def test_events_that_were_answered_otherwise_are_in_no_average() -> None:
    """Nobody knows which action their reward is for; they are joined, and told apart from those not activated."""
    otherwise = Case(3, greedy(0, 2), 1.0, learnable=False, answered_otherwise=True)
    result = tally_of([Case(1, greedy(0, 2), 1.0), Case(2, greedy(0, 2), 1.0, learnable=False), otherwise])

    assert (result.bins[0].events, result.bins[0].rewards, result.bins[0].joined) == (1, 1.0, 3)
    assert result.pending == [Pending(7, 0, "cb", 1, 1), Pending.of_answered_otherwise(7, 0, "cb", 1)]


def test_of_a_multi_slot_event_the_first_slot_counts() -> None:
    """Its baseline action takes the place of the first action."""
    tally = Tally(0.2)
    for at_us, drawn in enumerate([[2, 0, 1], [1, 0, 2], [2, 1, 0]]):
        actions, probabilities = json.dumps([drawn, [0]]).encode(), b"[[0.5,0.25,0.25],[1.0]]"
        shown = RankedEvent("e", at_us, b"{}", actions, probabilities, "m", False, ONLINE, ("a", "b"), (2, 0))
        tally.add_event(shown, "ccb", EventLine(b"", 1.0, True))

    (result,) = tally.freeze(0).bins

    assert (result.first.non_zero, result.first.weights, result.first.largest) == (2, 4.0, 4.0)
    assert (result.random.non_zero, result.random.weights) == (3, pytest.approx(3 / 1.5))


def test_an_apprentice_matches_if_the_baseline_was_drawn() -> None:
    """Of several slots, that of the first."""
    tally = Tally(0.2)
    single = [Case(n, greedy(n % 4, 4), float(n)) for n in range(8)]
    for case in single:
        tally.add_event(case.record(APPRENTICE), "cb-apprentice", EventLine(b"", case.reward, True))
    slots = RankedEvent("s", 9, b"{}", b"[[2,0],[0]]", b"[[0.9,0.1],[1.0]]", "m", False, APPRENTICE, ("a", "b"), (2, 0))
    tally.add_event(slots, "ccb-apprentice", EventLine(b"", 0.5, True))

    chances = tally.freeze(0)

    matches = [json.loads(case.record().actions)[0] == 1 for case in single]
    assert [element.matches for element in chances.imitated] == [*matches, True]
    assert [element.reward for element in chances.imitated] == [*(case.reward for case in single), 0.5]
    assert [element.ceiling for element in chances.imitated] == [pytest.approx(0.85)] * 8 + [0.9]
    assert (chances.first_us, chances.last_us) == (0, 9)


@given(st.integers(1, 50), st.floats(0, 1), st.integers(0, 49), st.integers(0, 49))
def test_the_ceiling_is_what_a_perfect_apprentice_comes_to(actions: int, exploration: float, a: int, b: int) -> None:
    """1 − ε + ε ÷ K: also where two actions are tied, and where the model knows nothing yet."""
    expected = 1 - exploration + exploration / actions
    best = {a % actions, b % actions}
    tied = [exploration / actions + (1 - exploration) / len(best) * (action in best) for action in range(actions)]

    assert ceiling(min(greedy(a % actions, actions, exploration)), actions, exploration) == pytest.approx(expected)
    assert ceiling(min(tied), actions, exploration) == pytest.approx(expected)
    assert ceiling(1 / actions, actions, exploration) == pytest.approx(expected)


def test_each_event_is_counted_in_its_five_minutes() -> None:
    """What belongs to no event, too, and what was damaged."""
    tally = Tally(0.2)
    for at_us in (0, BIN_US - 1, BIN_US, 3 * BIN_US):
        tally.add_event(Case(at_us, greedy(0, 2), 1.0).record(), "cb", EventLine(b"", 1.0, True))
    tally.add_lone(BIN_US, late=True)
    tally.add_lone(2 * BIN_US, late=False)
    tally.add_damaged(4 * BIN_US)

    result = tally.freeze(0)

    assert [(element.from_us // BIN_US, element.joined) for element in result.bins] == [
        (0, 2),
        (1, 1),
        (2, 0),
        (3, 1),
        (4, 1),
    ]
    assert [
        (element.outcomes.late, element.outcomes.dangling, element.outcomes.refused) for element in result.bins
    ] == [
        (0, 0, 0),
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 0),
        (0, 0, 1),
    ]
    assert [element.bin_us for element in result.pending] == [0, 5 * MINUTE, 15 * MINUTE]


def test_a_reward_counts_as_it_is_learned() -> None:
    """A sum of rewards beyond 1000 is cut."""
    assert only([Case(1, [1.0], 5000.0), Case(2, [1.0], -5000.0)]).squares == 2e6


@pytest.mark.parametrize("mode", [ONLINE, APPRENTICE, LOGGING])
def test_the_sums_of_the_lift_are_those_of_the_events_that_speak(mode: LearningMode) -> None:
    """Event by event; where the first action had no chance, nothing is compared."""
    chance = random.Random(3)
    cases = [Case(n * MINUTE, greedy(n % 3, 3, 0.3), chance.choice([0.0, 1.0, -0.5])) for n in range(30)]
    cases += [Case(40 * MINUTE, [0.0, 1.0, 0.0], 1.0), Case(41 * MINUTE, [0.5, 0.5], 1.0, learnable=False)]
    speaking = cases[:30] if mode is ONLINE else cases[:31]
    weights = [case.weights()[0] if mode is ONLINE else 1.0 for case in speaking]

    first = tally_of(cases, mode).lifts.first

    rewards = [case.reward for case in speaking]
    pairs = list(zip(weights, rewards, strict=True))
    assert (first.events, first.silent) == (len(speaking), 31 - len(speaking))
    assert first.rewards == pytest.approx(sum(rewards))
    assert first.reward_squares == pytest.approx(sum(r * r for r in rewards))
    assert first.weights == pytest.approx(sum(weights))
    assert first.weight_squares == pytest.approx(sum(w * w for w in weights))
    assert first.weighted == pytest.approx(sum(w * r for w, r in pairs))
    assert first.weighted_squares == pytest.approx(sum(w * r * r for w, r in pairs))
    assert first.twice_weighted == pytest.approx(sum(w * w * r for w, r in pairs))
    assert first.twice_weighted_squares == pytest.approx(sum(w * w * r * r for w, r in pairs))
    assert first.largest == pytest.approx(10.0 if mode is ONLINE else 1.0)


def test_a_bin_tells_the_lift_of_its_events_though_it_has_not_all_of_their_sums() -> None:
    """The same lift, with an interval that is no narrower and not much wider; unless some event says nothing of it."""
    draw = random.Random(5)
    cases = [Case(number, [0.1, 0.7, 0.2], draw.choice([0.0, 0.5, 1.0])) for number in range(3000)]
    part = tally_of(cases)
    (a_bin,) = part.bins
    exact, of_bin = part.lifts.first, lift_sums(a_bin)
    narrow, wide = (lift.interval(sums, 0.05) for sums in (exact, of_bin))

    assert lift.lift(of_bin) == pytest.approx(lift.lift(exact))
    assert narrow is not None
    assert wide is not None
    assert wide.low <= narrow.low < narrow.high <= wide.high
    assert wide.high - wide.low < 1.2 * (narrow.high - narrow.low)
    assert lift_sums(only([*cases[:5], Case(5, [0.0, 0.5, 0.5], 1.0)])).events == 0
