"""Stand-ins for the protobuf messages that the worker library is handed by its host.

The library only sets and reads attributes on them, so any object with attributes will do. A message class that is not
named here is made with its first use.
"""

from types import SimpleNamespace
from typing import Any, ClassVar

_FIELDS = ("data", "http", "string", "bytes", "json")


class Message(SimpleNamespace):
    """A message that says which of its alternatives is set, as protobuf's do."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Give the name of the alternative that is set."""
        return next((name for name in _FIELDS if hasattr(self, name)), None)


class BindingInfo(Message):
    """The direction of a binding."""

    in_, out, inout, undefined = 0, 1, 2, None


class StatusResult(Message):
    """How a request to the worker ended."""

    Failure, Success, Cancelled = 0, 1, 2


class RpcHttpCookie(Message):
    """A cookie of an answer."""

    SameSite: ClassVar = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


class Messages:
    """All message classes, found by name."""

    BindingInfo = BindingInfo
    StatusResult = StatusResult
    RpcHttpCookie = RpcHttpCookie

    def __getattr__(self, name: str) -> Any:
        made = type(name, (Message,), {})
        setattr(self, name, made)
        return made
