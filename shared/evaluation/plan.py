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
"""Key of the task for the settings in use, judged as those that are found are."""
LEAST_ERROR = 1e-8
"""Below that, nothing is certain enough."""
FEWEST_EVENTS = 100
"""Better settings are not searched in logs with fewer usable events."""

_WIDTHS = (5 * MINUTE, HOUR, 6 * HOUR, DAY)
_BASELINES = (Policy(FIRST, None, Source.BASELINE), Policy(RANDOM, None, Source.RANDOM))


def width_us(evaluation: Evaluation) -> int:
    """How wide bins are: five minutes, or more if the range would have more than `MOST_BINS` of them; at most a day."""
    span = evaluation.end_us - evaluation.start_us
    return next((width for width in _WIDTHS if span <= width * MOST_BINS), _WIDTHS[-1])


def open_tasks(evaluation: Evaluation, results: Results) -> tuple[Task, ...]:
    """The tasks without result of the earliest stage that is not complete; none if all is done."""
    for number, tasks in enumerate(_stages(evaluation, results)):
        missing = tuple(replace(task, stage=number) for task in tasks if task.key not in results)
        if missing:
            return missing
    return ()


def why_no_search(evaluation: Evaluation, results: Results) -> str | None:
    """Why better settings are not searched although that was asked for, in plain words.

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
    """What the evaluation found; needs the results of all tasks."""
    logged = results[LOGGED]
    found = _found(evaluation, results)
    of_all = [
        *((one, results[_custom_key(index)]) for index, one in enumerate(evaluation.custom)),
        *((Policy(name, text, Source.SEARCH), results[_found_key(text)]) for name, text in found.winners),
    ]
    policies = [
        *(each for one in (evaluation.online, *_BASELINES) for each in _slots(one, logged, one.name)),
        *(each for one, result in of_all for each in _slots(one, result, "")),
    ]
    told = Outcome(
        policies=tuple(policies),
        lines=logged.lines,
        width_us=width_us(evaluation),
        candidates=found.candidates,
        optimal=_optimal(evaluation, policies),
        up_to_us=logged.up_to_us,
        no_search=why_no_search(evaluation, results),
    )
    return replace(told, ahead=_ahead(evaluation, told, results))


def winner(found: Outcome) -> PolicyOutcome | None:
    """The winner of the search, chosen without a look at the events that it is judged by; None without a search."""
    return next((one for one in found.policies if one.policy.source is Source.SEARCH and one.policy.name == LAST), None)


def _ahead(evaluation: Evaluation, found: Outcome, results: Results) -> Paired | None:
    """How much more the winner of the search earns than the settings in use, both learning in the same way.

    What is published lags behind the log: it was learned before the last rewards came, perhaps with other settings, and
    there was none at first. So any settings, those in use too, may earn more in an evaluation than `online` did.
    """
    best = winner(found)
    if best is None or IN_USE not in results:
        return None
    in_use = results[IN_USE].bins.get("", {}).get("", {})
    confidence = 1 - 2 * max(evaluation.error, LEAST_ERROR)
    return Pairing(best.bins, cressie_read.estimate).less(in_use, confidence)


def _stages(evaluation: Evaluation, results: Results) -> Iterator[tuple[Task, ...]]:
    """Each stage is asked for only when all tasks of those before it have results."""
    yield tuple(_whole(evaluation))
    if not _searches(evaluation, results):
        return
    found = yield from _search(evaluation, results).stages(results)
    width, cut = width_us(evaluation), _cut(results)
    judged = [
        Task(_found_key(text), 0, text, cut, None, width, with_reward_model=True, keeps_model=True)
        for text in dict.fromkeys(text for _, text in found.winners)
    ]
    if evaluation.is_automatic:
        in_use = with_exploration(evaluation.online.arguments or "", evaluation.exploration)
        judged.insert(0, Task(IN_USE, 0, in_use, cut, None, width))
    yield tuple(judged)


def _whole(evaluation: Evaluation) -> Iterator[Task]:
    """What is known from the beginning."""
    width = width_us(evaluation)
    yield Task(LOGGED, 0, None, width_us=width, with_reward_model=True)
    for index, one in enumerate(evaluation.custom):
        key = _custom_key(index)
        yield Task(key, 0, one.arguments, width_us=width, with_reward_model=True, keeps_model=True)


def _searches(evaluation: Evaluation, results: Results) -> bool:
    return evaluation.optimise and why_no_search(evaluation, results) is None


def _search(evaluation: Evaluation, results: Results) -> Search:
    problem = "--ccb_explore_adf" if evaluation.log.kind.startswith("ccb") else "--cb_explore_adf"
    return Search(problem, results[LOGGED].namespaces, _cut(results), evaluation.exploration)


def _found(evaluation: Evaluation, results: Results) -> SearchResult:
    if not _searches(evaluation, results):
        return SearchResult((), ())
    return _end(_search(evaluation, results).stages(results))


def _end(stages: Generator[tuple[Task, ...], None, SearchResult]) -> SearchResult:
    """What stages come to, all of whose results are there."""
    try:
        while True:
            next(stages)
    except StopIteration as stopped:
        found: SearchResult = stopped.value
        return found


def _cut(results: Results) -> int:
    """The first usable event of the half of the log by which found settings are judged."""
    return results[LOGGED].lines.used // 2


def _custom_key(index: int) -> str:
    return f"custom-{index}"


def _found_key(arguments: str) -> str:
    return f"found-{short(arguments)}"


def _slots(policy: Policy, result: TaskResult, name: str) -> Iterator[PolicyOutcome]:
    """A policy's outcome for the event, and those for its slots."""
    bins = result.bins.get(name, {})
    for slot in ("", *(slot for slot in bins if slot)):
        yield PolicyOutcome(policy, slot, bins.get(slot, {}), result.counted_from_us, result.model)


def _optimal(evaluation: Evaluation, policies: list[PolicyOutcome]) -> str:
    """The name of the policy with the highest estimated difference to `online`; that one, if none is above it.

    Only what can be applied can be it. Of an evaluation that the loop itself asked for, only the winner of the search:
    picking the best of several by the events that judge them would flatter it.
    """
    best, highest = evaluation.online.name, 0.0
    for one in policies:
        if one.slot_id or one.policy.source not in (Source.CUSTOM, Source.SEARCH):
            continue
        if evaluation.is_automatic and one.policy.name != LAST:
            continue
        earned = difference(one.total)
        if earned is not None and earned > highest:
            best, highest = one.policy.name, earned
    return best
