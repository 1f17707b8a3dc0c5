"""The ways in which a request is refused: what was wrong and where, never which status that gives."""

from shared.loop.errors import LoopError


class NotAuthorized(LoopError):
    """The call carries none of the loop's keys."""


class UnknownPath(LoopError):
    """The call's path and method are those of no operation."""


class TooLarge(LoopError):
    """More bytes than the loop takes.

    Attributes:
        what: The thing that is too large, such as "The body".
        limit_bytes: The most it may have.
    """

    def __init__(self, what: str, limit_bytes: int) -> None:
        super().__init__(f"{what} has more than {limit_bytes} bytes.")
        self.what = what
        self.limit_bytes = limit_bytes


class InvalidRequest(LoopError):
    """A request that says something it may not; nothing was changed.

    Attributes:
        problem: In plain words; never holds the value of a feature.
        place: Where in the request, such as `actions[3].id`; None for all of it.
    """

    def __init__(self, problem: str, place: str | None = None) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem = problem
        self.place = place


class NotJson(InvalidRequest):
    """The body is no JSON; the place is its line and column."""


class InvalidRankRequest(InvalidRequest):
    """Actions, features or ids of a Rank that cannot be ranked."""


class InvalidRewardRequest(InvalidRequest):
    """A reward that is no number in its range, or an event id that cannot be one."""


class InvalidEventIdToActivate(InvalidRequest):
    """An event id that cannot be one."""


class InvalidServiceConfiguration(InvalidRequest):
    """A field of the service configuration that is out of its range."""


class InvalidRewardWaitTime(InvalidRequest):
    """A reward wait time that is too short or too long."""


class InvalidLogRetentionDays(InvalidRequest):
    """A log retention too short for the reward wait time."""


class InvalidPolicyContract(InvalidRequest):
    """Learning settings without name or arguments, or with too long ones."""


class InvalidPolicyConfiguration(InvalidRequest):
    """Learning arguments that the loop does not take."""


class InvalidExportLogsRequest(InvalidRequest):
    """A range of log that cannot be one."""
