"""What a change of the configuration would do, in sentences; they follow from what the trainer would do with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.configuration.configuration import Configuration, problem_type
from shared.configuration.forms.declared_fields import STORED
from shared.configuration.service_configuration import SECRETS
from shared.metrics.bins import Bin
from shared.models.published import Published
from shared.status import exploration_preview, mode_preview, retraining_preview
from shared.training.configuration_changes import foresee, new_state
from shared.training.cursor import Cursor
from shared.training.training_state import State


@dataclass(frozen=True, slots=True)
class FutureChange:
    """A change of the configuration that nobody has made yet.

    Attributes:
        state: None before the first training run.
    """

    before: Configuration
    after: Configuration
    state: State | None
    published: Published

    @property
    def state_now(self) -> State:
        """The state once the trainer has followed the configuration as it is."""
        state = self.state or new_state(self.before, self.published)
        return foresee(state, self.before, self.published)

    @property
    def state_then(self) -> State:
        """The state once the trainer has followed the change."""
        return foresee(self.state_now, self.after, self.published)

    @property
    def new_cursor(self) -> Cursor | None:
        """The model that would learn anew from the log; None if none would."""
        now, then = self.state_now, self.state_then
        if then.next is not None:
            return then.next if now.next is None or _beginning(then.next) != _beginning(now.next) else None
        return then.running if _problem_type(now.running) != _problem_type(then.running) else None

    @property
    def is_mode_change(self) -> bool:
        """Whether the learning mode changes."""
        return self.before.service.learning_mode is not self.after.service.learning_mode


@dataclass(frozen=True, slots=True)
class ChangeFigures:
    """What is known for and against a change.

    Attributes:
        log: How many events of each kind are in the log that a model would learn anew; None if none would.
        now_us: When this was read.
        before_apprentice: The metrics of the last day before the loop became an apprentice.
    """

    log: Mapping[str, int] | None = None
    now_us: int = 0
    before_apprentice: tuple[Bin, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """A change in sentences.

    Attributes:
        changes: Which fields change, from what to what.
        happens: What follows.
        reasons: What is known for it; `doubts`, what is known against it.
    """

    changes: list[str]
    happens: list[str]
    reasons: list[str]
    doubts: list[str]


def preview(change: FutureChange, figures: ChangeFigures) -> Preview:
    """Foresee a change."""
    changes = [*_list_changes(change)]
    if not changes:
        return Preview([], ["The configuration is like this already: nothing happens."], [], [])
    now, then = change.state_now, change.state_then
    happens, reasons, doubts = [*_describe_retention(change)], list[str](), list[str]()
    if change.is_mode_change:
        happens += mode_preview.describe(now, then, change.after, change.published)
        ups, downs = mode_preview.weigh(now, then, change.after, figures.before_apprentice, figures.now_us)
        reasons, doubts = reasons + ups, doubts + downs
    reasons += exploration_preview.reasons(change.before, change.after)
    doubts += exploration_preview.doubts(change.before, change.after)
    if change.new_cursor is not None:
        happens += retraining_preview.describe(now, then, change.new_cursor, figures.log or {})
        doubts += retraining_preview.weigh(now, then, change.new_cursor, figures.log or {})
    elif change.before.revision != change.after.revision:
        happens += retraining_preview.describe_none(now, then)
    elif not change.is_mode_change:
        happens.append("No model learns anew: the model in use stays, and goes on learning.")
    return Preview(changes, happens, reasons, doubts)


def _list_changes(change: FutureChange) -> Iterator[str]:
    for field in STORED:
        before, after = (getattr(each.service, field.name) for each in (change.before, change.after))
        if before == after or not field.api.is_settable:
            continue
        values = "" if field.name in SECRETS else f" from {_write(before)} to {_write(after)}"
        yield f"{field.alias} changes{values}."
    for name in ("name", "arguments"):
        before, after = (getattr(each.learning, name) for each in (change.before, change.after))
        if before != after:
            yield f"The {name} of the learning settings change{'s' * (name == 'name')} from {before} to {after}."


def _beginning(cursor: Cursor) -> tuple[int, int]:
    return cursor.first_revision, cursor.learned_from_us


def _problem_type(cursor: Cursor) -> str:
    return problem_type(cursor.arguments)


def _write(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _describe_retention(change: FutureChange) -> Iterator[str]:
    before, after = (each.service.retention_days for each in (change.before, change.after))
    if after >= 0 and (before < 0 or after < before):
        yield f"Log that is older than {after} days is deleted, within about an hour. It cannot be brought back."
