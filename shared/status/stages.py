"""The five stages of a loop, from Ranks to the published model: what is in order, what waits, what is in trouble.

They follow from the warnings, from the trouble of the trainer, and from the rules by which the status says whether the
loop learns. So they are its story told by places, and never another one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.status import stage_rules, stage_times, troubles
from shared.status.learning_status import StatusInputs
from shared.status.stage_rules import Finding, Light
from shared.status.stage_times import StageCount
from shared.status.warnings import LoopWarning
from shared.training.training_state import State
from shared.training.trouble import Subject


class StageName(StrEnum):
    """The stages, in the order in which an event passes them."""

    RANKS = "ranks"
    REWARDS = "rewards"
    JOINED = "joined"
    LEARNED = "learned"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a loop.

    Attributes:
        last_us: When it last happened; None if never, or if that is not known.
        count: How often it happened of late; None if that is not known.
        because: Why the light is what it is, in a sentence or two.
        what_to_do: None if there is nothing to do.
    """

    name: StageName
    light: Light
    last_us: int | None
    count: StageCount | None
    because: str
    what_to_do: str | None = None


WARNED: Mapping[str, StageName | None] = {
    "EventIdsReused": StageName.RANKS,
    "RanksAnsweredTwice": StageName.RANKS,
    "TooManyActions": StageName.RANKS,
    "SingleActions": None,
    "KeyNotResolved": StageName.RANKS,
    "NoRewards": StageName.REWARDS,
    "RewardsStopped": StageName.REWARDS,
    "RewardsAlwaysDefault": StageName.REWARDS,
    "RewardsLate": StageName.REWARDS,
    "RewardsWithoutEvent": StageName.REWARDS,
    "RewardsOutOfRange": StageName.REWARDS,
    "NothingActivated": StageName.LEARNED,
    "EventsRefused": StageName.LEARNED,
    "ModelRejected": StageName.PUBLISHED,
    "NotRefreshed": StageName.PUBLISHED,
    "NotStored": StageName.RANKS,
    "TrainerInTrouble": None,
    "LogsNotMirrored": None,
    "ChallengerRejected": None,
    "NoExploration": None,
    "NoExploitation": None,
    "WorseThanFirstAction": None,
    "WorseThanRandom": None,
    "ModeSwitchForgets": None,
    "ModelCollapsed": None,
    "FeatureNamesCut": None,
    "FeaturesAlwaysNew": None,
    "FeaturesAlwaysTheSame": None,
    "NamespacesShareLetter": None,
    "ActionsAlike": None,
}
"""The stage whose light each warning turns to trouble.

`TrainerInTrouble` turns that of its subject (`TROUBLED`). None is for what the loop earns and for what goes on beside
it: then every stage does its work.
"""
TROUBLED: Mapping[str, StageName | None] = {
    **dict.fromkeys(Subject),
    Subject.JOIN: StageName.JOINED,
    Subject.RUNNING: StageName.LEARNED,
    Subject.NEXT: StageName.LEARNED,
    Subject.LOG: StageName.LEARNED,
    Subject.PUBLICATION: StageName.PUBLISHED,
}
"""The stage whose light the trouble of the trainer with a subject turns; without the others, the loop goes on."""

_RULES: Mapping[StageName, Callable[[StatusInputs], Finding]] = {
    StageName.RANKS: stage_rules.judge_ranks,
    StageName.REWARDS: stage_rules.judge_rewards,
    StageName.JOINED: stage_rules.judge_joined,
    StageName.LEARNED: stage_rules.judge_learned,
    StageName.PUBLISHED: stage_rules.judge_published,
}


def judge_stages(inputs: StatusInputs, warnings: Sequence[LoopWarning]) -> list[Stage]:
    """Judge the five stages, in order.

    Args:
        warnings: All that the status has.
    """
    findings = {name: _find_trouble(name, inputs.state, warnings) or _RULES[name](inputs) for name in StageName}
    return [
        Stage(name, finding.light, *_times(name, inputs), finding.because, finding.what_to_do)
        for name, finding in findings.items()
    ]


def _times(name: StageName, inputs: StatusInputs) -> tuple[int | None, StageCount | None]:
    """When a stage last happened, and how often of late."""
    state = inputs.state
    match name:
        case StageName.RANKS:
            return stage_times.last_rank_us(inputs), stage_times.count_ranks(inputs)
        case StageName.REWARDS:
            counted = stage_times.count_rewards(inputs, state) if state else None
            return stage_times.last_reward_us(inputs), counted.rewards if counted else None
        case StageName.JOINED:
            return stage_times.last_joined_us(state), stage_times.count_joined(inputs, state) if state else None
        case StageName.LEARNED:
            return stage_times.last_learned_us(state), stage_times.count_learned(inputs, state) if state else None
        case StageName.PUBLISHED:
            return stage_times.last_published_us(inputs), stage_times.count_models(inputs)


def _find_trouble(name: StageName, state: State | None, warnings: Sequence[LoopWarning]) -> Finding | None:
    """The trouble that the trainer or a warning tells of a stage; the first, if there is more."""
    for subject, trouble in (state.troubles if state else {}).items():
        if TROUBLED.get(subject) is name:
            return Finding(Light.TROUBLE, troubles.message(subject, trouble), troubles.what_to_do(subject))
    for warning in warnings:
        if WARNED.get(warning.code) is name:
            return Finding(Light.TROUBLE, warning.message, warning.what_to_do)
    return None
