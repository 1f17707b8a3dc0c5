"""The plan of an evaluation: which tasks it takes, stage by stage, and what follows from their results.

Nothing here depends on where, when or in what order tasks are carried out.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from shared.evaluation.candidates import with_exploration
from shared.evaluation.challenger import name_challenger
from shared.evaluation.evaluation import Evaluation, Policy, Source
from shared.evaluation.finding import describe_finding
from shared.evaluation.halving import Results, short
from shared.evaluation.lead import rank_leads
from shared.evaluation.names import FIRST, RANDOM
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.search import Search, SearchResult
from shared.evaluation.tasks import Task, TaskResult
from shared.evaluation.time_bins import WIDTHS, widen
from shared.metrics.estimators.sums import Sums

LOGGED = "logged"
"""Key of the task without arguments over the whole log."""
JUDGING = "logged-judging"
"""Key of the task without arguments over the half that judges."""
IN_USE = "in-use"
"""Key of the task for the settings in use, evaluated as searched settings are."""
FEWEST_EVENTS = 100
"""Better settings are not searched in logs with fewer usable events."""

_NARROWEST_US = WIDTHS[0]
_BASELINES = (Policy(FIRST, None, Source.BASELINE), Policy(RANDOM, None, Source.RANDOM))


def open_tasks(evaluation: Evaluation, results: Results) -> tuple[Task, ...]:
    """The tasks without result in the earliest incomplete stage; none if all stages are complete."""
    return list_open(stages(evaluation, results), results)


def list_open(of_stages: Iterable[tuple[Task, ...]], results: Results) -> tuple[Task, ...]:
    """The tasks without result in the earliest incomplete one of some stages.

    Args:
        of_stages: Each is asked for only once all tasks of the stages before it have results.
    """
    for number, tasks in enumerate(of_stages):
        missing = tuple(replace(task, stage=number) for task in tasks if task.key not in results)
        if missing:
            return missing
    return ()


def stages(evaluation: Evaluation, results: Results) -> Iterator[tuple[Task, ...]]:
    """The stages of an evaluation; each needs the results of all tasks of the stages before it."""
    logged, custom = _make_logged_task(LOGGED, 0), tuple(_list_custom_tasks(evaluation, 0))
    if not evaluation.optimise:
        yield (logged, *custom)
        return
    yield (logged,)
    if not _searches(evaluation, results):
        yield custom
        return
    search = yield from _search(evaluation, results).stages(results)
    yield tuple(_list_last_tasks(evaluation, search, results))


def why_no_search(evaluation: Evaluation, results: Results) -> str | None:
    """Why better settings are not searched although the evaluation wants it, in plain words.

    Args:
        results: At least that of the task `LOGGED`.
    """
    logged = results[LOGGED]
    if not evaluation.optimise:
        return None
    if logged.lines.used < FEWEST_EVENTS:
        return (
            f"Better settings were not searched: the log has {logged.lines.used} usable events, and fewer than "
            f"{FEWEST_EVENTS} show nothing."
        )
    if not logged.exploration:
        return (
            "Better settings were not searched: the log has no exploration, so it cannot say what other choices would "
            "have earned."
        )
    return None


def outcome(evaluation: Evaluation, results: Results) -> Outcome:
    """Make the outcome of an evaluation; needs the results of all tasks."""
    search = _search_result(evaluation, results)
    matches = list(_match_results(evaluation, results, search))
    width_us = max(result.width_us for _, result, _ in matches)
    outcome = Outcome(
        policies=tuple(each for match in matches for each in _slots(*match, width_us)),
        lines=results[LOGGED].lines,
        width_us=width_us,
        candidates=search.candidates,
        optimal=evaluation.online.name,
        up_to_us=results[LOGGED].up_to_us,
        no_search=why_no_search(evaluation, results),
    )
    return _name(outcome, results) if evaluation.is_automatic else _decide(evaluation, outcome)


def _match_results(
    evaluation: Evaluation, results: Results, search: SearchResult
) -> Iterator[tuple[Policy, TaskResult, str]]:
    """All policies over the same events: each with the result that it is judged by, and its name there."""
    has_half = _searches(evaluation, results) and not evaluation.is_automatic
    logged = results[JUDGING if has_half else LOGGED]
    for policy in (evaluation.online, *_BASELINES):
        yield policy, logged, policy.name
    for index, policy in enumerate(evaluation.custom):
        yield policy, results[_custom_key(index, judging=has_half)], ""
    for name, text in search.winners:
        yield Policy(name, text, Source.SEARCH), results[_winner_key(text)], ""


def _decide(evaluation: Evaluation, outcome: Outcome) -> Outcome:
    """Say which policy is better than `online` for certain."""
    ranked = rank_leads(outcome)
    best = ranked[0].name if ranked and ranked[0].is_certain else evaluation.online.name
    return replace(outcome, optimal=best, finding=describe_finding(ranked))


def _name(outcome: Outcome, results: Results) -> Outcome:
    """Say which policy is to go on trial, if any."""
    in_use = results[IN_USE].sums() if IN_USE in results else Sums()
    named = name_challenger(outcome, in_use)
    return replace(
        outcome,
        challenger=named.challenger.policy.name if named.challenger else None,
        finding=named.because,
        chosen_of=len(outcome.candidates),
    )


def _list_last_tasks(evaluation: Evaluation, search: SearchResult, results: Results) -> Iterator[Task]:
    """The tasks that judge what was found.

    What a caller wants searched is judged by the half that the search has not used: all policies learn from the other
    half too, but only this one counts. A round of automatic optimization searches all of the log, for a trial judges
    what it finds.
    """
    cut = 0 if evaluation.is_automatic else _search_events(evaluation, results)
    if evaluation.is_automatic:
        in_use = with_exploration(evaluation.online.arguments or "", evaluation.exploration)
        yield Task(IN_USE, 0, in_use, cut, None, _NARROWEST_US, explores_as_loop=True)
    else:
        yield _make_logged_task(JUDGING, cut)
    yield from _list_custom_tasks(evaluation, cut)
    for text in dict.fromkeys(text for _, text in search.winners):
        yield replace(_make_policy_task(_winner_key(text), text, cut), explores_as_loop=True)


def _make_logged_task(key: str, counted_from: int) -> Task:
    return Task(key, 0, None, counted_from, None, _NARROWEST_US, with_reward_model=True)


def _make_policy_task(key: str, arguments: str | None, counted_from: int) -> Task:
    return replace(_make_logged_task(key, counted_from), arguments=arguments, keeps_model=True)


def _list_custom_tasks(evaluation: Evaluation, counted_from: int) -> Iterator[Task]:
    for index, policy in enumerate(evaluation.custom):
        yield _make_policy_task(_custom_key(index, judging=counted_from > 0), policy.arguments, counted_from)


def _searches(evaluation: Evaluation, results: Results) -> bool:
    return evaluation.optimise and why_no_search(evaluation, results) is None


def _search(evaluation: Evaluation, results: Results) -> Search:
    problem = "--ccb_explore_adf" if evaluation.log.kind.startswith("ccb") else "--cb_explore_adf"
    return Search(problem, results[LOGGED].namespaces, _search_events(evaluation, results), evaluation.exploration)


def _search_result(evaluation: Evaluation, results: Results) -> SearchResult:
    if not _searches(evaluation, results):
        return SearchResult((), ())
    return _end(_search(evaluation, results).stages(results))


def _end(stages: Generator[tuple[Task, ...], None, SearchResult]) -> SearchResult:
    """The result of stages whose tasks all have results."""
    try:
        while True:
            next(stages)
    except StopIteration as stopped:
        result: SearchResult = stopped.value
        return result


def _search_events(evaluation: Evaluation, results: Results) -> int:
    """How many of the log's first events the search uses: half of them, or all."""
    used = results[LOGGED].lines.used
    return used if evaluation.is_automatic else used // 2


def _custom_key(index: int, *, judging: bool) -> str:
    return f"custom-{index}-judging" if judging else f"custom-{index}"


def _winner_key(arguments: str) -> str:
    return f"found-{short(arguments)}"


def _slots(policy: Policy, result: TaskResult, name: str, width_us: int) -> Iterator[PolicyOutcome]:
    """A policy's outcome for the event, and those for its slots, by bins of a width."""
    by_slot = result.bins.get(name, {})
    for slot in ("", *(slot for slot in by_slot if slot)):
        bins = by_slot.get(slot, {}) if result.width_us == width_us else widen(by_slot.get(slot, {}), width_us)
        yield PolicyOutcome(policy, slot, bins, result.counted_from_us, result.model)
