"""What a person should look at, each with what to do about it; computed from the running counters."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.loop.configuration import Configuration
from shared.loop.training_state import Counters
from shared.loop.words import counted

_ENOUGH = 100
_SOME = 10


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that a person should look at."""

    code: str
    message: str
    what_to_do: str


def warnings(counters: Counters, configuration: Configuration) -> list[Warned]:
    """The warnings that hold now."""
    return [found for check in _CHECKS if (found := check(counters, configuration)) is not None]


def _ids_reused(counters: Counters, _: Configuration) -> Warned | None:
    if not counters.reused_ids:
        return None
    return Warned(
        "EventIdsReused",
        f"{counted(counters.reused_ids, 'event had', 'events had')} an id that another Rank request had used before.",
        "Give every Rank its own event id, or none; a reward goes to the earliest event of its id.",
    )


def _no_exploration(_: Counters, configuration: Configuration) -> Warned | None:
    if configuration.service.exploration_percentage > 0:
        return None
    return Warned(
        "NoExploration",
        "The exploration is 0: only what the model thinks best is shown, so it cannot find out where it is wrong.",
        "Set explorationPercentage to a small share such as 0.1.",
    )


def _nothing_activated(counters: Counters, _: Configuration) -> Warned | None:
    if counters.learned or counters.not_activated < _ENOUGH:
        return None
    return Warned(
        "NothingActivated",
        f"All {counters.not_activated} events were deferred, and none was activated in time.",
        "Call activate when the action is shown, or leave deferActivation out; a reward alone does not activate.",
    )


def _no_rewards(counters: Counters, _: Configuration) -> Warned | None:
    if counters.rewards or counters.events < _ENOUGH:
        return None
    return Warned(
        "NoRewards",
        f"None of {counters.events} events got a reward in time, so all of them count with the default reward.",
        "Send a reward for each event, with the eventId that Rank answered, within the reward wait time.",
    )


def _rewards_late(counters: Counters, configuration: Configuration) -> Warned | None:
    if counters.late <= max(_SOME, counters.rewards):
        return None
    return Warned(
        "RewardsLate",
        f"{counters.late} rewards came after the reward wait time, {counters.rewards} within it.",
        f"Send rewards sooner, or set a rewardWaitTime longer than {configuration.service.reward_wait_time}.",
    )


def _rewards_without_event(counters: Counters, _: Configuration) -> Warned | None:
    if counters.dangling <= max(_SOME, counters.rewards):
        return None
    return Warned(
        "RewardsWithoutEvent",
        f"{counters.dangling} rewards named an event that no Rank had; {counters.rewards} found theirs.",
        "Send the eventId that Rank answered, and send the reward after the Rank.",
    )


def _rewards_out_of_range(counters: Counters, _: Configuration) -> Warned | None:
    if not counters.out_of_range:
        return None
    return Warned(
        "RewardsOutOfRange",
        f"{counted(counters.out_of_range, 'reward', 'rewards')} outside -1 to 1 came; they are learned as they are.",
        "Scale rewards to -1 to 1, or set STRICT_REWARDS to true, so that such calls are refused.",
    )


def _lines_refused(counters: Counters, _: Configuration) -> Warned | None:
    if not counters.refused:
        return None
    return Warned(
        "EventsRefused",
        f"{counted(counters.refused, 'event', 'events')} could not be learned from, and the reasons were kept.",
        "Look at the blobs under refused/ in the loop's folder of the container loops.",
    )


def _log_mirror(_: Counters, configuration: Configuration) -> Warned | None:
    if not configuration.service.log_mirror_enabled:
        return None
    return Warned(
        "LogsNotMirrored",
        "logMirrorEnabled is set, but logs are not mirrored by this version.",
        "Read the log from the blobs under logs/ in the loop's folder, or from GET /rankloop/v1/logs.",
    )


_CHECKS: tuple[Callable[[Counters, Configuration], Warned | None], ...] = (
    _ids_reused,
    _no_exploration,
    _nothing_activated,
    _no_rewards,
    _rewards_late,
    _rewards_without_event,
    _rewards_out_of_range,
    _lines_refused,
    _log_mirror,
)
