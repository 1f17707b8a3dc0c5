"""The caller of the call that is being answered, as the history of settings names it."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

_LONGEST = 100
_caller: ContextVar[str] = ContextVar("caller")


def note(caller: str) -> None:
    """Note who made the call that this task answers."""
    _caller.set(caller)


def current() -> str:
    """Who made the call; of operations that need a key or a token."""
    return _caller.get()


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
