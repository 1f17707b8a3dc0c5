"""Roles: what a caller may do."""

from enum import StrEnum


class Role(StrEnum):
    """What a key or a token is good for, and what an operation asks of its caller.

    The holder of `OWNER` may do all with every loop, and make and delete loops; the holder of `ADMIN` may do all with
    one loop. The others may do what asks for their role. The strongest comes last.
    """

    RANK = "rank"
    """Rank, Reward and Activate."""
    READ = "read"
    """All that tells of a loop and changes nothing: status, metrics, events, log, evaluations, settings, models."""
    ADMIN = "admin"
    """All that a loop has."""
    OWNER = "owner"
    """All loops of the deployment. No key that is made has it: the keys of the deployment's settings do."""

    def allows(self, wanted: "Role") -> bool:
        """Whether who has this role may do what asks for another one."""
        return self is wanted or self is Role.OWNER or (self is Role.ADMIN and wanted is not Role.OWNER)
