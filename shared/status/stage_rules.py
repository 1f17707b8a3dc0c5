"""The rules by which a stage of a loop is good or waits, where no warning and no trouble is told of it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.status import learning_status, stage_times
from shared.status.learning_status import StatusInputs
from shared.status.warnings import warn_of_late
from shared.times import to_iso_second
from shared.training.cursor import Counters
from shared.words import pluralize

_SEND_RANK = "Send one. If you did, see whether it went to the right address, and was answered 201."
_SEND_REWARD = "Send a reward for each event, with the eventId that Rank answered, within the reward wait time."
_SEE_TRAINER = (
    "See whether the function train_timer is there and runs, whether TRAIN_SCHEDULE is set, and what the log of the "
    "functions says of its runs."
)
_ACTIVATE = "Call activate when the action is shown, or leave deferActivation out."


class Light(StrEnum):
    """How a stage is.

    `waiting`: nothing has come yet, or what is to come next comes as planned.
    """

    GOOD = "good"
    WAITING = "waiting"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found of a stage: its light, why, and what to do if there is something to do."""

    light: Light
    because: str
    what_to_do: str | None = None


def judge_ranks(inputs: StatusInputs) -> Finding:
    """Whether Ranks come in."""
    if _has_no_rank(inputs):
        return Finding(Light.WAITING, learning_status.NO_RANK, _SEND_RANK)
    last_us = stage_times.last_rank_us(inputs)
    if last_us is None:
        return Finding(Light.GOOD, "Rank calls have come in.")
    if last_us < stage_times.of_late_us(inputs.now_us):
        return Finding(Light.WAITING, f"No Rank call has come in since {to_iso_second(last_us)}.")
    return Finding(Light.GOOD, f"The last Rank call came in at {to_iso_second(last_us)}.")


def judge_rewards(inputs: StatusInputs) -> Finding:
    """Whether rewards come in, and find their events."""
    state, events = inputs.state, inputs.counters.events
    if _has_no_rank(inputs):
        return Finding(Light.WAITING, "No reward has come in yet; rewards follow Ranks.")
    if inputs.newest_reward_us is not None and not inputs.late.waiting:
        at = to_iso_second(inputs.newest_reward_us)
        return Finding(Light.GOOD, f"The last reward came in at {at}; it counts once the wait of its event is over.")
    counted = stage_times.count_rewards(inputs, state) if state else None
    late = inputs.counters.plus(Counters(late=inputs.late.waiting + inputs.late.unknown))
    if late.late and not late.rewards and not inputs.late.in_time:
        warning = warn_of_late(late, inputs.configuration, inputs.late)
        return Finding(Light.WAITING, warning.message, warning.what_to_do)
    if state is None or counted is None or not inputs.counters.rewards:
        joined = f"None of {pluralize(events, 'event', 'events')} got a reward in time so far."
        return Finding(Light.WAITING, joined if events else "No reward has come in yet.", _SEND_REWARD)
    since, rewards = to_iso_second(counted.rewards.from_us), counted.rewards.count
    came = f"{pluralize(rewards, 'reward', 'rewards')} came in time for {pluralize(counted.events, 'event', 'events')}"
    return Finding(Light.GOOD if rewards else Light.WAITING, f"{came} that arrived since {since}.")


def judge_joined(inputs: StatusInputs) -> Finding:
    """Whether events are joined with their rewards."""
    state, waiting = inputs.state, inputs.waiting
    if learning_status.is_overdue(inputs):
        because = learning_status.describe_overdue(inputs)
        return Finding(Light.TROUBLE, because if state else learning_status.NOT_RUN, _SEE_TRAINER)
    if state is None:
        return Finding(Light.WAITING, learning_status.NOT_RUN)
    if _has_no_rank(inputs):
        return Finding(Light.WAITING, "No event has come in yet that could be joined.")
    if not inputs.counters.events:
        return Finding(Light.WAITING, learning_status.explain_nothing_learned(inputs).because)
    up_to = to_iso_second(stage_times.find_joined_us(inputs, state))
    least = "at least " if waiting.at_least else ""
    waits = f"{least}{pluralize(waiting.events, 'event waits', 'events wait')}" if waiting.events else "none waits"
    return Finding(Light.GOOD, f"All events that came in before {up_to} are joined; {waits}.")


def judge_learned(inputs: StatusInputs) -> Finding:
    """Whether joined events are learned."""
    state, counters = inputs.state, inputs.counters
    if state is None or not counters.events:
        return Finding(Light.WAITING, "No event is joined yet that could be learned.")
    if not counters.learned:
        because = learning_status.explain_nothing_learned(inputs).because
        if counters.not_activated == counters.events:
            return Finding(Light.TROUBLE, because, _ACTIVATE)
        return Finding(Light.WAITING, because)
    absent = learning_status.describe_absent_model(inputs)
    if absent not in (None, learning_status.UNPUBLISHED):
        return Finding(Light.WAITING, absent)
    unlearned = sum(
        pending.learnable
        for pending in state.metrics.pending
        if pending.kind == state.running.kind and pending.part_us >= state.running.learned_up_to_us
    )
    if unlearned:
        return Finding(
            Light.WAITING, f"{pluralize(unlearned, 'joined event waits', 'joined events wait')} to be learned."
        )
    return Finding(Light.GOOD, f"{pluralize(counters.learned, 'event was', 'events were')} learned so far.")


def judge_published(inputs: StatusInputs) -> Finding:
    """Whether Rank gets the models."""
    model, coming = inputs.model, learning_status.predict_next_model(inputs).because
    if model is None:
        absent = learning_status.describe_absent_model(inputs) if inputs.counters.learned else None
        return Finding(Light.WAITING, absent or coming)
    if learning_status.may_publish(inputs):
        return Finding(Light.WAITING, f"A model is ready to be published. {coming}")
    return Finding(Light.GOOD, f"The model in use was published at {to_iso_second(model.made_at_us)}. {coming}")


def _has_no_rank(inputs: StatusInputs) -> bool:
    return inputs.counters.events == 0 and inputs.waiting.events == 0
