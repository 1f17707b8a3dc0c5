"""Quarantines over HTTP: which events are taken out of what is learned and counted, why, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.configuration.corrections import CorrectedFeature, Correction, Quarantine, RewardFormula
from shared.times import DAY
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import MAX_ID, read_moment
from shared.web.json_forms import Moment, SentMoment, Wire

MOST_CHARACTERS = 256
"""Of a feature's name and of its value: of both, only the beginning is logged."""
MOST_REASON_CHARACTERS = 500
_LONGEST_AHEAD_US = 7 * DAY
"""How far ahead a range may end: a loop that learns nothing for longer has other settings, and no bad hour."""
_NO_VALUE = f"Not a text of at most {MOST_CHARACTERS} characters, number, boolean or null"


def _check_value(value: Any) -> Any:
    is_long = isinstance(value, str) and len(value) > MOST_CHARACTERS
    if is_long or not (value is None or isinstance(value, str | int | float)):
        raise PydanticCustomError("value_of_feature", _NO_VALUE)
    return value


_VALUES: list[dict[str, Any]] = [
    {"type": "string", "maxLength": MOST_CHARACTERS},
    *({"type": kind} for kind in ("number", "boolean", "null")),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MOST_CHARACTERS)]
Value = Annotated[Any, AfterValidator(_check_value), WithJsonSchema({"anyOf": _VALUES, "title": "Value"})]


class FeatureOfEvents(Wire):
    """A feature with one value, wherever an event has it.

    Attributes:
        value: As it was sent: a text, a number, true or false, or null.
        namespace: Only directly under this name; if not given, anywhere.
    """

    name: Name
    value: Value
    namespace: Name | None = None

    @classmethod
    def of(cls, feature: CorrectedFeature) -> "FeatureOfEvents":
        """The answer about a feature."""
        return cls(name=feature.name, value=feature.value, namespace=feature.namespace)

    def read_feature(self) -> CorrectedFeature:
        """The feature as a value of the loop."""
        return CorrectedFeature(self.name, self.value, self.namespace)


class EventsToCorrect(Wire):
    """The events that arrived in a range; of them those that showed an action, or have a feature, if one is given."""

    from_: Annotated[SentMoment, Field(alias="from")]
    to: SentMoment
    action_id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)] | None = None
    feature: FeatureOfEvents | None = None

    def correction(self, correction_id: str, now_us: int, formula: RewardFormula | None = None) -> Correction:
        """The correction of the log.

        Args:
            formula: What becomes of rewards; None for a quarantine.

        Raises:
            InvalidRequest: An end is no moment, the range ends before it begins, or it ends too far ahead.
        """
        from_us, to_us = read_moment(self.from_, "from", InvalidRequest), read_moment(self.to, "to", InvalidRequest)
        if to_us <= from_us:
            raise InvalidRequest("The range ends before it begins.", "to")
        if from_us < 0:
            raise InvalidRequest("The range begins before 1970.", "from")
        if to_us > now_us + _LONGEST_AHEAD_US:
            raise InvalidRequest("The range ends more than 7 days ahead; make another quarantine then.", "to")
        feature = self.feature.read_feature() if self.feature else None
        return Correction(correction_id, from_us, to_us, self.action_id, feature, formula)


class NewQuarantine(EventsToCorrect):
    """A quarantine to be made; without an id, the loop gives it one."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9_-]*$")] | None = (
        None
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=MOST_REASON_CHARACTERS)]


class DecisionsAnswer(Wire):
    """How many decisions of a sample changed with the model that learned so; the interval holds with 95 %."""

    at: Moment
    events: int
    changed: int
    share: float | None
    interval: tuple[float, float] | None


class QuarantineAnswer(Wire):
    """A quarantine, and what came of it.

    Attributes:
        learned: Whether the newest model has learned the log as it is corrected with this quarantine, or without it
            again once that is lifted.
        counted: Whether the metrics have.
        decisions: Null until a model has learned so that takes the place of one that had not.
    """

    id: str
    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    action_id: str | None
    feature: FeatureOfEvents | None
    reason: str
    made_at: Moment
    made_by: str
    lifted_at: Moment | None
    lifted_by: str | None
    learned: bool
    counted: bool
    decisions: DecisionsAnswer | None


class Quarantines(Wire):
    """The quarantines of a loop, the newest first."""

    quarantines: list[QuarantineAnswer]


class QuarantinePreview(Wire):
    """What a quarantine would take out, as far as a preview has come.

    Attributes:
        events: The events of the range that are log.
        quarantined: How many of them it would take out.
        already: How many of these are in another quarantine.
        first, last: Between which moments those arrived that it would take out; null for none.
        joined_up_to: Later events are not log yet, and are not counted here; null if nothing is.
        done: Whether all log of the range was looked through.
        next: What to send as `from` of the next preview; null if there is none to make.
    """

    events: int
    quarantined: int
    already: int
    first: Moment | None
    last: Moment | None
    joined_up_to: Moment | None
    done: bool
    next: Moment | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of a quarantine; the attributes are those of `QuarantineAnswer`."""

    learned: bool
    counted: bool
    decisions: DecisionsAnswer | None


def answer(quarantine: Quarantine, effect: Effect) -> QuarantineAnswer:
    """The answer about a quarantine."""
    correction, feature = quarantine.correction, quarantine.correction.feature
    return QuarantineAnswer(
        id=correction.id,
        from_=correction.from_us,
        to=correction.to_us,
        action_id=correction.action_id,
        feature=FeatureOfEvents.of(feature) if feature else None,
        reason=quarantine.reason,
        made_at=quarantine.at_us,
        made_by=quarantine.by,
        lifted_at=quarantine.lifted_us,
        lifted_by=quarantine.lifted_by or None,
        learned=effect.learned,
        counted=effect.counted,
        decisions=effect.decisions,
    )


def answer_all(answers: Sequence[QuarantineAnswer]) -> bytes:
    """The body of the answer with all quarantines."""
    return Quarantines(quarantines=[*answers]).to_json()
