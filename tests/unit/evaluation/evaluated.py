"""Evaluations whose tasks come out as a test wants, without any learner."""

from collections.abc import Callable, Mapping, Sequence

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Purpose, Source
from shared.evaluation.plan import open_tasks
from shared.evaluation.tasks import Bins, LineCounts, Namespaces, Task, TaskResult
from shared.metrics.estimators.sums import Sums
from shared.times import DAY

ONLINE = Policy("online", "--cb_explore_adf --epsilon 0.2", Source.ONLINE)
NAMESPACES = Namespaces(context="FG", actions="ij", constant="i")
LOGGED_REWARD = 0.3

Worth = Callable[[Task], float]
"""The reward per event that a task with arguments comes to."""


def new_evaluation(
    *custom: str,
    optimise: bool = True,
    round_number: int = 0,
    kind: str = "cb",
    end_us: int = DAY,
    exploration: float = 0.2,
) -> Evaluation:
    policies = tuple(Policy(f"mine-{index}", text, Source.CUSTOM) for index, text in enumerate(custom))
    log = EvaluatedLog(0, end_us, kind, RewardSettings(1, 0.0, Aggregation.EARLIEST))
    return Evaluation(
        "e", Purpose.EVALUATION, "e", False, 0, end_us, 0, policies, optimise, round_number, ONLINE, exploration, log
    )


def sums(events: int, reward: float, weight: float = 1.0) -> Sums:
    """Of a policy that weighs a share of events `weight`+1 and the others 0, all with the same reward."""
    hit = events / (1 + weight)
    w, u = 1 + weight, weight
    lost = events - hit
    return Sums(
        lines=events,
        events=float(events),
        non_zero=round(hit),
        weights=w * hit,
        squares=w**2 * hit,
        rewards=w * hit * reward,
        weighted_rewards=w**2 * hit * reward,
        squared_rewards=w**2 * hit * reward**2,
        surpluses=u * hit - lost,
        surplus_squares=u**2 * hit + lost,
        surplus_rewards=u * hit * reward - lost * (2 * LOGGED_REWARD - reward),
        weighted_surplus_rewards=u**2 * hit * reward + lost * (2 * LOGGED_REWARD - reward),
        squared_surplus_rewards=u**2 * hit * reward**2 + lost * (2 * LOGGED_REWARD - reward) ** 2,
        largest=w * reward,
        largest_weight=w,
        most=10.0,
        lowest=0.0,
        highest=1.0,
    )


class Log:
    """A log of so many usable events, with what each policy earns on it."""

    def __init__(
        self,
        used: int,
        worth: Worth = lambda _task: LOGGED_REWARD,
        *,
        exploration: float | None = 0.2,
        slots: Sequence[str] = (),
        baselines: float = LOGGED_REWARD,
        namespaces: Namespaces = NAMESPACES,
    ) -> None:
        self.used, self.worth, self.exploration = used, worth, exploration
        self.slots, self.baselines, self.namespaces = slots, baselines, namespaces

    def result(self, task: Task) -> TaskResult:
        """What a task comes to, wherever it runs."""
        names = [""] if task.arguments is not None else ["online", "baseline1", "baselineRand"]
        rewards = {name: self.baselines if name.startswith("b") else LOGGED_REWARD for name in names}
        rewards = rewards if task.arguments is None else {"": self.worth(task)}
        events = (self.used if task.until is None else task.until) - task.counted_from
        bins: dict[str, Bins] = {name: {0: sums(events, reward)} for name, reward in rewards.items()} if events else {}
        return TaskResult(
            task.key,
            LineCounts(read=self.used, used=self.used),
            {name: dict.fromkeys(("", *self.slots), policy_bins) for name, policy_bins in bins.items()},
            self.exploration,
            self.namespaces,
            counted_from_us=task.counted_from if events else None,
            up_to_us=self.used if events else None,
            width_us=task.width_us,
        )


def stages(evaluation: Evaluation, log: Log) -> tuple[list[tuple[Task, ...]], Mapping[str, TaskResult]]:
    """All stages, carried out one after the other."""
    done: list[tuple[Task, ...]] = []
    results: dict[str, TaskResult] = {}
    while tasks := open_tasks(evaluation, results):
        done.append(tasks)
        results |= {task.key: log.result(task) for task in tasks}
    return done, results
