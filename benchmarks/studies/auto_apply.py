"""`auto-apply`: how often automatic optimization takes other settings, where none are better and where some are.

Simulated loops live in worlds of known rewards and learn from their own log; in each optimization round the real plan
runs over the log so far, what it names goes on trial, and the real rule decides. Takes hours: what came of each loop is
kept in a file, and a study that was interrupted goes on from there.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.studies.simulated_loops import APART_US, BEGIN_US, SimulatedLoop, Visit, World
from benchmarks.studies.simulated_worlds import articles, bilinear, indifferent, obvious, personal
from localhost.environment import ROOT
from shared.configuration.configuration import (
    INITIAL_ARGUMENTS,
    Configuration,
    LearningSettings,
    new_configuration,
)
from shared.configuration.exploration import TrialExploration
from shared.evaluation import evaluation_spec, plan
from shared.evaluation.challenger import are_the_same
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.evaluation.optimization_schedule import (
    ERROR,
    OptimizationRound,
    OptimizationRounds,
    analysis_error,
    is_time_for_round,
    next_analysis,
)
from shared.evaluation.outcome import Outcome
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import TaskResult, TrainedModel
from shared.evaluation.trial_verdict import TrialDecision, is_in_favour, judge_trial
from shared.learner.arguments import DEFAULT_ARGUMENTS
from shared.metrics.estimators import trial_sums
from shared.metrics.estimators.trial_sums import TrialSums
from shared.metrics.intervals import proportion

EVENTS = 20_000
RECORDS = ROOT / ".local" / "benchmarks" / "auto-apply.jsonl"
"""What came of each loop, one a line; delete it to begin anew."""
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """Loops that differ in nothing but chance.

    Attributes:
        world: Makes the world of a seed.
        learning: The learning arguments in use.
        is_better: Whether other settings are better by far.
        by: Events by which they are to be applied.
    """

    world: Callable[[int], World]
    learning: str
    exploration: float = 0.2
    is_better: bool = False
    by: int = EVENTS


KINDS: Mapping[str, Kind] = {
    "E1": Kind(articles, DEFAULT_ARGUMENTS, is_better=True),
    "E2": Kind(bilinear, DEFAULT_ARGUMENTS, is_better=True),
    "blind": Kind(personal, DEFAULT_ARGUMENTS.removesuffix(" -q ::"), is_better=True, by=4_000),
    "two": Kind(lambda _: indifferent("two", 2, (0.3,)), DEFAULT_ARGUMENTS),
    "clicks": Kind(lambda _: indifferent("clicks", 5, (0.03, 0.05, 0.07)), INITIAL_ARGUMENTS),
    "amounts": Kind(lambda _: indifferent("amounts", 4, (0.1, 0.3, 0.5), is_continuous=True), DEFAULT_ARGUMENTS),
    "seven": Kind(lambda _: indifferent("seven", 7, (0.1, 0.2, 0.4)), INITIAL_ARGUMENTS, exploration=0.1),
    "obvious": Kind(lambda _: obvious("obvious", 5, 0.8, 0.1), DEFAULT_ARGUMENTS),
}
LOOPS: Mapping[str, int] = {name: 100 if kind.is_better else 200 for name, kind in KINDS.items()}
_GOALS = {"E1": 0.8, "E2": 0.8, "blind": 0.95}


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What came of an optimization round.

    Attributes:
        arguments: Those of the challenger; None if none was named.
        is_retained: Whether the challenger before stays on trial although another one was named.
    """

    events: int
    arguments: str | None
    because: str
    is_retained: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a trial was judged to be.

    Attributes:
        events: Of the loop.
        trial_events: Of the trial.
        error: With which it might be wrong.
        gain: How much more the challenger is estimated to earn per event.
        true_gain: How much more its chances truly earn, on average over the trial.
    """

    events: int
    trial_events: int
    error: float
    gain: float
    true_gain: float
    because: str


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a loop, up to the event at which it took settings, if it did.

    Attributes:
        arguments: Those that it took.
    """

    kind: str
    seed: int
    took: bool
    events: int
    arguments: str | None
    rounds: Sequence[RoundResult]
    judgements: Sequence[Judgement]


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
    life = Life(KINDS[name], seed)
    while life.applied is None and life.events < events:
        life.go_on()
    return Lived(name, seed, life.applied is not None, life.events, life.applied, life.results, life.judgements)


@dataclass(slots=True)
class Trial:
    """A challenger on trial.

    Attributes:
        true_gains: The sum of what its chances truly earn more.
        judged_after: At how many events the next judgement comes.
    """

    arguments: str
    exploration: TrialExploration
    sums: TrialSums
    true_gains: float
    judged_after: int

    @property
    def largest(self) -> float:
        """The largest surplus that an event could have."""
        return self.exploration.largest_surplus

    def add(self, visit: Visit, means: np.ndarray) -> None:
        """Add an event, whose actions have these mean rewards."""
        surplus = float(visit.surpluses[visit.action])
        self.sums = self.sums.plus(TrialSums.of([(surplus, visit.line.reward)]))
        self.true_gains += float(means @ (visit.chances * visit.surpluses))


class Life:
    """The life of a loop with automatic optimization.

    Attributes:
        applied: The arguments that the loop has taken; None until it takes some.
    """

    def __init__(self, kind: Kind, seed: int) -> None:
        """Begin a life."""
        self.applied: str | None = None
        self.events = 0
        self.results: list[RoundResult] = []
        self.judgements: list[Judgement] = []
        self._world = kind.world(seed)
        self._configuration = _configuration(kind)
        self._loop = SimulatedLoop(self._world, kind.learning, self._configuration.exploration, seed)
        self._rounds = OptimizationRounds()
        self._trial: Trial | None = None

    def go_on(self) -> None:
        """Live through the events of one model; a trial that ends meanwhile is over for the next model."""
        for visit in self._loop.live():
            self.events += 1
            if self._trial is None:
                continue
            self._trial.add(visit, self._world.means[visit.document])
            if self._trial.sums.events >= self._trial.judged_after:
                self._judge(self._trial)
            if self.applied is not None:
                self._loop.close()
                return
        if self._loop.has_challenger and self._trial is None:
            self._loop.end_trial()
        if is_time_for_round(self._rounds, self._configuration, self.events, _at(self.events)):
            self._run_round()

    def _judge(self, trial: Trial) -> None:
        error = analysis_error(self._rounds, self.events)
        self._rounds = self._rounds.spend(error)
        verdict = judge_trial(trial.sums, trial.largest, error)
        count = trial.sums.events
        gain, true_gain = trial_sums.gain(trial.sums) or 0.0, trial.true_gains / count
        self.judgements.append(Judgement(self.events, count, error, gain, true_gain, verdict.because))
        trial.judged_after = next_analysis(count)
        if verdict.decision is TrialDecision.APPLY:
            self.applied = trial.arguments
        elif verdict.decision is TrialDecision.WITHDRAW:
            self._trial = None

    def _run_round(self) -> None:
        number = self._rounds.last.number + 1 if self._rounds.last else 1
        new = OptimizationRound(number, _at(self.events), BEGIN_US, _at(self.events), self.events)
        self._rounds = self._rounds.begin(new).mark_started().settle()
        outcome = _search(self._configuration, new, self._loop.lines)
        policies = {policy.policy.name: policy.policy for policy in outcome.policies}
        arguments = policies[outcome.challenger].arguments if outcome.challenger else None
        is_retained = False
        if arguments is not None:
            is_retained = self._name(arguments)
        self.results.append(RoundResult(self.events, arguments, outcome.finding or "", is_retained))

    def _name(self, arguments: str) -> bool:
        """Put a challenger on trial; gives whether another one stays there instead."""
        trial, exploration = self._trial, self._configuration.trial_exploration
        if trial and are_the_same(arguments, trial.arguments):
            return False
        if trial and is_in_favour(trial.sums, trial.largest):
            return True
        if exploration is not None:
            self._trial = Trial(arguments, exploration, TrialSums(), 0.0, next_analysis(0))
            self._loop.begin_trial(arguments, exploration)
        return False


def _live(job: tuple[str, int, int]) -> Lived:
    return live(*job)


def _at(events: int) -> int:
    return BEGIN_US + events * APART_US


def _configuration(kind: Kind) -> Configuration:
    first = new_configuration(4)
    service = replace(first.service, exploration_percentage=kind.exploration, is_auto_optimization_enabled=True)
    return replace(first, service=service, learning=LearningSettings("simulated", kind.learning))


def _search(loop: Configuration, new: OptimizationRound, lines: Sequence[bytes]) -> Outcome:
    """What the real plan comes to; reward models are left out, since nobody is named by them."""
    spec = EvaluationSpec(new.evaluation_id, "", new.from_us, new.to_us, optimise=True, round_number=new.number)
    evaluation = evaluation_spec.build_evaluation(spec, loop, new.to_us, new.at_us)
    results = dict[str, TaskResult]()
    with tempfile.TemporaryDirectory() as folder:
        while tasks := plan.open_tasks(evaluation, results):
            for task in tasks:
                bare = replace(task, with_reward_model=False, keeps_model=False)
                result = log_pass.run_in_process(bare, evaluation, lines, folder=Path(folder))
                results[task.key] = replace(result, model=TrainedModel("", "", len(lines)))
    return plan.outcome(evaluation, results)


def _read_lives(records: Path) -> Iterator[Lived]:
    if not records.exists():
        return
    for line in records.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        rounds = [RoundResult(**result) for result in document.pop("rounds")]
        judgements = [Judgement(**judgement) for judgement in document.pop("judgements")]
        yield Lived(**document, rounds=rounds, judgements=judgements)


def _summary(lives: Sequence[Lived]) -> str:
    names = [name for name in KINDS if any(life.kind == name for life in lives)]
    counts = [(name, [life.took for life in lives if life.kind == name]) for name in names]
    return ", ".join(f"{name} {sum(took)}/{len(took)}" for name, took in counts)


def _figures(lives: Sequence[Lived]) -> list[Figure]:
    """The share of loops that took other settings: of all in which none were better, and of each kind."""
    equal = [life for life in lives if not KINDS[life.kind].is_better]
    figures = [_figure("no settings are better", equal, Goal("at most", ERROR))] if equal else []
    for name, kind in KINDS.items():
        some = [life for life in lives if life.kind == name]
        goal = Goal("at least", _GOALS[name]) if kind.is_better else None
        what = name if kind.by == EVENTS else f"{name}, by {kind.by:,} events"
        figures += [_figure(what, some, goal, kind.by)] if some else []
    return figures


def _figure(what: str, some: Sequence[Lived], goal: Goal | None, by: int = EVENTS) -> Figure:
    took = [life for life in some if life.took]
    count = sum(life.events <= by for life in took)
    low, high = proportion(count, len(some))
    details = {"loops": len(some), "took": len(took), "95 % interval": f"{low:.3f} to {high:.3f}"}
    if took:
        details["at events (median)"] = f"{median(life.events for life in took):,.0f}"
        details["true gain (mean)"] = f"{sum(life.judgements[-1].true_gain for life in took) / len(took):.3f}"
    return Figure("auto-apply", what, "of 1", [count / len(some)], goal=goal, details=details)
