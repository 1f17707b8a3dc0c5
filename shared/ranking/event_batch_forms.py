"""Batches of rewards and activations over HTTP: the models of the request and of the answer."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from shared.intake.reward_bodies import check_strictly
from shared.intake.reward_forms import RewardRequest
from shared.ranking.rank_forms import EventId, Id
from shared.web.errors import InvalidEventIdToActivate, InvalidRequest, InvalidRewardRequest
from shared.web.json_forms import Wire, at_most
from shared.web.refusal_forms import PersonalizerError

MOST_ROWS = 1000


def _demand_bool(value: Any) -> Any:
    """Let no number pass, which Python's true and false are equal to."""
    if type(value) is not bool:
        raise PydanticCustomError("bool_type", "Input should be a valid boolean")
    return value


_No = Annotated[Literal[False], BeforeValidator(_demand_bool)]
_Yes = Annotated[Literal[True], BeforeValidator(_demand_bool)]


class RewardRow(RewardRequest):
    """The reward of an event, or of one of its slots.

    Attributes:
        client_request_id: Stands for the header of a call of the row's own.
    """

    event_id: EventId
    slot_id: Id | None = None
    client_request_id: Id | None = None
    activate: _No | None = None


class ActivationRow(Wire):
    """An activation of an event, in all of its slots."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidEventIdToActivate

    event_id: EventId
    activate: _Yes
    client_request_id: Id | None = None
    slot_id: None = None
    value: None = None


type Row = RewardRow | ActivationRow


class EventBatch(Wire):
    """Rewards and activations, each of which is taken or refused for itself."""

    rows: Annotated[list[RewardRow | ActivationRow], at_most(MOST_ROWS)]


class SentRows(Wire):
    """The same before anyone has looked into its rows."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidRewardRequest

    rows: Annotated[list[Any], at_most(MOST_ROWS)]


class RowAnswer(Wire):
    """What became of a row.

    Attributes:
        event_id: None if the row does not name one.
        status: That of the same call alone: 204 if the row is stored.
        error: Why the row is not.
    """

    event_id: str | None
    status: Literal[204, 400, 503]
    error: PersonalizerError | None = None


class EventBatchAnswer(Wire):
    """What became of each row, in the order of the rows.

    Attributes:
        accepted, refused, to_repeat: The number of rows with the status 204, 400 and 503.
    """

    accepted: int
    refused: int
    to_repeat: int
    rows: list[RowAnswer]

    @classmethod
    def of(cls, rows: Sequence[RowAnswer]) -> "EventBatchAnswer":
        """Count what became of the rows."""
        numbers = Counter(row.status for row in rows)
        return cls(accepted=numbers[204], refused=numbers[400], to_repeat=numbers[503], rows=[*rows])


def read_row(sent: Any, place: str, *, strict: bool) -> Row:
    """Read a row: an activation if it says so and has no value, else a reward.

    Args:
        place: Of the row in the request.
        strict: Whether a reward is checked as STRICT_REWARDS asks.

    Raises:
        InvalidRequest: The row is neither; the error tells where in the request.
    """
    is_activation = isinstance(sent, dict) and sent.get("value") is None and sent.get("activate") is not None
    kind: type[Row] = ActivationRow if is_activation else RewardRow
    try:
        row = kind.from_parsed(sent)
    except InvalidRequest as refusal:
        raise type(refusal)(refusal.problem, ".".join(filter(None, (place, refusal.place)))) from None
    if strict and row.value is not None:
        check_strictly(row.value, f"{place}.value")
    return row
