"""A call to be sent."""

from dataclasses import dataclass

from shared.access.role import Role

HELD = (Role.OWNER, Role.ADMIN, Role.READ, Role.RANK)
"""The roles that callers have in the loop that they call."""
NO_ROLE = ("expired", "foreign", "none", "wrong")
"""What other callers have in place of a key of the loop."""
LONG = 7_000
"""Addresses and headers that are about as long may be refused by the platform."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call to be sent.

    Attributes:
        operation: The name of what is meant to answer.
        target: Path and query, encoded.
        loop: The name of the loop that is called.
        caller: A role, or what the caller has in place of one.
        may: Whether the caller has the role that the operation asks for.
        as_served: Whether the path is that of an operation, and not one that is made up.
        platform_may_refuse: Whether the platform may refuse it, without a body.
    """

    operation: str
    method: str
    target: str
    loop: str
    caller: str
    may: bool
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    as_served: bool = True
    platform_may_refuse: bool = False
