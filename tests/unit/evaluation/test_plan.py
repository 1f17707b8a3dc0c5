"""Which tasks an evaluation takes, and what follows from their results, however they are carried out."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.evaluation import plan
from shared.evaluation.evaluation import Evaluation, Source
from shared.evaluation.forms import report_forms
from shared.evaluation.outcome import Outcome
from shared.evaluation.plan import FEWEST_EVENTS, open_tasks, why_no_search
from shared.evaluation.tasks import LineCounts, Namespaces, Task, TaskResult, TrainedModel
from shared.evaluation.time_bins import MOST_BINS, choose_width
from shared.times import DAY, HOUR, MINUTE
from tests.unit.evaluation.evaluated import LOGGED_REWARD, Log, new_evaluation, stages, sums

CUSTOM = "--cb_explore_adf --epsilon 0.1"
MODEL = TrainedModel("1f", "2e", 5000)
SQUARECB = "--cb_explore_adf --squarecb --epsilon 0.2 --cb_type mtr -q ::"


def anyhow(seed: int) -> Callable[[Task], float]:
    """Rewards without any order, the same for the same task."""
    return lambda task: int(hashlib.md5(f"{seed}{task.key}".encode()).hexdigest()[:4], 16) / 65536  # noqa: S324


def names(evaluation: Evaluation, log: Log) -> list[str]:
    _, results = stages(evaluation, log)
    return [result.policy.name for result in plan.outcome(evaluation, results).policies]


# Stages


def test_without_a_search_all_of_the_log_counts() -> None:
    """For what was logged and what was given alike, with a reward model; what was given keeps what it learned."""
    first = open_tasks(new_evaluation(CUSTOM, CUSTOM + " -q ::", optimise=False), {})

    assert [(task.key, task.arguments) for task in first] == [
        ("logged", None),
        ("custom-0", CUSTOM),
        ("custom-1", CUSTOM + " -q ::"),
    ]
    assert all(
        (task.stage, task.counted_from, task.until, task.with_reward_model) == (0, 0, None, True) for task in first
    )
    assert [task.keeps_model for task in first] == [False, True, True]


def test_without_optimisation_nothing_more_comes() -> None:
    """A stage, and the end."""
    done, _ = stages(new_evaluation(CUSTOM, optimise=False), Log(5000))

    assert len(done) == 1


def test_the_search_never_sees_the_half_that_judges() -> None:
    """And all policies are judged by that half alone, what was logged too; those that learn have learned the other."""
    done, results = stages(new_evaluation(CUSTOM), Log(5001))
    *searching, last = done[1:]

    assert searching
    assert all(task.until is not None and task.until <= 2500 for tasks in searching for task in tasks)
    assert all((task.counted_from, task.until) == (2500, None) for task in last)
    assert [task.arguments for task in last][:2] == [None, CUSTOM]
    assert all(task.keeps_model is (task.arguments is not None) and task.with_reward_model for task in last)
    assert {result.total.events for result in plan.outcome(new_evaluation(CUSTOM), results).policies} == {2501}
    assert not any(task.keeps_model or task.with_reward_model or task.width_us for tasks in searching for task in tasks)


@pytest.mark.parametrize("used", [FEWEST_EVENTS, 250, 700, 3000, 50_000, 1_000_000])
def test_every_key_is_one_run_and_a_path_segment(used: int) -> None:
    """So that what was run once, in whichever step, is not run again."""
    done, results = stages(new_evaluation(CUSTOM), Log(used))
    tasks = [task for stage in done for task in stage]

    assert len(results) == len(tasks)
    assert len({(task.arguments, task.counted_from, task.until) for task in tasks}) == len(tasks)
    assert all("/" not in task.key and len(task.key) < 64 for task in tasks)
    numbers = [{task.stage for task in stage} for stage in done]
    assert all(len(stage) == 1 for stage in numbers)
    assert sorted(map(min, numbers)) == [min(stage) for stage in numbers]


def test_a_day_of_log_takes_a_few_runs_over_it() -> None:
    """50,000 events: all candidates together learn from at most twelve times as many."""
    done, results = stages(new_evaluation(), Log(50_000, anyhow(1)))
    learned = sum(task.until or 0 for stage in done[1:-1] for task in stage)

    assert learned <= 12 * 50_000
    assert len(plan.outcome(new_evaluation(), results).candidates) >= 30


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    used=st.sampled_from([0, 5, 99, 100, 330, 2000, 9000]),
    order=st.randoms(use_true_random=False),
    custom=st.integers(0, 2),
)
def test_any_order_gives_the_same(seed: int, used: int, order: object, custom: int) -> None:
    """Results come one by one, in any order, some of them twice; at every moment the plan knows what to do next."""
    evaluation, log = new_evaluation(*[CUSTOM] * custom), Log(used, anyhow(seed))
    _, expected = stages(evaluation, log)
    results: dict[str, TaskResult] = {}
    stage = 0
    while tasks := open_tasks(evaluation, results):
        assert {task.stage for task in tasks} == {tasks[0].stage}
        assert tasks[0].stage >= stage
        stage = tasks[0].stage
        for task in order.sample(tasks, order.randint(1, len(tasks))):  # type: ignore[attr-defined]
            results[task.key] = log.result(task)

    assert expected == results
    assert plan.outcome(evaluation, expected) == plan.outcome(evaluation, results)


# No search


def test_without_exploration_nothing_is_searched() -> None:
    """The log says nothing about other choices, and the outcome says that."""
    evaluation = new_evaluation(CUSTOM)
    done, results = stages(evaluation, Log(5000, exploration=0.0))

    assert [[task.key for task in stage] for stage in done] == [["logged"], ["custom-0"]]
    assert {result.total.events for result in plan.outcome(evaluation, results).policies} == {5000}
    assert "no exploration" in (plan.outcome(evaluation, results).no_search or "")
    assert plan.outcome(evaluation, results).candidates == ()


def test_few_events_are_not_searched() -> None:
    """They show nothing."""
    evaluation = new_evaluation()
    _, results = stages(evaluation, Log(FEWEST_EVENTS - 1))

    assert "99 usable events" in (plan.outcome(evaluation, results).no_search or "")


def test_without_optimisation_there_is_no_reason_why_nothing_was_searched() -> None:
    """Whatever the log would be good for."""
    evaluation = new_evaluation(optimise=False)
    _, results = stages(evaluation, Log(5, exploration=0.0))

    assert why_no_search(evaluation, results) is None


# Outcome


def test_policies_come_in_their_order() -> None:
    """Online, baselines, custom, searched."""
    order = names(new_evaluation(CUSTOM), Log(5000))

    assert order[:5] == ["online", "baseline1", "baselineRand", "mine-0", "Hyper1"]
    assert order[5].startswith("Inter-len")
    assert order[6:] == ["Hyper2"]


def test_slots_come_behind_their_policy() -> None:
    """Each with its own sums."""
    evaluation = new_evaluation(kind="ccb", optimise=False)
    _, results = stages(evaluation, Log(500, slots=("top", "side")))

    order = [(result.policy.name, result.slot_id) for result in plan.outcome(evaluation, results).policies]
    assert order[:4] == [("online", ""), ("online", "top"), ("online", "side"), ("baseline1", "")]


def test_an_empty_log_has_all_policies_and_no_bins() -> None:
    """And online stays the best."""
    evaluation = new_evaluation(CUSTOM)
    _, results = stages(evaluation, Log(0, exploration=None))
    outcome = plan.outcome(evaluation, results)

    assert [result.policy.name for result in outcome.policies] == ["online", "baseline1", "baselineRand", "mine-0"]
    assert all(result.bins == {} and result.counted_from_us is None for result in outcome.policies)
    assert (outcome.optimal, outcome.up_to_us) == ("online", None)


def test_the_best_candidate_is_found() -> None:
    """Whatever is tried after it."""

    def worth(task: Task) -> float:
        return 0.6 if task.arguments == SQUARECB else 0.2

    evaluation = new_evaluation()
    _, results = stages(evaluation, Log(20_000, worth))
    outcome = plan.outcome(evaluation, results)

    assert {SQUARECB} == {
        result.policy.arguments for result in outcome.policies if result.policy.source is Source.SEARCH
    }
    assert outcome.optimal == "Hyper1"


def test_each_step_is_as_good_as_the_one_before_on_the_events_of_the_search() -> None:
    """What won a step defends its place in the next, in every rung."""
    for seed in range(20):
        evaluation = new_evaluation()
        _, results = stages(evaluation, Log(20_000, anyhow(seed)))
        outcome = plan.outcome(evaluation, results)
        tried = {candidate.arguments: candidate for candidate in outcome.candidates}
        won = [
            tried[result.policy.arguments or ""] for result in outcome.policies if result.policy.source is Source.SEARCH
        ]
        rewards = [candidate.sums.rewards / candidate.sums.events for candidate in won]

        assert all(candidate.events == 10_000 for candidate in won)
        assert rewards == sorted(rewards)


@pytest.mark.parametrize("kind", ["cb", "ccb"])
def test_a_candidate_is_listed_with_the_run_over_the_most_events(kind: str) -> None:
    """What falls behind in one step may go on in another, whatever chance may do."""
    for seed in range(40):
        evaluation = new_evaluation(kind=kind)
        done, results = stages(evaluation, Log(20_000, anyhow(seed), namespaces=Namespaces("F", "i")))
        most: dict[str | None, int | None] = {}
        for task in (task for stage in done[1:-1] for task in stage):
            most[task.arguments] = max(most.get(task.arguments) or 0, task.until or 0)

        assert most == {
            candidate.arguments: candidate.events for candidate in plan.outcome(evaluation, results).candidates
        }


def test_online_is_the_best_where_nothing_is_above_it() -> None:
    """Even by a little."""
    evaluation = new_evaluation(CUSTOM)
    _, results = stages(evaluation, Log(5000, lambda _task: LOGGED_REWARD - 0.01))

    assert plan.outcome(evaluation, results).optimal == "online"


def test_what_is_named_is_above_0_by_the_interval_that_is_shown() -> None:
    """By the one in the loop's own report, which gets wider with each policy that is compared; else it is `online`."""
    evaluation, decided = new_evaluation(CUSTOM, CUSTOM + " -q ::", optimise=False), set[str]()
    for more in range(-40, 80, 4):
        _, results = stages(
            evaluation, Log(1000, lambda task, gain=more / 1000: LOGGED_REWARD + gain * (task.key != "custom-1"))
        )
        outcome = plan.outcome(evaluation, results)
        shown = json.loads(report_forms.answer(evaluation, outcome))["policies"]
        above = [
            policy["name"] for policy in shown if policy["source"] == "Custom" and policy["differenceInterval"][0] > 0
        ]

        assert [outcome.optimal] == (above or ["online"])
        decided.add(outcome.optimal)

    assert decided == {"online", "mine-0"}


def test_what_cannot_be_applied_is_never_the_best() -> None:
    """Such as a baseline, which is reported by its own figures."""
    evaluation = new_evaluation(CUSTOM, optimise=False)
    _, results = stages(evaluation, Log(5000, lambda _task: LOGGED_REWARD + 0.1, baselines=0.9))

    assert plan.outcome(evaluation, results).optimal == "mine-0"


# Rounds of automatic optimization


def settled(evaluation: Evaluation, log: Log) -> Outcome:
    """The outcome, if models are kept as the tasks want it."""
    done, results = stages(evaluation, log)
    keeping = {task.key for stage in done for task in stage if task.keeps_model}
    models = {key: replace(result, model=MODEL) if key in keeping else result for key, result in results.items()}
    return plan.outcome(evaluation, models)


def test_a_round_of_automatic_optimization_searches_all_of_the_log() -> None:
    """A trial judges what it finds, so nothing is held back; the settings in use are evaluated as the found ones."""
    evaluation = new_evaluation(round_number=3)
    done, results = stages(evaluation, Log(5001, anyhow(4)))
    _, *searching, last = done

    assert max(task.until or 0 for tasks in searching for task in tasks) == 5001
    assert last[0].key == plan.IN_USE
    assert last[0].arguments == "--cb_explore_adf --epsilon 0.2"
    assert not last[0].keeps_model
    assert all((task.counted_from, task.until, task.explores_as_loop) == (0, None, True) for task in last)
    assert all(task.keeps_model for task in last[1:])
    assert plan.JUDGING not in results
    assert {result.total.events for result in plan.outcome(evaluation, results).policies} == {5001}


def test_the_settings_in_use_are_evaluated_with_the_exploration_of_the_loop() -> None:
    """Whatever the arguments say; the loop replaces it too."""
    done, _ = stages(new_evaluation(round_number=1, exploration=0.05), Log(3000))

    assert done[-1][0].arguments == "--cb_explore_adf --epsilon 0.05"


def test_a_round_names_a_challenger_and_takes_nothing_by_itself() -> None:
    """Though much is better than what was logged; `online` stays the best."""

    def worth(task: Task) -> float:
        return 0.9 if task.arguments == SQUARECB else 0.5 if task.key == plan.IN_USE else 0.2

    outcome = settled(new_evaluation(round_number=1), Log(20_000, worth))
    challenger = next(result.policy for result in outcome.policies if result.policy.name == outcome.challenger)

    assert challenger.arguments == SQUARECB
    assert outcome.optimal == "online"
    assert outcome.finding == "It seems to earn 0.4 more per event on the log by which it was chosen: a trial tells."


@pytest.mark.parametrize("in_use", [0.9, 0.95])
def test_a_round_names_nobody_who_seems_no_better_than_the_settings_in_use(in_use: float) -> None:
    """Though all are better than what was logged."""

    def worth(task: Task) -> float:
        return in_use if task.key == plan.IN_USE else 0.9

    outcome = settled(new_evaluation(round_number=1), Log(20_000, worth))

    assert outcome.challenger is None
    assert "earn no more" in (outcome.finding or "")


def test_a_round_without_a_search_names_nobody() -> None:
    """And says why."""
    outcome = settled(new_evaluation(round_number=1), Log(5000, exploration=0.0))

    assert outcome.challenger is None
    assert "no exploration" in (outcome.finding or "")


def test_what_a_caller_wants_searched_names_nobody() -> None:
    """Only the loop itself has trials."""
    outcome = settled(new_evaluation(), Log(20_000, lambda task: 0.9 if task.arguments == SQUARECB else 0.2))

    assert outcome.challenger is None
    assert outcome.optimal == "Hyper1"


# Bins


@pytest.mark.parametrize(
    ("span", "width"),
    [
        (0, 5 * MINUTE),
        (DAY, 5 * MINUTE),
        (MOST_BINS * 5 * MINUTE - 1, 5 * MINUTE),
        (MOST_BINS * 5 * MINUTE, HOUR),
        (3 * 365 * DAY, 6 * HOUR),
        (20 * 365 * DAY, DAY),
        (200 * 365 * DAY, DAY),
    ],
)
def test_bins_are_as_wide_as_it_takes(span: int, width: int) -> None:
    """Five minutes, as the old service had them, unless the first event and the last are too far apart."""
    assert width == choose_width(7 * DAY, 7 * DAY + span, 5 * MINUTE)


@pytest.mark.parametrize("end_us", [DAY, 99 * 365 * DAY])
def test_no_range_makes_bins_wider(end_us: int) -> None:
    """Microsoft's own test asks for a hundred years; only events that are far apart do."""
    evaluation = new_evaluation(CUSTOM, optimise=False, end_us=end_us)
    _, results = stages(evaluation, Log(500))

    assert plan.outcome(evaluation, results).width_us == 5 * MINUTE


def test_all_policies_have_bins_of_one_width() -> None:
    """The widest of any task: one that an earlier version carried out may have wider bins, of a day at most."""
    evaluation = new_evaluation(CUSTOM, optimise=False)
    _, results = stages(evaluation, Log(500))
    narrow, width = (
        {DAY + 20 * HOUR: sums(3, 0.5), DAY + 23 * HOUR: sums(1, 1.0)},
        TaskResult("", LineCounts(), {}).width_us,
    )
    results = {
        "logged": replace(results["logged"], bins={"online": {"": {DAY: sums(4, 0.2)}}}, width_us=width),
        "custom-0": replace(results["custom-0"], bins={"": {"": narrow}}),
    }

    outcome = plan.outcome(evaluation, results)

    assert outcome.width_us == DAY
    assert {at_us: bin_.events for at_us, bin_ in outcome.policies[-1].bins.items()} == {DAY: 4}


def test_several_slots_are_searched_with_their_own_option() -> None:
    """And without algorithms that only know one choice."""
    done, _ = stages(new_evaluation(kind="ccb"), Log(5000, anyhow(3)))
    tried = [task.arguments for stage in done for task in stage if task.arguments]

    assert all(text.startswith("--ccb_explore_adf --epsilon 0.2 ") for text in tried)
    assert not any("squarecb" in text or "synthcover" in text for text in tried)
