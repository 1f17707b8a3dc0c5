"""Reward and activate over HTTP."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.web.errors import InvalidRequest, InvalidRewardRequest
from shared.web.json_forms import Wire, read_id


class RewardRequest(Wire):
    """One reward; usually from -1 to 1, since sums may leave that range anyway."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidRewardRequest

    value: Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]

    def check_strictly(self, where: str = "value") -> "RewardRequest":
        """Check the reward as STRICT_REWARDS asks, and give it back.

        Args:
            where: The reward's place in the request.

        Raises:
            InvalidRewardRequest: The reward is less than -1 or more than 1.
        """
        if not -1 <= self.value <= 1:
            raise InvalidRewardRequest("A reward has to be from -1 to 1 here.", where)
        return self


def read_event_id(event_id: str, refusal: type[InvalidRequest]) -> str:
    """Read the event id in a call's decoded path.

    Raises:
        InvalidRequest: `refusal`; the id has more than 256 characters or is no text.
    """
    return read_id(event_id, "eventId", refusal)
