"""What other settings would have earned: by a log, and in truth, where every action's reward is."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sumprod
from pathlib import Path

from localhost.demo.failures import DemoFailed
from localhost.demo.purchases import Purchase
from localhost.evaluate.whole_log import evaluation
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.evaluation.replay import log_pass
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.predictions import Chances
from shared.evaluation.tasks import Task
from shared.learner.arguments import DEFAULT_ARGUMENTS, parse
from shared.learner.subprocess_jobs import TrainingFailed
from shared.metrics.estimators import cressie_read
from shared.metrics.estimators.estimates import estimates
from shared.metrics.intervals import Interval

SETTINGS = {
    "old default": DEFAULT_ARGUMENTS,
    "new loop": INITIAL_ARGUMENTS,
    "squarecb": "--cb_explore_adf --squarecb --epsilon 0.2 --cb_type mtr -q ::",
}
"""The old service's default arguments, those of a new loop, and squarecb at Vowpal Wabbit's own learning rate."""

Rewards = Mapping[str, Sequence[float]]
"""By event id: what each action earns if it is shown, in the order of the request."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One of the settings.

    Attributes:
        estimate: Its reward per event, estimated from the log.
        interval: Of that, with 95 % confidence.
        earned: What its predictions would really have earned per event.
    """

    name: str
    arguments: str
    estimate: float
    interval: Interval
    earned: float

    @property
    def holds(self) -> bool:
        """Whether the interval holds the truth."""
        return self.interval.low <= self.earned <= self.interval.high


def judge(log: Sequence[bytes], rewards: Rewards, exploration: float) -> list[Judged]:
    """Evaluate all `SETTINGS` by a log.

    Args:
        rewards: Of the events of the log.
        exploration: With which all of them explore.

    Raises:
        DemoFailed: The log has no events, others than those whose rewards are given, or none that can be learned.
    """
    return [
        _judge(name, " ".join(parse(text).with_epsilon(exploration)), log, rewards) for name, text in SETTINGS.items()
    ]


def true_rewards(name: str, purchases: Sequence[Purchase]) -> Rewards:
    """What each brand would have earned at each purchase of a run whose event ids are `<name>-0001` and so on."""
    return {
        f"{name}-{number:04}": [float(offer.brand == purchase.bought) for offer in purchase.offers]
        for number, purchase in enumerate(purchases, 1)
    }


def _judge(name: str, arguments: str, log: Sequence[bytes], rewards: Rewards) -> Judged:
    predicted: dict[str, Sequence[float]] = {}

    def hear(events: Sequence[EvaluatedEvent], drawn: Sequence[Chances]) -> None:
        predicted.update((event.event_id, chances[0]) for event, chances in zip(events, drawn, strict=True))

    try:
        with tempfile.TemporaryDirectory(prefix="rankloop-demo-") as folder:
            task = Task("policy", 0, arguments)
            sums = log_pass.run_in_process(task, evaluation(), log, folder=Path(folder), listener=hear).sums()
    except TrainingFailed as failure:
        raise DemoFailed(f"The loop's log cannot be evaluated: {failure.reason}.") from failure
    estimated, average = estimates(sums), cressie_read.estimate(sums)
    if average is None or estimated.interval is None or not predicted.keys() <= rewards.keys():
        raise DemoFailed("The loop's log is not that of the events that were played.")
    earned = sum(sumprod(chances, rewards[event_id]) for event_id, chances in predicted.items())
    return Judged(name, arguments, average, Interval(*estimated.interval), earned / len(predicted))
