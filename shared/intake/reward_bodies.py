"""Reward and activate over HTTP as bytes: the reward of a request, and the event that a path names."""

from typing import Any

from shared.web.errors import InvalidRequest, InvalidRewardRequest
from shared.web.form import Form
from shared.web.json_bodies import from_json, read_id
from shared.web.plain_checks import Fields, is_object

HIGHEST_REWARD = 1000
"""Rewards are usually from -1 to 1, but sums may leave that range anyway."""
REWARD_REQUEST = Form("shared.intake.reward_forms", "RewardRequest")


def read_reward(body: bytes, *, strict: bool) -> float:
    """Read the body of a reward.

    Args:
        strict: Whether the reward is checked as STRICT_REWARDS asks.

    Raises:
        InvalidRequest: The body is no reward.
        InvalidRewardRequest: The reward is less than -1 or more than 1, and `strict`.
    """
    parsed = from_json(body)
    value = read_plainly(parsed)
    if value is None:
        value = read_by_model(parsed)
    return check_strictly(value) if strict else value


def read_plainly(parsed: Any) -> float | None:
    """Read a parsed reward that is plainly in order; None if that is for the model to judge."""
    return float(parsed["value"]) if is_object(parsed, _FIELDS) else None


def read_by_model(parsed: Any) -> float:
    """Read a parsed reward by its model.

    Raises:
        InvalidRequest: The body is no reward.
    """
    value: float = REWARD_REQUEST.load().from_parsed(parsed).value
    return value


def is_reward(value: Any) -> bool:
    """Whether a value is a reward."""
    return type(value) in (int, float) and -HIGHEST_REWARD <= value <= HIGHEST_REWARD


_FIELDS = Fields.of(value=is_reward)


def check_strictly(value: float, where: str = "value") -> float:
    """Check a reward as STRICT_REWARDS asks, and give it back.

    Args:
        where: The reward's place in the request.

    Raises:
        InvalidRewardRequest: The reward is less than -1 or more than 1.
    """
    if not -1 <= value <= 1:
        raise InvalidRewardRequest("A reward has to be from -1 to 1 here.", where)
    return value


def read_event_id(event_id: str, refusal: type[InvalidRequest]) -> str:
    """Read the event id in a call's decoded path.

    Raises:
        InvalidRequest: `refusal`; the id has more than 256 characters or is no text.
    """
    return read_id(event_id, "eventId", refusal)
