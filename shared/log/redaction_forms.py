"""The forms of redaction: what a request takes out of the log, and how far that has come."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.configuration.settings_change import RedactedRange
from shared.log.array_projection import LONGEST
from shared.log.log_forms import read_range
from shared.log.redaction import EventTarget, FeatureTarget, NamesAlike, Target
from shared.times import to_iso
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import MAX_ID
from shared.web.json_forms import Moment, SentMoment, Wire

MOST_CHARACTERS = 4096
"""Of a feature's name and of its value: of both, only the beginning is logged."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS)]
_LONGEST_NAME = 100
_NO_VALUE = (
    f"Not a text of at most {MOST_CHARACTERS} characters, number, boolean, null or array of at most {LONGEST} "
    "numbers. The first 256 characters of a longer text do"
)


def _check_value(value: Any) -> Any:
    if isinstance(value, list):
        usable = len(value) <= LONGEST and all(type(number) in (int, float) for number in value)
    elif isinstance(value, str):
        usable = len(value) <= MOST_CHARACTERS
    else:
        usable = value is None or isinstance(value, int | float)
    if not usable:
        raise PydanticCustomError("value_of_feature", _NO_VALUE)
    return value


_VALUES: list[dict[str, Any]] = [
    {"type": "string", "maxLength": MOST_CHARACTERS},
    {"type": "array", "maxItems": LONGEST, "items": {"type": "number"}},
    *({"type": kind} for kind in ("number", "boolean", "null")),
]
Value = Annotated[Any, AfterValidator(_check_value), WithJsonSchema({"anyOf": _VALUES, "title": "Value"})]


class FeatureToRedact(Wire):
    """A feature with one value.

    Attributes:
        name: Its own, or with names around it, such as `user.mail`.
        value: As it was sent: a text, a number, true or false, null, or an array of numbers.
        namespace: Only directly under this name; if not given, anywhere.
    """

    name: Name
    value: Value
    namespace: Name | None = None


class RedactRequest(Wire):
    """Either an event or a feature, and the range of the log to look through; an end that is not given is open."""

    event_id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)] | None = None
    feature: FeatureToRedact | None = None
    from_: Annotated[SentMoment | None, Field(alias="from")] = None
    to: SentMoment | None = None

    @property
    def range_us(self) -> tuple[int, int]:
        """The range.

        Raises:
            InvalidExportLogsRequest: An end is no moment, or the range ends before it begins.
        """
        return read_range(self.from_, self.to)

    @property
    def target(self) -> Target:
        """What is to be taken out.

        Raises:
            InvalidRequest: Neither or both are given.
        """
        match self.event_id, self.feature:
            case str() as event_id, None:
                return EventTarget(event_id)
            case None, FeatureToRedact() as feature:
                return FeatureTarget(feature.name, feature.value, feature.namespace)
        raise InvalidRequest("Give either eventId or feature.")


class RedactAnswer(Wire):
    """What a redaction did so far.

    Attributes:
        changed_lines: Lines of the log that are not what they were: without the feature, or gone.
        removed_lines: Those of them that are gone.
        removed_rows: Rows of the intake that are gone.
        blobs: How many log blobs were written anew.
        mirrored: How many copies in the customer's container were written anew.
        not_mirrored: Paths of the log blobs whose copies could not be; they may still hold what was redacted.
        waiting: Events that may hold the feature and are not log yet.
        run_again_at: When all of them are log, and the call is to be repeated; null if none waits.
        done: Whether all of the range was looked through.
        next: What to send as `from` of the next call; null if there is none to make.
    """

    changed_lines: int
    removed_lines: int
    removed_rows: int
    blobs: int
    mirrored: int
    not_mirrored: list[str]
    waiting: int
    run_again_at: str | None
    done: bool
    next: str | None


class RedactPreview(Wire):
    """What a redaction would do, as far as a preview has come; the other fields are those of `RedactAnswer`.

    Attributes:
        mirrored: How many copies it would write anew, if they are still in the customer's container.
        first, last: Between which moments the lines and rows arrived that it would change or remove; null for none.
        similar_names: Where no line has the feature, names of features that end like its name, or have its text.
    """

    changed_lines: int
    removed_lines: int
    removed_rows: int
    blobs: int
    mirrored: int
    first: Moment | None
    last: Moment | None
    similar_names: list[str]
    waiting: int
    run_again_at: str | None
    done: bool
    next: str | None


@dataclass(slots=True)
class Redaction:
    """A redaction as far as it has come; the attributes are those of `RedactAnswer`.

    Attributes:
        changed_lines: Without the lines that are gone.
    """

    changed_lines: int = 0
    removed_lines: int = 0
    removed_rows: int = 0
    blobs: int = 0
    mirrored: int = 0
    waiting: int = 0
    run_again_us: int | None = None
    next_us: int | None = None
    not_mirrored: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RedactionPreview:
    """A preview of a redaction as far as it has come.

    Attributes:
        redaction: What the redaction would come to.
        first_us, last_us: Those of `RedactPreview`.
        alike: Names of features in lines that have not the one that is looked for.
    """

    redaction: Redaction = field(default_factory=Redaction)
    first_us: int | None = None
    last_us: int | None = None
    alike: NamesAlike = field(default_factory=NamesAlike)

    def widen(self, moments_us: Iterable[int]) -> None:
        """Note when more lines or rows arrived."""
        moments_us = [*moments_us, *(at_us for at_us in (self.first_us, self.last_us) if at_us is not None)]
        self.first_us, self.last_us = min(moments_us, default=None), max(moments_us, default=None)


def describe_for_history(request: RedactRequest, done: Redaction) -> RedactedRange:
    """Give what the history shows of a redaction: no id and no value, and a name only if it looks like one."""
    from_us, to_us = request.range_us
    target, name, feature = "event", "", request.feature
    if feature is not None:
        target, name = "feature", f"{feature.namespace}.{feature.name}" if feature.namespace else feature.name
    is_name = len(name) <= _LONGEST_NAME and all(part.replace("-", "_").isidentifier() for part in name.split("."))
    return RedactedRange(
        target,
        name if is_name else "",
        from_us,
        None if request.to is None else to_us,
        done.changed_lines + done.removed_lines,
        done.removed_lines,
        done.removed_rows,
        done.next_us,
    )


def answer_preview(preview: RedactionPreview) -> RedactPreview:
    """The answer about a preview as far as it has come."""
    figures = answer(preview.redaction).model_dump(exclude={"not_mirrored"})
    similar_names = [] if preview.redaction.changed_lines else preview.alike.list_names()
    return RedactPreview(**figures, first=preview.first_us, last=preview.last_us, similar_names=similar_names)


def answer(redaction: Redaction) -> RedactAnswer:
    """The answer about a redaction as far as it has come."""
    return RedactAnswer(
        changed_lines=redaction.changed_lines + redaction.removed_lines,
        removed_lines=redaction.removed_lines,
        removed_rows=redaction.removed_rows,
        blobs=redaction.blobs,
        mirrored=redaction.mirrored,
        not_mirrored=redaction.not_mirrored,
        waiting=redaction.waiting,
        run_again_at=None if redaction.run_again_us is None else to_iso(redaction.run_again_us),
        done=redaction.next_us is None,
        next=None if redaction.next_us is None else to_iso(redaction.next_us),
    )
