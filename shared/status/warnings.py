"""The warnings that follow from the configuration, the counters of about the last day, and the rate of rewards."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.status import troubles
from shared.status.recent_counters import recent_counters
from shared.times import to_iso, to_iso_second
from shared.training.cursor import Counters
from shared.training.reward_rate import RewardRate
from shared.training.training_state import State
from shared.training.trouble import Subject
from shared.words import pluralize

NO_EXPLORATION = (
    "The exploration is 0: what the model holds for bad is never shown, so it cannot find out where it is wrong."
)
_ENOUGH = 100
_SOME = 10


@dataclass(frozen=True, slots=True)
class LoopWarning:
    """A fault that keeps a loop from learning well.

    Attributes:
        code: As in the table of warnings in `docs/operating.md`.
        message: What is wrong, with counts.
        what_to_do: How to mend it.
    """

    code: str
    message: str
    what_to_do: str


def counter_warnings(state: State | None, configuration: Configuration) -> list[LoopWarning]:
    """The warnings of a loop, those about features aside.

    Args:
        state: None before the first training run.
    """
    counters = recent_counters(state) if state else Counters()
    warnings = [check(counters, configuration) for check in _CHECKS]
    warnings += [_rewards_stopped(state, configuration), _log_mirror(state, configuration)]
    return [warning for warning in warnings if warning is not None] + (_trouble(state) if state else [])


def _ids_reused(counters: Counters, _: Configuration) -> LoopWarning | None:
    if not counters.reused_ids:
        return None
    return LoopWarning(
        "EventIdsReused",
        f"{pluralize(counters.reused_ids, 'event had', 'events had')} an id that another Rank request had used before.",
        "Give every Rank its own event id, or none; a reward goes to the earliest event of its id.",
    )


def _ranks_answered_twice(counters: Counters, _: Configuration) -> LoopWarning | None:
    if not counters.answered_otherwise:
        return None
    ranks = pluralize(counters.answered_otherwise, "Rank was", "Ranks were")
    return LoopWarning(
        "RanksAnsweredTwice",
        f"{ranks} repeated and answered with another action, or with another chance, so nothing is learned from "
        f"{'it' if counters.answered_otherwise == 1 else 'them'}.",
        "Give Rank more time before it is called again, and see why answers do not arrive.",
    )


def _no_exploration(_: Counters, configuration: Configuration) -> LoopWarning | None:
    if not configuration.has_no_exploration or configuration.service.learning_mode is not LearningMode.ONLINE:
        return None
    return LoopWarning(
        "NoExploration",
        NO_EXPLORATION,
        "Set explorationPercentage to a small share such as 0.05.",
    )


def _nothing_activated(counters: Counters, _: Configuration) -> LoopWarning | None:
    if counters.activated or counters.not_activated < _ENOUGH:
        return None
    return LoopWarning(
        "NothingActivated",
        f"{counters.not_activated:,} events were deferred, and none was activated in time.",
        "Call activate when the action is shown, or leave deferActivation out; a reward alone does not activate.",
    )


def _no_rewards(counters: Counters, _: Configuration) -> LoopWarning | None:
    if counters.rewards or counters.events < _ENOUGH:
        return None
    return LoopWarning(
        "NoRewards",
        f"None of {counters.events:,} events got a reward in time, so all of them count with the default reward.",
        "Send a reward for each event, with the eventId that Rank answered, within the reward wait time.",
    )


def _rewards_default(counters: Counters, configuration: Configuration) -> LoopWarning | None:
    if counters.unlike_default or counters.rewards < _ENOUGH:
        return None
    return LoopWarning(
        "RewardsAlwaysDefault",
        f"All {counters.rewards:,} rewards had the value of the default reward, "
        f"{configuration.service.default_reward:g}: an event with a reward counts like one without.",
        "Send other values for what went well or badly, or set a defaultReward that differs from them.",
    )


def _rewards_late(counters: Counters, configuration: Configuration) -> LoopWarning | None:
    if counters.late <= max(_SOME, counters.rewards):
        return None
    return LoopWarning(
        "RewardsLate",
        f"{counters.late:,} rewards came after the reward wait time, {counters.rewards:,} within it.",
        f"Send rewards sooner, or set a rewardWaitTime longer than {configuration.service.reward_wait_time}.",
    )


def _rewards_without_event(counters: Counters, _: Configuration) -> LoopWarning | None:
    if counters.dangling <= max(_SOME, counters.rewards):
        return None
    return LoopWarning(
        "RewardsWithoutEvent",
        f"{counters.dangling:,} rewards named an event that no Rank had; {counters.rewards:,} found their event.",
        "Send the eventId that Rank answered, and send the reward after the Rank.",
    )


def _rewards_out_of_range(counters: Counters, _: Configuration) -> LoopWarning | None:
    if not counters.out_of_range:
        return None
    return LoopWarning(
        "RewardsOutOfRange",
        f"{pluralize(counters.out_of_range, 'reward', 'rewards')} outside -1 to 1 came; they are learned as they are.",
        "Scale rewards to -1 to 1, or set STRICT_REWARDS to true, so that such calls are refused.",
    )


def _lines_refused(counters: Counters, _: Configuration) -> LoopWarning | None:
    if not counters.refused:
        return None
    return LoopWarning(
        "EventsRefused",
        f"{pluralize(counters.refused, 'event', 'events')} could not be learned from; the reasons are kept.",
        "Look at the blobs under refused/ in the loop's folder of the container loops.",
    )


def _rewards_stopped(state: State | None, configuration: Configuration) -> LoopWarning | None:
    rate = state.reward_rate.since(configuration.logs_deleted_before_us) if state else RewardRate()
    if rate.silence is None or not rate.has_stopped:
        return None
    silence, before = rate.silence, rate.total
    return LoopWarning(
        "RewardsStopped",
        f"Of {silence.events:,} events in a row, since {to_iso_second(silence.from_us)}, {silence.rewarded or 'none'} "
        f"got a reward in time; before, {before.rewarded:,} of {before.events:,} did.",
        "See whether your application still sends rewards, with the eventId that Rank answered and within the reward "
        f"wait time of {configuration.service.reward_wait_time}, and whether these calls are answered 204.",
    )


def _log_mirror(state: State | None, configuration: Configuration) -> LoopWarning | None:
    trouble = state.troubles.get(Subject.MIRROR) if state else None
    if state is None or trouble is None or not configuration.service.log_mirror_enabled:
        return None
    since = to_iso(state.mirrored_up_to_us or 0)
    return LoopWarning(
        "LogsNotMirrored",
        f"Log since {since} was not copied to the container of logMirrorSasUri: {trouble.reason}.",
        "Put a logMirrorSasUri that may create and write, has not expired and is at a public address; the missing log "
        "is then copied.",
    )


def _trouble(state: State) -> list[LoopWarning]:
    return [
        LoopWarning("TrainerInTrouble", troubles.message(subject, trouble), troubles.what_to_do(subject))
        for subject, trouble in state.troubles.items()
        if subject != Subject.MIRROR
    ]


_CHECKS: tuple[Callable[[Counters, Configuration], LoopWarning | None], ...] = (
    _ids_reused,
    _ranks_answered_twice,
    _no_exploration,
    _nothing_activated,
    _no_rewards,
    _rewards_default,
    _rewards_late,
    _rewards_without_event,
    _rewards_out_of_range,
    _lines_refused,
)
