"""The loop's answer to whether it learns, and if not, why not: sentences that follow from the commit record."""

from dataclasses import dataclass, field, replace

from shared import durations
from shared.configuration.configuration import Configuration
from shared.metrics.bins import Metrics
from shared.metrics.last_change import find_last_change
from shared.metrics.verdict import Verdict, judge
from shared.models.published import ModelReference, Published
from shared.status import troubles
from shared.status.feature_profile import Profile
from shared.status.late_rewards import LateRewards
from shared.times import MINUTE, to_iso_second
from shared.training import publication, time_slices
from shared.training.configuration_changes import note_settings
from shared.training.cursor import Counters
from shared.training.training_state import State
from shared.training.trouble import Subject
from shared.words import pluralize

NO_RANK = "No Rank call has come in yet."
NOT_RUN = "The trainer has not run yet; the setting TRAIN_SCHEDULE says when it does."
RESET = "The model was reset; the next events that are joined make a new model."
UNPUBLISHED = "The first model has learned, and is about to be published."
GOES_ON = "A model came with its settings; with the next run of the trainer, learning goes on from that model."
OTHER_TYPE = (
    "The last model is for one action an event and the learning settings are for several slots, or the other way "
    "round; the next events that are joined make a new model."
)
_SLACK_US = 2 * MINUTE
"""How long after the run that should have joined them the status says that the trainer is missing."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Ranks that are not log yet.

    Attributes:
        at_least: Whether counting stopped before all of them were counted.
        first_us: When the oldest of them arrived; None if none waits.
        last_us: When the newest of them arrived; None if none waits.
        counted: How many were counted: no fewer than `events`.
        counted_up_to_us: All that arrived earlier were counted; None if all were.
    """

    events: int = 0
    at_least: bool = False
    first_us: int | None = None
    last_us: int | None = None
    counted: int = 0
    counted_up_to_us: int | None = None


@dataclass(frozen=True, slots=True)
class StatusInputs:
    """Everything that the status of a loop follows from.

    Attributes:
        state: None before the first training run.
        grace_us: How long the join waits beyond the reward wait time.
        profile: Of the features of recent events.
        newest_reward_us: When the newest reward arrived, in a loop of which no reward is log yet; None if none did.
        late: What is known of late rewards beside the counters.
        pause_us: The longest time between two runs of the trainer, by its schedule.
    """

    state: State | None
    configuration: Configuration
    published: Published
    waiting: Waiting
    now_us: int
    grace_us: int
    profile: Profile = field(default_factory=Profile)
    newest_reward_us: int | None = None
    pause_us: int = MINUTE
    late: LateRewards = field(default_factory=LateRewards)

    @property
    def verdict(self) -> Verdict:
        """What the loop earns above always the first action."""
        return judge_earnings(self.state, self.configuration, self.now_us)

    @property
    def model(self) -> ModelReference | None:
        """The model that Rank uses."""
        return self.published.model_for(self.configuration.learning)

    @property
    def counters(self) -> Counters:
        """Events and observations by outcome, since the loop was made."""
        return self.state.counters if self.state else Counters()


@dataclass(frozen=True, slots=True)
class LearningVerdict:
    """Whether the loop learns, and why or why not."""

    learns: bool
    because: str


@dataclass(frozen=True, slots=True)
class NextModelTime:
    """When the next model can come, and why not earlier.

    Attributes:
        at_us: None while no event waits to be learned.
    """

    at_us: int | None
    because: str


def judge_earnings(state: State | None, configuration: Configuration, now_us: int) -> Verdict:
    """Judge what the loop earns under the settings as they are, also before the trainer has heard of a change."""
    if state is None:
        return judge(Metrics(), configuration.service.learning_mode, now_us)
    metrics = note_settings(state, configuration, now_us).metrics
    returns = state.before_apprentice is not None
    verdict = judge(metrics, configuration.service.learning_mode, now_us, returns=returns)
    return replace(verdict, change=find_last_change(metrics.lift, configuration))


def judge_learning(inputs: StatusInputs) -> LearningVerdict:
    """Decide whether the loop learns, and say why or why not."""
    state, waiting = inputs.state, inputs.waiting
    if state is None:
        return LearningVerdict(False, NOT_RUN)
    for subject in (Subject.RUNNING, Subject.JOIN, Subject.PUBLICATION):
        if subject in state.troubles:
            return LearningVerdict(False, troubles.describe(subject, state.troubles[subject]))
    if is_overdue(inputs):
        return LearningVerdict(False, describe_overdue(inputs))
    if inputs.counters.events == 0 and waiting.events == 0:
        return LearningVerdict(False, NO_RANK)
    if inputs.counters.learned == 0:
        return explain_nothing_learned(inputs)
    if (absent := describe_absent_model(inputs)) is not None:
        return LearningVerdict(False, absent)
    return LearningVerdict(True, _describe_progress(inputs, state))


def predict_next_model(inputs: StatusInputs) -> NextModelTime:
    """Predict when the next model can come, and say why not earlier."""
    frequency_us, earliest_us = inputs.configuration.export_frequency_us, _earliest_us(inputs)
    frequency = durations.in_words(frequency_us)
    if inputs.waiting.first_us is None:
        if _is_unpublished(inputs):
            return NextModelTime(
                earliest_us, f"Models are published at most every {frequency}, the model export frequency."
            )
        if unlearned := _count_unlearned(inputs):
            events = pluralize(unlearned, "event of the log is", "events of the log are")
            return NextModelTime(
                max(earliest_us, inputs.now_us), f"{events} not learned yet; the trainer goes on with its next run."
            )
        return NextModelTime(None, "No event waits to be learned; the next model follows the next events.")
    learned_us = ready_us(inputs, inputs.waiting.first_us)
    if learned_us >= earliest_us:
        return NextModelTime(learned_us, _explain_wait(inputs, inputs.waiting.first_us))
    last = to_iso_second(_last_published_us(inputs))
    return NextModelTime(earliest_us, f"The last model came at {last}; models are published at most every {frequency}.")


def describe_retraining(inputs: StatusInputs) -> str | None:
    """Describe the running re-training; None if there is none."""
    state = inputs.state
    if state is not None and _is_replaced(state, inputs):
        return GOES_ON
    if state is None or state.next is None:
        revision = inputs.configuration.revision
        if state is not None and state.running.revision != revision and state.counters.events:
            return "Settings were changed; learning anew with them starts with the next run of the trainer."
        return None
    coming, days = state.next, inputs.configuration.service.model_retrain_days
    up_to = to_iso_second(coming.learned_up_to_us)
    learned = f"It has learned {pluralize(coming.events, 'event', 'events')}"
    is_empty = coming.learned_up_to_us >= state.joined_up_to_us and coming.events == 0
    if coming.corrections != state.running.corrections:
        because = "Quarantines or relabels changed, and a new model learns the log as it is corrected now."
        done = f"{learned}, up to {up_to}."
        if is_empty:
            done = "That log held nothing to learn from, so it waits for the next events."
    else:
        because = "Settings were changed, and a new model learns with them from the log."
        done = f"{learned} of the last {days} days of log, up to {up_to}."
        if is_empty:
            done = f"The last {days} days of log held nothing to learn from, so it waits for the next events."
    return (
        f"{because} {done} Until it has caught up, Rank keeps answering from the model in use, which goes on learning."
    )


def lag_us(inputs: StatusInputs) -> int:
    """How long the oldest waiting event has been ready to join; 0 if no event is ready."""
    if inputs.waiting.first_us is None:
        return 0
    return max(0, inputs.now_us - ready_us(inputs, inputs.waiting.first_us))


def is_overdue(inputs: StatusInputs) -> bool:
    """Whether the oldest waiting event should have been joined for so long that something must be wrong."""
    return lag_us(inputs) > inputs.pause_us + _SLACK_US


def describe_overdue(inputs: StatusInputs) -> str:
    """Describe events that are overdue."""
    since = to_iso_second(inputs.now_us - lag_us(inputs))
    return f"Events have been ready to join since {since} and are not joined: does the timer run?"


def describe_absent_model(inputs: StatusInputs) -> str | None:
    """Say why a loop that has learned has no model that Rank can use; None if it has one."""
    if inputs.published.model is not None:
        return OTHER_TYPE if inputs.model is None else None
    return UNPUBLISHED if _is_unpublished(inputs) else RESET


def may_publish(inputs: StatusInputs) -> bool:
    """Whether a model may be published, and is not yet."""
    return _is_unpublished(inputs) and inputs.now_us >= _earliest_us(inputs)


def ready_us(inputs: StatusInputs, arrived_us: int) -> int:
    """When an event is ready to join: after its cell of the time grid, the reward wait time and the grace."""
    return time_slices.cell(0, arrived_us, _cell_us(inputs))[1] + inputs.configuration.rewards.wait_us + inputs.grace_us


def _is_unpublished(inputs: StatusInputs) -> bool:
    """Whether the model in training is newer than the published one."""
    return inputs.state is not None and publication.is_new(inputs.state, inputs.published)


def _count_unlearned(inputs: StatusInputs) -> int:
    """How many events are in the log that the model in training can learn from and has not reached."""
    if inputs.state is None:
        return 0
    metrics, running = inputs.state.metrics, inputs.state.running
    return metrics.outcomes(inputs.state.joined_up_to_us, running.kind, running.learned_from_us).learned


def _last_published_us(inputs: StatusInputs) -> int:
    """When the last model was published; 0 before the first."""
    return (inputs.state.published_at_us if inputs.state else None) or 0


def _earliest_us(inputs: StatusInputs) -> int:
    """When the next model may be published; 0 before the first."""
    return publication.next_us(inputs.state, inputs.configuration) if inputs.state else 0


def _cell_us(inputs: StatusInputs) -> int:
    return time_slices.cell_us(inputs.configuration.export_frequency_us, inputs.configuration.rewards.wait_us)


def _explain_wait(inputs: StatusInputs, first_us: int) -> str:
    return (
        f"The oldest waiting event came at {to_iso_second(first_us)}. Events are learned in steps of "
        f"{durations.in_words(_cell_us(inputs))}, after the reward wait time of "
        f"{durations.in_words(inputs.configuration.rewards.wait_us)} "
        f"and {durations.in_words(inputs.grace_us)} for what is on its way."
    )


def explain_nothing_learned(inputs: StatusInputs) -> LearningVerdict:
    """Say why a loop that has had Ranks has learned nothing."""
    if inputs.counters.events == 0:
        waiting = pluralize(inputs.waiting.events, "event waits", "events wait")
        return LearningVerdict(False, f"{waiting} to be learned. {predict_next_model(inputs).because}")
    if inputs.counters.passed_over == inputs.counters.events:
        return LearningVerdict(
            False,
            "All events so far were ranked in another learning mode, or by other learning settings, than the loop has "
            "now; it learns from those that are ranked from now on.",
        )
    if inputs.counters.not_activated == inputs.counters.events:
        return LearningVerdict(
            False, "All events so far were deferred and not activated in time; nothing can be learned from them."
        )
    return LearningVerdict(False, "Events were joined, but nothing was learned from them yet.")


def _describe_progress(inputs: StatusInputs, state: State) -> str:
    model = inputs.model
    text = f"{pluralize(inputs.counters.learned, 'event was', 'events were')} learned so far."
    if model is not None:
        at = to_iso_second(model.made_at_us)
        text += f" The model in use was published at {at} and has learned from {model.learned_events:,}."
    if state.next is not None:
        text += " A change of settings is being learned; Rank keeps answering from the model in use."
    return text


def _is_replaced(state: State, inputs: StatusInputs) -> bool:
    """Whether a model was published with its own settings, and the trainer has not taken it over yet."""
    start, revision = inputs.published.start, inputs.configuration.revision
    is_new = inputs.published.generation != state.running.generation and revision != state.running.revision
    return is_new and start.model is not None and start.revision == revision
