"""Is the loop learning, and if not, why not: told in plain words from the commit record."""

from dataclasses import dataclass

from shared import durations
from shared.configuration.configuration import Configuration
from shared.models.published import Published
from shared.status.feature_profile import Sample
from shared.times import MINUTE, SECOND, to_iso
from shared.training import time_slices
from shared.training.training_state import Counters, State
from shared.words import counted

GOES_ON = "A model came with its settings; with the next run of the trainer, learning goes on from that model."
_SLACK_US = 2 * MINUTE
"""How long events may be due before the trainer is said to be missing."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Ranks that are not log yet.

    Attributes:
        at_least: Whether there are more than were counted.
        first_us: When the oldest one arrived; None if none waits.
    """

    events: int = 0
    at_least: bool = False
    first_us: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """All that the answer follows from.

    Attributes:
        state: None before the first training run.
        grace_us: How long the join waits beyond the reward wait time.
        sample: What is known of the features.
    """

    state: State | None
    configuration: Configuration
    published: Published
    waiting: Waiting
    now_us: int
    grace_us: int
    sample: Sample | None = None

    @property
    def counters(self) -> Counters:
        """Events and observations by fate."""
        return self.state.counters if self.state else Counters()


@dataclass(frozen=True, slots=True)
class Said:
    """Whether something is so, and why."""

    holds: bool
    because: str


@dataclass(frozen=True, slots=True)
class NextModel:
    """When the next model can come, and why not earlier.

    Attributes:
        due_us: None while nothing is there to learn from.
    """

    due_us: int | None
    because: str


def learning(known: Known) -> Said:
    """Whether the loop is learning."""
    state, waiting = known.state, known.waiting
    if state is None:
        return Said(False, "The trainer has not run yet; it runs on a timer, by default once a minute.")
    if state.problem:
        return Said(
            False,
            f"Training does not go on: {state.problem}. Rank keeps answering from the model in use. "
            "If this stays, change the learning settings, or reset the model.",
        )
    if (late_us := lag_us(known)) > _SLACK_US:
        since = _clock(known.now_us - late_us)
        return Said(False, f"Events have been due since {since} and were not joined: does the timer run?")
    if known.counters.events == 0 and waiting.events == 0:
        return Said(False, "No Rank call has come in yet.")
    if known.counters.learned == 0:
        return _nothing_learned(known)
    if known.published.model is None:
        return Said(False, "The model was reset; the next events that are due make a new one.")
    return Said(True, _progress(known, state))


def next_model(known: Known) -> NextModel:
    """When the next model is due, and why not earlier."""
    state, frequency_us = known.state, known.configuration.export_frequency_us
    frequency = durations.in_words(frequency_us)
    earliest_us = state.published_at_us + frequency_us if state and state.published_at_us is not None else 0
    if known.waiting.first_us is None:
        if state and _is_unpublished(state, known.published):
            return NextModel(
                earliest_us, f"Models are published at most every {frequency}, the model export frequency."
            )
        return NextModel(None, "No event waits to be learned; the next model follows the next events.")
    learned_us = due_us(known, known.waiting.first_us)
    if learned_us >= earliest_us:
        return NextModel(learned_us, _why_then(known, known.waiting.first_us))
    last = _clock(earliest_us - frequency_us)
    return NextModel(earliest_us, f"The last model came at {last}; models are published at most every {frequency}.")


def retraining(known: Known) -> str | None:
    """What a re-training that goes on does; None if none does."""
    state = known.state
    if state is not None and _is_replaced(state, known):
        return GOES_ON
    if state is None or state.next is None:
        revision = known.configuration.revision
        if state is not None and state.running.revision != revision and state.counters.events:
            return "Settings were changed; learning anew with them starts with the next run of the trainer."
        return None
    coming, days = state.next, known.configuration.service.model_retrain_days
    up_to = _clock(coming.learned_up_to_us)
    done = f"It has learned {counted(coming.events, 'event', 'events')} of the last {days} days of log, up to {up_to}."
    if coming.learned_up_to_us >= state.joined_up_to_us and coming.events == 0:
        done = f"The last {days} days of log held nothing to learn from, so it waits for the next events."
    return (
        "Settings were changed, and a new model learns with them from the log. "
        f"{done} Until it has caught up, Rank keeps answering from the model in use, which goes on learning."
    )


def lag_us(known: Known) -> int:
    """How much longer than it has to the oldest waiting event has been waiting; 0 if none is overdue."""
    if known.waiting.first_us is None:
        return 0
    return max(0, known.now_us - due_us(known, known.waiting.first_us))


def due_us(known: Known, first_us: int) -> int:
    """When an event that arrived at a moment is joined: its cell of the grid ends, then its wait, then the grace."""
    return time_slices.cell(0, first_us, _cell_us(known))[1] + known.configuration.rewards.wait_us + known.grace_us


def _cell_us(known: Known) -> int:
    return time_slices.cell_us(known.configuration.export_frequency_us, known.configuration.rewards.wait_us)


def _why_then(known: Known, first_us: int) -> str:
    return (
        f"The oldest waiting event came at {_clock(first_us)}. Events are learned in steps of "
        f"{durations.in_words(_cell_us(known))}, after the reward wait time of "
        f"{durations.in_words(known.configuration.rewards.wait_us)} "
        f"and {durations.in_words(known.grace_us)} for what is on its way."
    )


def _nothing_learned(known: Known) -> Said:
    if known.counters.events == 0:
        waiting = counted(known.waiting.events, "event waits", "events wait")
        return Said(False, f"{waiting} to be learned. {next_model(known).because}")
    if known.counters.passed_over == known.counters.events:
        return Said(
            False,
            "All events so far were ranked in another learning mode, or by other learning settings, than the loop has "
            "now; it learns from those that are ranked from now on.",
        )
    if known.counters.not_activated == known.counters.events:
        return Said(
            False, "All events so far were deferred and not activated in time; nothing can be learned from them."
        )
    return Said(False, "Events were joined, but nothing was learned from them yet.")


def _progress(known: Known, state: State) -> str:
    model = known.published.model
    told = f"{counted(known.counters.learned, 'event was', 'events were')} learned so far."
    if model is not None:
        at = _clock(model.made_at_us)
        told += f" The model in use was published at {at} and has learned from {model.learned_events}."
    if state.next is not None:
        told += " A change of settings is being learned; Rank keeps answering from the model in use."
    return told


def _is_replaced(state: State, known: Known) -> bool:
    """Whether a model was put with the settings that it learned with, and the trainer has not heard of it yet."""
    start, revision = known.published.start, known.configuration.revision
    is_news = known.published.generation != state.running.generation and revision != state.running.revision
    return is_news and start.model is not None and start.revision == revision


def _is_unpublished(state: State, published: Published) -> bool:
    model = state.running.model
    return model is not None and (published.model is None or published.model.predictor_blob != model.predictor_blob)


def _clock(at_us: int) -> str:
    return to_iso(at_us - at_us % SECOND)[:19] + "Z"
