"""Evaluations that have ended, with figures that are known, as workers would have left them in storage."""

from dataclasses import replace

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Purpose, Source, Status
from shared.evaluation.outcome import Candidate, Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts, TrainedModel
from shared.metrics.estimators.sums import Sums
from shared.times import MINUTE, from_iso

START = "2026-10-01T12:00:00Z"
START_US = from_iso(START)
BIN = 5 * MINUTE
ONLINE = Policy("online", "--cb_explore_adf --epsilon 0.2", Source.ONLINE)
FIRST = Policy("baseline1", None, Source.BASELINE)
RANDOM = Policy("baselineRand", None, Source.RANDOM)
CUSTOM = Policy("mine", "--cb_explore_adf --squarecb", Source.CUSTOM)

PUBLISHED = Sums(
    lines=196,
    events=196.0,
    non_zero=68,
    weights=193.761,
    squares=400.0,
    rewards=2.2,
    weighted_rewards=2.424,
    squared_rewards=2.424,
    surpluses=-2.239,
    surplus_squares=208.0,
    surplus_rewards=0.2,
    weighted_surplus_rewards=1.0,
    squared_surplus_rewards=1.0,
    largest=1.2,
    largest_weight=5.0,
    most=10.0,
    lowest=0.0,
    highest=1.0,
)
"""Sums of the old service's example with `confidenceInterval` 0.01552936, as far as the example has them."""


def plain(events: int, rewards: float, squares: float | None = None) -> Sums:
    """Sums of a policy whose weights are all 1."""
    squared = rewards if squares is None else squares
    number = float(events)
    return Sums(
        lines=events,
        events=number,
        non_zero=events,
        weights=number,
        squares=number,
        rewards=rewards,
        weighted_rewards=rewards,
        squared_rewards=squared,
        largest=1.0,
        largest_weight=1.0,
        most=10.0,
        lowest=0.0,
        highest=1.0,
    )


def evaluation(of_id: str, *, bins: int = 3, **changes: object) -> Evaluation:
    """An evaluation that has ended, over so many bins of five minutes."""
    end_us = START_US + bins * BIN
    log = EvaluatedLog(START_US, end_us, "cb", RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST))
    subject = Evaluation(
        id=of_id,
        purpose=Purpose.EVALUATION,
        name=f"the {of_id}",
        is_of_2022=True,
        start_us=START_US,
        end_us=end_us,
        created_us=end_us + MINUTE,
        custom=(CUSTOM,),
        optimise=False,
        round_number=0,
        online=ONLINE,
        exploration=0.2,
        log=log,
        status=Status.SUCCEEDED,
        ended_us=end_us + 2 * MINUTE,
        optimal="mine",
    )
    return replace(subject, **changes)  # type: ignore[arg-type]


def outcome(*policies: PolicyOutcome, width_us: int = BIN) -> Outcome:
    """The outcome of such an evaluation: by default with events in its first and third bin, none in the second."""
    if not policies:
        first, third = START_US, START_US + 2 * BIN
        shown = {first: plain(196, 4.0), third: plain(4, 1.0)}
        model = TrainedModel("a" * 64, "b" * 64, 200)
        policies = (
            PolicyOutcome(ONLINE, "", shown, START_US),
            PolicyOutcome(FIRST, "", {first: PUBLISHED}, START_US),
            PolicyOutcome(RANDOM, "", {first: PUBLISHED}, START_US),
            PolicyOutcome(CUSTOM, "", {first: PUBLISHED, third: plain(4, 2.0)}, START_US, model),
        )
    tried = (Candidate("Hyper1", "--cb_explore_adf --epsilon 0.2", 100, PUBLISHED),)
    lines = LineCounts(read=205, used=200, skipped=1, dangling=2, damaged=1, refused=1)
    return Outcome(policies, lines, width_us, tried, "mine", START_US + 2 * BIN)


EMPTY = outcome(*(PolicyOutcome(policy, "", {}) for policy in (ONLINE, FIRST, RANDOM)))


def keep(subject: Evaluation, conclusion: Outcome | None = None) -> None:
    """Put an evaluation, and its outcome if there is one, into this process's storage."""
    assert evaluation_store.create(subject)
    if conclusion is not None:
        evaluation_run_store.keep_outcome(subject, conclusion)
