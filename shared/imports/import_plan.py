"""The plan of an import: the files become a log, which is evaluated; then a model learns all of it.

The stages: the files are gathered; the plan of an evaluation that searches; where chances were estimated, what that
leaves uncertain; and the settings that were chosen learn the whole log.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from shared.evaluation import plan
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.halving import short
from shared.evaluation.lead import confidence
from shared.evaluation.names import FIRST, RANDOM
from shared.evaluation.outcome import Outcome
from shared.evaluation.tasks import Task, TaskResult
from shared.imports.files.unusable_log import UnusableLog
from shared.imports.import_outcome import Gathered, ImportOutcome
from shared.imports.replicated_sums import POLICY
from shared.imports.stretches import Stretch
from shared.imports.verdict import Replicates, choose, judge
from shared.learner.training import TrainingFailed

GATHERED = "gathered"
"""Key of the task that makes a log of the files; it reads no event of a log, so its `until` is 0."""
LEARNED = "learned"
"""Key of the task that trains the model."""
_REPLICATED = "replicated-"

type Results = Mapping[str, TaskResult]


def open_tasks(evaluation: Evaluation, results: Results, gathered: Gathered | None) -> tuple[Task, ...]:
    """The tasks without result in the earliest incomplete stage; none if all stages are complete.

    Args:
        gathered: What came of the task `GATHERED`; needed once it has a result.

    Raises:
        UnusableLog: The log cannot be learned from, as turned out on the way.
    """
    return plan.list_open(_stages(evaluation, results, gathered), results)


def is_replicated(task: Task) -> bool:
    """Whether a task sums up a policy with the chances as they are without one part of the log after the other."""
    return task.key.startswith(_REPLICATED)


def needs_replicates(task: Task) -> bool:
    """Whether a task needs the chances without one part of the log after the other, where chances were estimated."""
    return task.key == LEARNED or is_replicated(task)


def outcome(
    evaluation: Evaluation, results: Results, gathered: Gathered, stretches: Sequence[Stretch]
) -> ImportOutcome:
    """Make the outcome of an import; needs the results of all tasks.

    Raises:
        TrainingFailed: There is no usable model.
    """
    evaluated, model = plan.outcome(evaluation, results), results[LEARNED].model
    if model is None:
        raise TrainingFailed("the model cannot be used, since its weights are no numbers any more")
    judged = judge(evaluated, _replicates(evaluated, results))
    return ImportOutcome(
        lines=evaluated.lines,
        remarks=gathered.remarks,
        gaps=gathered.gaps,
        exploration=results[plan.LOGGED].exploration,
        judged=tuple(judged),
        difference_confidence=confidence(evaluated),
        candidates=len(evaluated.candidates),
        no_search=evaluated.no_search,
        chosen=choose(judged),
        stretches=tuple(stretches),
        model=model,
    )


def _stages(evaluation: Evaluation, results: Results, gathered: Gathered | None) -> Iterator[tuple[Task, ...]]:
    yield (Task(GATHERED, 0, None, until=0),)
    if gathered is None:
        raise ValueError("what was gathered is needed now")
    for tasks in plan.stages(evaluation, results):
        yield tuple(replace(task, keeps_model=False, width_us=0) for task in tasks)
    evaluated = plan.outcome(evaluation, results)
    if gathered.has_replicates:
        _demand_all(gathered, results)
        yield tuple(_list_replicated(evaluated, results))
    chosen = choose(judge(evaluated, _replicates(evaluated, results)))
    yield (Task(LEARNED, 0, chosen.arguments, keeps_model=True),)


def _demand_all(gathered: Gathered, results: Results) -> None:
    """See that all events were used, in whose order the chances are."""
    rows, used = gathered.events, results[plan.LOGGED].lines.used
    if rows != used:
        raise UnusableLog(
            f"The learner refused {rows - used} of {rows} rows, so it is unknown what estimated chances leave open.",
            "Rename columns whose names begin with an underscore, or leave them out of the context.",
        )


def _list_replicated(evaluated: Outcome, results: Results) -> Iterator[Task]:
    """A task for each different policy that learns."""
    counted_from = results[plan.LOGGED].lines.used // 2 if plan.JUDGING in results else 0
    for arguments in dict.fromkeys(_learning(evaluated).values()):
        yield Task(_key_of_replicated(arguments), 0, arguments, counted_from)


def _replicates(evaluated: Outcome, results: Results) -> Replicates:
    """What estimated chances leave uncertain; nothing if all were noted."""
    by_policy = {
        name: results[key]
        for name, arguments in _learning(evaluated).items()
        if (key := _key_of_replicated(arguments)) in results
    }
    if not by_policy:
        return {}
    of_baselines = next(iter(by_policy.values()))
    bins = {name: of_baselines.bins[name] for name in (FIRST, RANDOM)}
    bins |= {name: result.bins[POLICY] for name, result in by_policy.items()}
    return {name: [parts[""][part] for part in sorted(parts[""])] for name, parts in bins.items()}


def _learning(evaluated: Outcome) -> dict[str, str]:
    """The arguments of the policies that learn, by name."""
    return {result.policy.name: result.policy.arguments for result in evaluated.policies if result.policy.arguments}


def _key_of_replicated(arguments: str) -> str:
    return f"{_REPLICATED}{short(arguments)}"
