"""The caller of the call that is being answered: what the history of settings calls it, and its roles."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from shared.access.role import Role

_LONGEST = 100
_caller: ContextVar[str] = ContextVar("caller")
_roles: ContextVar[frozenset[Role]] = ContextVar("roles")


def note(caller: str, roles: Iterable[Role]) -> None:
    """Note who made the call that this task answers, and what roles the caller has."""
    _caller.set(caller)
    _roles.set(frozenset(roles))


def current() -> str:
    """Who made the call; of operations that need a key or a token."""
    return _caller.get()


def may(wanted: Role) -> bool:
    """Whether the caller may do what asks for a role; of operations that need a key or a token."""
    return any(role.allows(wanted) for role in _roles.get())


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
