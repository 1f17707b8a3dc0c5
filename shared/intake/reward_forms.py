"""Reward over HTTP: the model of the request."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.intake.reward_bodies import HIGHEST_REWARD
from shared.web.errors import InvalidRequest, InvalidRewardRequest
from shared.web.json_forms import Wire


class RewardRequest(Wire):
    """One reward; usually from -1 to 1, since sums may leave that range anyway."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidRewardRequest

    value: Annotated[float, Field(ge=-HIGHEST_REWARD, le=HIGHEST_REWARD, allow_inf_nan=False)]
