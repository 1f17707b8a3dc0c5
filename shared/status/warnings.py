"""The warnings that follow from the configuration, the counters of about the last day, and the rate of rewards.

A warning that can be mended by a setting, or that the page has a place for, names its remedies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from shared import durations
from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.status import exploration_preview, troubles
from shared.status.late_rewards import LateRewards
from shared.status.recent_counters import recent_counters
from shared.times import HOUR, to_iso, to_iso_second
from shared.training import time_slices
from shared.training.cursor import Counters
from shared.training.reward_rate import RewardRate
from shared.training.training_state import State
from shared.training.trouble import Subject
from shared.words import pluralize

_ENOUGH = 100
_SOME = 10
_FEW = 2
_OFTEN = 0.1
LITTLE = 0.05
"""An exploration that is enough for a loop that has learned."""
_SEE_LATE = "It costs nothing: the list shows which of them came too late, and by how much."
LEARNS_ANEW = "A new model is trained from the log with it; the current one answers until then."


@dataclass(frozen=True, slots=True)
class Remedy:
    """A step that may mend what is wrong, as a button has it.

    Attributes:
        text: What is done, in a few words.
        cost: What comes of it and what it costs, in a sentence or two.
        setting: The field of the service configuration that it changes; None if it changes none.
        value: What to set, as the API takes it; None if only the owner can know.
        place: The place on the page, as its address has it behind `#/`; that of the setting if there is one.
    """

    text: str
    cost: str
    setting: str | None = None
    value: float | str | None = None
    place: str | None = None

    @property
    def link(self) -> str | None:
        """The address on the page; on Setup the setting is filled in, and not saved."""
        if self.setting is not None:
            return f"#/setup?{urlencode({self.setting: '' if self.value is None else self.value})}"
        return None if self.place is None else f"#/{self.place}"


@dataclass(frozen=True, slots=True)
class LoopWarning:
    """A fault that keeps a loop from learning well.

    Attributes:
        code: As in the table of warnings in `docs/operating.md`.
        message: What is wrong, with counts.
        what_to_do: How to mend it.
        remedies: The steps of that which the page has a place for, the first to try first.
    """

    code: str
    message: str
    what_to_do: str
    remedies: tuple[Remedy, ...] = ()


def counter_warnings(
    state: State | None, configuration: Configuration, late: LateRewards | None = None
) -> list[LoopWarning]:
    """The warnings of a loop, those about features aside.

    Args:
        state: None before the first training run.
        late: What is known of late rewards beside the counters.
    """
    late = late or LateRewards()
    counters = recent_counters(state) if state else Counters()
    unknown = min(late.unknown, counters.dangling)
    counters = counters.plus(Counters(late=late.waiting + late.unknown, dangling=-unknown))
    warnings = [check(counters, configuration) for check in _CHECKS]
    warnings += [_rewards_late(counters, configuration, late), _rewards_stopped(state, configuration)]
    warnings += [_log_mirror(state, configuration)]
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
        exploration_preview.caution(configuration) or "",
        f"Set explorationPercentage to a small share such as {LITTLE:g}.",
        (explore_little("In 5 % of Ranks something else may be shown than what the model holds for best."),),
    )


def _no_exploitation(_: Counters, configuration: Configuration) -> LoopWarning | None:
    if not configuration.hardly_exploits or configuration.service.learning_mode is not LearningMode.ONLINE:
        return None
    cost = "The other 95 % of Ranks follow the model. It learns less quickly about actions that it holds for bad."
    return LoopWarning(
        "NoExploitation",
        exploration_preview.caution(configuration) or "",
        "Lower explorationPercentage: 0.2 is that of a new loop, 0.02 to 0.05 is enough for one that has learned.",
        (explore_little(cost),),
    )


def explore_little(cost: str) -> Remedy:
    """The remedy of setting a small exploration."""
    return Remedy(f"Explore {100 * LITTLE:g} %", f"{cost} {LEARNS_ANEW}", "explorationPercentage", LITTLE)


def _single_actions(counters: Counters, _: Configuration) -> LoopWarning | None:
    single, events = counters.single_action, counters.events
    if single < max(_SOME, _OFTEN * events):
        return None
    share = f"{single:,} of {pluralize(events, 'event', 'events')} ({100 * single / events:.0f} %)"
    return LoopWarning(
        "SingleActions",
        f"{share} had one action only: there was nothing to choose, so nothing can be learned from them.",
        "Send all actions that may be shown with each Rank. See whether a filter in your application, or "
        "excludedActions, leaves one. Where there is no choice, call no Rank.",
        (
            Remedy(
                "See the Ranks",
                "It costs nothing: the list shows what each Rank chose, and what became of one shows from what.",
                place="events?kind=rank",
            ),
        ),
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
    if counters.rewards or counters.late or counters.events < _ENOUGH:
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
        (
            Remedy(
                "Set another default reward",
                f"Events without a reward then differ from those with one. {LEARNS_ANEW}",
                "defaultReward",
            ),
        ),
    )


def _rewards_late(counters: Counters, configuration: Configuration, late: LateRewards) -> LoopWarning | None:
    """The warning, also of some late rewards if none came in time."""
    in_time = counters.rewards + late.in_time
    if counters.late <= (max(_SOME, in_time) if in_time else _FEW):
        return None
    return warn_of_late(counters, configuration, late)


def warn_of_late(counters: Counters, configuration: Configuration, late: LateRewards) -> LoopWarning:
    """The warning that rewards come too late, with how late and with the wait that would do."""
    wait_us = configuration.rewards.wait_us
    came = pluralize(counters.late, "reward", "rewards")
    message = (
        f"{came} came after the reward wait time of {durations.in_words(wait_us)}, "
        f"{counters.rewards + late.in_time:,} within it. {late.describe()}An event whose reward comes too late counts "
        f"with the default reward, {configuration.service.default_reward:g}."
    )
    longer_us = late.longer_wait_us(wait_us)
    wait = (
        f"above {configuration.service.reward_wait_time}" if longer_us is None else f"to {durations.to_iso(longer_us)}"
    )
    return LoopWarning(
        "RewardsLate",
        message,
        f"Raise rewardWaitTime {wait}, or send rewards sooner. Each event is then learned that much later.",
        (_wait_longer(wait_us, longer_us), Remedy("See the rewards", _SEE_LATE, place="events?kind=reward")),
    )


def _wait_longer(wait_us: int, longer_us: int | None) -> Remedy:
    if longer_us is None:
        cost = "Rewards count for longer. Each event is learned that much later, and so is the next model."
        return Remedy("Longer wait", f"{cost} {LEARNS_ANEW}", "rewardWaitTime")
    more = durations.in_words(longer_us - wait_us)
    cost = (
        f"Rewards up to {durations.in_words(longer_us)} after their Rank count. Each event is learned {more} later, so "
        f"the next model comes {more} later. Rewards that were too late already are not counted after all."
    )
    return Remedy(
        f"Longer wait: {durations.in_words(longer_us)}",
        f"{cost} {LEARNS_ANEW}",
        "rewardWaitTime",
        durations.to_iso(longer_us),
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
    if state is None or state.mirrored_up_to_us is None or not configuration.service.log_mirror_enabled:
        return None
    trouble = state.troubles.get(Subject.MIRROR)
    part_us = time_slices.cell_us(configuration.export_frequency_us, configuration.rewards.wait_us)
    if trouble is None and state.joined_up_to_us - state.mirrored_up_to_us < max(HOUR, 2 * part_us):
        return None
    reason = trouble.reason if trouble else "the copy goes on, but slowly"
    return LoopWarning(
        "LogsNotMirrored",
        f"Log since {to_iso(state.mirrored_up_to_us)} was not copied to the container of logMirrorSasUri: {reason}.",
        "Put a logMirrorSasUri that may create and write, has not expired and is at a public address; the missing log "
        "is then copied.",
        (Remedy("Put another address", "What is missing is then copied by itself.", "logMirrorSasUri"),),
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
    _no_exploitation,
    _single_actions,
    _nothing_activated,
    _no_rewards,
    _rewards_default,
    _rewards_without_event,
    _rewards_out_of_range,
    _lines_refused,
)
