"""Reward and activate over HTTP."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.contract.errors import InvalidRequest, InvalidRewardRequest
from shared.contract.wire import Wire

MAX_EVENT_ID = 256


class RewardRequest(Wire):
    """One reward; usually from -1 to 1, since sums may leave that range anyway."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidRewardRequest

    value: Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]

    def within_one(self) -> "RewardRequest":
        """The same reward.

        Raises:
            InvalidRewardRequest: It is less than -1 or more than 1.
        """
        if not -1 <= self.value <= 1:
            raise InvalidRewardRequest("A reward has to be from -1 to 1 here.", "value")
        return self


def event_id_of_path(segment: str, refusal: type[InvalidRequest]) -> str:
    """The event id in a call's path, decoded.

    A slash may come as `%2F` still, since hosts that decode a path leave it as it is.

    Raises:
        InvalidRequest: `refusal`; the id has more than 256 characters or is no text.
    """
    event_id = segment.replace("%2F", "/").replace("%2f", "/")
    if not 0 < len(event_id) <= MAX_EVENT_ID:
        raise refusal(f"An event id has 1 to {MAX_EVENT_ID} characters.", "eventId")
    try:
        event_id.encode()
    except UnicodeEncodeError:
        raise refusal("An event id is UTF-8, percent-encoded.", "eventId") from None
    return event_id
