"""The plan of an evaluation: which tasks it takes, stage by stage, and what follows from their results.

Nothing here depends on where, when or in what order tasks are carried out.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace

from shared.evaluation.candidates import with_exploration
from shared.evaluation.evaluation import Evaluation, Policy, Source
from shared.evaluation.halving import Results, short
from shared.evaluation.names import FIRST, RANDOM
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.search import LAST, Search, SearchResult
from shared.evaluation.tasks import Task, TaskResult
from shared.evaluation.time_bins import MOST_BINS
from shared.metrics.estimators import cressie_read
from shared.metrics.estimators.difference import difference
from shared.metrics.estimators.paired import Paired, Pairing
from shared.times import DAY, HOUR, MINUTE

LOGGED = "logged"
"""Key of the task without arguments."""
IN_USE = "in-use"
"""Key of the task for the settings in use, judged as searched settings are."""
LEAST_ERROR = 1e-8
"""With a smaller error, no settings are certain enough."""
FEWEST_EVENTS = 100
"""Better settings are not searched in logs with fewer usable events."""

_WIDTHS = (5 * MINUTE, HOUR, 6 * HOUR, DAY)
_BASELINES = (Policy(FIRST, None, Source.BASELINE), Policy(RANDOM, None, Source.RANDOM))


def width_us(evaluation: Evaluation) -> int:
    """How wide bins are: five minutes, or more if the range would have more than `MOST_BINS` of them; at most a day."""
    span = evaluation.end_us - evaluation.start_us
    return next((width for width in _WIDTHS if span <= width * MOST_BINS), _WIDTHS[-1])


def open_tasks(evaluation: Evaluation, results: Results) -> tuple[Task, ...]:
    """The tasks without result in the earliest incomplete stage; none if all stages are complete."""
    for number, tasks in enumerate(_stages(evaluation, results)):
        missing = tuple(replace(task, stage=number) for task in tasks if task.key not in results)
        if missing:
            return missing
    return ()


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
    logged = results[LOGGED]
    search = _search_result(evaluation, results)
    learned = [
        *((policy, results[_custom_key(index)]) for index, policy in enumerate(evaluation.custom)),
        *((Policy(name, text, Source.SEARCH), results[_winner_key(text)]) for name, text in search.winners),
    ]
    policies = [
        *(slot for policy in (evaluation.online, *_BASELINES) for slot in _slots(policy, logged, policy.name)),
        *(slot for policy, result in learned for slot in _slots(policy, result, "")),
    ]
    outcome = Outcome(
        policies=tuple(policies),
        lines=logged.lines,
        width_us=width_us(evaluation),
        candidates=search.candidates,
        optimal=_optimal(evaluation, policies),
        up_to_us=logged.up_to_us,
        no_search=why_no_search(evaluation, results),
    )
    return replace(outcome, ahead=_ahead(evaluation, outcome, results))


def winner(outcome: Outcome) -> PolicyOutcome | None:
    """The winner of the search, which has not used the events by which the winner is judged; None without a search."""
    searched = (result for result in outcome.policies if result.policy.source is Source.SEARCH)
    return next((result for result in searched if result.policy.name == LAST), None)


def _ahead(evaluation: Evaluation, outcome: Outcome, results: Results) -> Paired | None:
    """How much more the winner of the search earns than the settings in use, if both learn from the same events.

    What is published lags behind the log: it was learned before the last rewards came, perhaps with other settings, and
    there was none at first. So any settings, those in use too, may earn more in an evaluation than `online` did.
    """
    best = winner(outcome)
    if best is None or IN_USE not in results:
        return None
    in_use = results[IN_USE].bins.get("", {}).get("", {})
    confidence = 1 - 2 * max(evaluation.error, LEAST_ERROR)
    return Pairing(best.bins, cressie_read.estimate).less(in_use, confidence)


def _stages(evaluation: Evaluation, results: Results) -> Iterator[tuple[Task, ...]]:
    """Each stage needs the results of all tasks of the stages before it."""
    yield tuple(_whole(evaluation))
    if not _searches(evaluation, results):
        return
    search = yield from _search(evaluation, results).stages(results)
    width, cut = width_us(evaluation), _cut(results)
    judged = [
        Task(_winner_key(text), 0, text, cut, None, width, with_reward_model=True, keeps_model=True)
        for text in dict.fromkeys(text for _, text in search.winners)
    ]
    if evaluation.is_automatic:
        in_use = with_exploration(evaluation.online.arguments or "", evaluation.exploration)
        judged.insert(0, Task(IN_USE, 0, in_use, cut, None, width))
    yield tuple(judged)


def _whole(evaluation: Evaluation) -> Iterator[Task]:
    """The tasks over the whole log, which need no other results."""
    width = width_us(evaluation)
    yield Task(LOGGED, 0, None, width_us=width, with_reward_model=True)
    for index, policy in enumerate(evaluation.custom):
        key = _custom_key(index)
        yield Task(key, 0, policy.arguments, width_us=width, with_reward_model=True, keeps_model=True)


def _searches(evaluation: Evaluation, results: Results) -> bool:
    return evaluation.optimise and why_no_search(evaluation, results) is None


def _search(evaluation: Evaluation, results: Results) -> Search:
    problem = "--ccb_explore_adf" if evaluation.log.kind.startswith("ccb") else "--cb_explore_adf"
    return Search(problem, results[LOGGED].namespaces, _cut(results), evaluation.exploration)


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


def _cut(results: Results) -> int:
    """The first usable event of the second half of the log, by which searched settings are judged."""
    return results[LOGGED].lines.used // 2


def _custom_key(index: int) -> str:
    return f"custom-{index}"


def _winner_key(arguments: str) -> str:
    return f"found-{short(arguments)}"


def _slots(policy: Policy, result: TaskResult, name: str) -> Iterator[PolicyOutcome]:
    """A policy's outcome for the event, and those for its slots."""
    bins = result.bins.get(name, {})
    for slot in ("", *(slot for slot in bins if slot)):
        yield PolicyOutcome(policy, slot, bins.get(slot, {}), result.counted_from_us, result.model)


def _optimal(evaluation: Evaluation, policies: list[PolicyOutcome]) -> str:
    """The name of the policy with the highest estimated difference to `online`; `online` itself if none is above it.

    Only policies that can be applied count. In an evaluation of the loop itself, only the winner of the search counts:
    the best of several, chosen by the events that judge them, would be overrated.
    """
    best, highest = evaluation.online.name, 0.0
    for result in policies:
        if result.slot_id or result.policy.source not in (Source.CUSTOM, Source.SEARCH):
            continue
        if evaluation.is_automatic and result.policy.name != LAST:
            continue
        earned = difference(result.total)
        if earned is not None and earned > highest:
            best, highest = result.policy.name, earned
    return best
