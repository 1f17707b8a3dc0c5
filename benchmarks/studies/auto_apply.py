"""`auto-apply`: how often automatic optimization takes other settings, where none are better and where some are.

Simulated loops live in worlds of known rewards and learn from their own log; in each optimization round the real plan
runs over the log so far, and the real rule decides. Takes hours: what came of each loop is kept in a file, and a study
that was interrupted goes on from there.
"""

import json
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.studies.simulated_loops import APART_US, BEGIN_US, World, log_of
from benchmarks.studies.simulated_worlds import articles, bilinear, indifferent, obvious
from localhost.environment import ROOT
from shared.configuration.configuration import (
    INITIAL_ARGUMENTS,
    Configuration,
    LearningSettings,
    new_configuration,
)
from shared.evaluation import evaluation_spec, plan
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.evaluation.optimization_schedule import (
    ERROR,
    OptimizationRound,
    OptimizationRounds,
    error_share,
    is_time_for_round,
)
from shared.evaluation.optimization_verdict import judge_round, winner
from shared.evaluation.outcome import Outcome
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import TaskResult, TrainedModel
from shared.learner.arguments import DEFAULT_ARGUMENTS
from shared.metrics.intervals import proportion

EVENTS = 20_000
RECORDS = ROOT / ".local" / "benchmarks" / "auto-apply.jsonl"
"""What came of each loop, one a line; delete it to begin anew."""
_PROCESSES = 2
_STEP = 1_000
"""Rounds come after a multiple of so many events."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Loops that differ in nothing but chance.

    Attributes:
        world: Makes the world of a seed.
        learning: The learning arguments in use.
        is_better: Whether other settings are better by far.
    """

    world: Callable[[int], World]
    learning: str
    exploration: float = 0.2
    is_better: bool = False


KINDS: Mapping[str, Kind] = {
    "E1": Kind(articles, DEFAULT_ARGUMENTS, is_better=True),
    "E2": Kind(bilinear, DEFAULT_ARGUMENTS, is_better=True),
    "two": Kind(lambda _: indifferent("two", 2, (0.3,)), DEFAULT_ARGUMENTS),
    "clicks": Kind(lambda _: indifferent("clicks", 5, (0.03, 0.05, 0.07)), INITIAL_ARGUMENTS),
    "amounts": Kind(lambda _: indifferent("amounts", 4, (0.1, 0.3, 0.5), is_continuous=True), DEFAULT_ARGUMENTS),
    "seven": Kind(lambda _: indifferent("seven", 7, (0.1, 0.2, 0.4)), INITIAL_ARGUMENTS, exploration=0.1),
    "obvious": Kind(lambda _: obvious("obvious", 5, 0.8, 0.1), DEFAULT_ARGUMENTS),
}
LOOPS: Mapping[str, int] = {"E1": 40, "E2": 20} | {name: 100 for name, kind in KINDS.items() if not kind.is_better}


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What came of an optimization round.

    Attributes:
        error: With which it might be wrong.
        least: With which it would have taken what it found, the comparison with the settings in use aside, which is
            made with `error`; 1 if with none.
    """

    events: int
    error: float
    least: float
    arguments: str | None
    because: str


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a loop; its last round is the first one that took settings, if any did."""

    kind: str
    seed: int
    took: bool
    rounds: Sequence[RoundResult]


def measure(
    progress: Progress, loops: Mapping[str, int] = LOOPS, records: Path = RECORDS, events: int = EVENTS
) -> list[Figure]:
    """Let loops live, as many of each kind as `loops` says, two at a time."""
    lives = list(_read_lives(records))
    done = {(life.kind, life.seed) for life in lives}
    most = max(loops.values())
    wanted = [(kind, seed) for seed in range(most) for kind in loops if seed < loops[kind]]
    left = [(kind, seed, events) for kind, seed in wanted if (kind, seed) not in done]
    records.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(_PROCESSES) as pool, records.open("a", encoding="utf-8") as file:
        for number, life in enumerate(pool.map(_live, left)):
            file.write(json.dumps(asdict(life)) + "\n")
            file.flush()
            lives.append(life)
            progress.show(f"loop {number + 1} of {len(left)}: {_summary(lives)}")
    return _figures([life for life in lives if life.seed < loops.get(life.kind, 0)])


def live(name: str, seed: int, events: int = EVENTS) -> Lived:
    """Let a loop live until it takes other settings, or for so many events."""
    kind = KINDS[name]
    last = 1 << (events // _STEP).bit_length() - 1  # what comes after the last round matters no more
    lines = log_of(kind.world(seed), kind.learning, _configuration(kind).exploration, last * _STEP, seed)
    loop, rounds, results = _configuration(kind), OptimizationRounds(), list[RoundResult]()
    for learned in range(_STEP, len(lines) + 1, _STEP):
        if not is_time_for_round(rounds, loop, learned, _at(learned)):
            continue
        number = rounds.last.number + 1 if rounds.last else 1
        new = OptimizationRound(number, _at(learned), BEGIN_US, _at(learned), learned, error_share(rounds, learned))
        rounds = rounds.begin(new).mark_started()
        results.append(_run_round(loop, new, lines[:learned]))
        if results[-1].least <= new.error:
            return Lived(name, seed, took=True, rounds=results)
    return Lived(name, seed, took=False, rounds=results)


def _live(job: tuple[str, int, int]) -> Lived:
    return live(*job)


def _at(events: int) -> int:
    return BEGIN_US + events * APART_US


def _configuration(kind: Kind) -> Configuration:
    first = new_configuration(4)
    service = replace(first.service, exploration_percentage=kind.exploration, is_auto_optimization_enabled=True)
    return replace(first, service=service, learning=LearningSettings("simulated", kind.learning))


def _run_round(loop: Configuration, new: OptimizationRound, lines: Sequence[bytes]) -> RoundResult:
    spec = EvaluationSpec(new.evaluation_id, "", new.from_us, new.to_us, optimise=True, round_number=new.number)
    evaluation = replace(evaluation_spec.build_evaluation(spec, loop, new.to_us, new.at_us), error=new.error)
    outcome = _evaluate(evaluation, lines)
    tried, least = winner(outcome), _least(outcome)
    arguments = tried.policy.arguments if tried else None
    return RoundResult(new.learned, new.error, least, arguments, judge_round(outcome, new.error).because)


def _evaluate(evaluation: Evaluation, lines: Sequence[bytes]) -> Outcome:
    """What the real plan comes to; reward models are left out, since the rule does not use them."""
    results = dict[str, TaskResult]()
    with tempfile.TemporaryDirectory() as folder:
        while tasks := plan.open_tasks(evaluation, results):
            for task in tasks:
                bare = replace(task, with_reward_model=False, keeps_model=False)
                results[task.key] = log_pass.run_in_process(bare, evaluation, lines, folder=Path(folder))
    outcome = plan.outcome(evaluation, results)
    trained = TrainedModel("", "", len(lines))
    return replace(outcome, policies=tuple(replace(policy, model=trained) for policy in outcome.policies))


def _least(outcome: Outcome) -> float:
    """The smallest error with which the rule would take what was found; 1 if with none, found by halving."""
    low, high = math.log(1e-8), math.log(0.5)
    if judge_round(outcome, 0.49).better is None:
        return 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if judge_round(outcome, math.exp(middle)).better else (middle, high)
    return math.exp(high)


def _read_lives(records: Path) -> Iterator[Lived]:
    if not records.exists():
        return
    for line in records.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        yield Lived(
            document["kind"],
            document["seed"],
            document["took"],
            [RoundResult(**result) for result in document["rounds"]],
        )


def _summary(lives: Sequence[Lived]) -> str:
    names = [name for name in KINDS if any(life.kind == name for life in lives)]
    counts = [(name, [life.took for life in lives if life.kind == name]) for name in names]
    return ", ".join(f"{name} {sum(took)}/{len(took)}" for name, took in counts)


def _figures(lives: Sequence[Lived]) -> list[Figure]:
    """The share of loops that took other settings: of all in which none were better, and of each kind."""
    equal = [life for life in lives if not KINDS[life.kind].is_better]
    figures = [_figure("no settings are better", equal, Goal("at most", ERROR))] if equal else []
    by_kind = {name: [life for life in lives if life.kind == name] for name in KINDS}
    goals = {"E1": Goal("at least", 0.8), "E2": Goal("at least", 0.5)}
    return figures + [_figure(name, some, goals.get(name)) for name, some in by_kind.items() if some]


def _figure(what: str, some: Sequence[Lived], goal: Goal | None) -> Figure:
    took = [life for life in some if life.took]
    at = [life.rounds[-1].events for life in took]
    low, high = proportion(len(took), len(some))
    by_round = {f"at {events:,}": at.count(events) for events in sorted(set(at))}
    details = {"loops": len(some), "took": len(took), "95 % interval": f"{low:.3f} to {high:.3f}", **by_round}
    return Figure("auto-apply", what, "of 1", [len(took) / len(some)], goal=goal, details=details)
