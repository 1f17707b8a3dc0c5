"""A run's figures for Application Insights, under the names that the old service had for them.

They are sent once, after the run, by a process of its own: so it costs nothing where nobody wants it, no failure of it
fails the run, and what the exporter starts beside it ends with it. What cannot be sent is lost; the metrics in storage
are not.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from shared.configuration.service_configuration import LearningMode
from shared.learner import subprocess_jobs
from shared.metrics.bins import Bin, Policy
from shared.settings import settings
from shared.status.telemetry_token import NoToken, telemetry_token
from shared.training.training_state import Counters

_SENDER = "train_timer.telemetry_sender"
_TIMEOUT = timedelta(seconds=20)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one run.

    Attributes:
        count: How many values were added up; None for a plain number.
    """

    name: str
    value: float
    count: int | None = None


def tell(sums: Bin, counted: Counters, mode: LearningMode, at_us: int) -> None:
    """Send a run's figures, if somebody wants them and there are any.

    Args:
        sums: Over the events that the run joined.
        counted: What the run added to the counters.
        mode: The loop's learning mode.
    """
    connection = settings().telemetry
    if not connection or not (sums.joined or any(asdict(counted).values())):
        return
    told = [asdict(figure) for figure in figures(sums, counted)]
    problem = _sent({"connection": connection, "atUs": at_us, "mode": mode.value, "figures": told})
    if problem:
        _log.warning("the figures of this run were not sent to Application Insights: %s", problem)


def _sent(job: dict[str, Any]) -> str | None:
    """Let a process send them; gives why it could not. The token goes the way that the connection string goes."""
    identity = settings().telemetry_identity
    try:
        token = None if identity is None else telemetry_token(identity)
        answers, problem = subprocess_jobs.ask(
            _SENDER, [json.dumps({**job, "token": token})], _TIMEOUT, "sending metrics"
        )
    except NoToken as error:
        return f"no token could be had ({error})"
    except OSError as error:
        return type(error).__name__
    return problem or answers[0].get("error")


def figures(sums: Bin, counted: Counters) -> Iterator[Figure]:
    """The figures of a run; those of a policy only if all events speak for it.

    Source: the metrics that the old service sent to Azure Monitor; its averages are `…Reward` by `…EventCount`.
    """
    yield Figure("TotalEvents", sums.joined)
    yield Figure("LearnedEvents", counted.learned)
    yield Figure("NonActivatedEvents", counted.not_activated)
    yield Figure("ObservedRewards", counted.rewards + counted.late + counted.dangling)
    yield Figure("MatchedRewards", counted.rewards)
    if not sums.events:
        return
    yield Figure("Reward", sums.rewards, sums.events)
    yield Figure("OnlineReward", sums.rewards)
    yield Figure("OnlineEventCount", sums.events)
    yield from _of_policy("UserBaseline", sums.first, sums.events)
    yield from _of_policy("BaselineRandom", sums.random, sums.events)


def _of_policy(name: str, policy: Policy, events: int) -> Iterator[Figure]:
    if not policy.silent:
        yield Figure(f"{name}Reward", policy.rewards)
        yield Figure(f"{name}EventCount", events)
