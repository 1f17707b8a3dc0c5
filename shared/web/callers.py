"""The caller of the call that is being answered: the name that the history of settings has, and the role."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from shared.access.role import Role

_LONGEST = 100
_caller: ContextVar[tuple[str, Role]] = ContextVar("caller")


def note(caller: str, role: Role) -> None:
    """Note who made the call that this task answers, and by which role it was let in."""
    _caller.set((caller, role))


def current() -> str:
    """Who made the call; of operations that need a key or a token."""
    return _caller.get()[0]


def current_role() -> Role:
    """The role by which the caller was let in, the strongest that the caller has."""
    return _caller.get()[1]


def of_token(claims: Mapping[str, Any]) -> str:
    """Name the bearer of a token by what no person's name is in: the ids of who signed in, and of the app.

    Source: the claims of Entra ID's access tokens: `oid` is the id in the directory, which `sub` is for one app only;
    `azp` of version 2 is `appid` of version 1.
    """
    ids = {
        "object": claims.get("oid"),
        "subject": None if claims.get("oid") else claims.get("sub"),
        "app": claims.get("azp") or claims.get("appid"),
    }
    texts = [f"{kind} {str(id_)[:_LONGEST]}" for kind, id_ in ids.items() if id_]
    return ", ".join(texts) or "a token without ids"
