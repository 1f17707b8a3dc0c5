"""The functions of an app as its bindings describe them."""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from localhost.failures import StartFailure

_SETTING = re.compile(r"%([^%]+)%")


class AuthLevel(Enum):
    """Which key a call needs: none, a function key, or the master key."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Function:
    """What every function has.

    Attributes:
        name: Unique in the app.
        function_id: The worker library's id for it.
        parameter: The name under which the handler takes what triggered it.
    """

    name: str
    function_id: str
    parameter: str


@dataclass(frozen=True, slots=True)
class HttpFunction(Function):
    """A function that answers HTTP requests.

    Attributes:
        route: Its template, without the prefix of the app.
        methods: In upper case; None means every method.
        auth_level: Which key a call needs.
    """

    route: str
    methods: frozenset[str] | None
    auth_level: AuthLevel


@dataclass(frozen=True, slots=True)
class TimerFunction(Function):
    """A function that runs on a schedule.

    Attributes:
        schedule: NCRONTAB, settings filled in.
        run_on_startup: Whether it also runs once when the host starts.
    """

    schedule: str
    run_on_startup: bool


@dataclass(frozen=True, slots=True)
class QueueFunction(Function):
    """A function that runs once for each message of a queue.

    Attributes:
        queue: The queue's name, settings filled in.
        connection: The name of the setting with the storage account.
    """

    queue: str
    connection: str


AnyFunction = HttpFunction | TimerFunction | QueueFunction


def describe_function(name: str, function_id: str, raw_bindings: Iterable[str]) -> AnyFunction:
    """Build a function from the bindings that the worker library reports for it.

    Raises:
        StartFailure: for a binding that the local host cannot serve, or a setting that is missing.
    """
    bindings = [json.loads(raw) for raw in raw_bindings]
    foreign = [b["type"] for b in bindings if b["type"] not in {"httpTrigger", "http", "timerTrigger", "queueTrigger"}]
    if foreign:
        raise StartFailure(f"Function {name} has a binding of type {foreign[0]}, which the local host cannot serve.")
    trigger = next(b for b in bindings if b["type"].endswith("Trigger"))
    return _BUILDERS[trigger["type"]](name, function_id, trigger)


def _http(name: str, function_id: str, trigger: dict[str, Any]) -> HttpFunction:
    methods = trigger.get("methods")
    return HttpFunction(
        name=name,
        function_id=function_id,
        parameter=trigger["name"],
        route=fill_in(trigger.get("route") or name, os.environ),
        methods=frozenset(method.upper() for method in methods) if methods else None,
        auth_level=AuthLevel(trigger.get("authLevel", "function").lower()),
    )


def _timer(name: str, function_id: str, trigger: dict[str, Any]) -> TimerFunction:
    return TimerFunction(
        name=name,
        function_id=function_id,
        parameter=trigger["name"],
        schedule=fill_in(trigger["schedule"], os.environ),
        run_on_startup=bool(trigger.get("runOnStartup")),
    )


def _queue(name: str, function_id: str, trigger: dict[str, Any]) -> QueueFunction:
    return QueueFunction(
        name=name,
        function_id=function_id,
        parameter=trigger["name"],
        queue=fill_in(trigger["queueName"], os.environ),
        connection=trigger.get("connection") or "AzureWebJobsStorage",
    )


_BUILDERS: Mapping[str, Callable[[str, str, dict[str, Any]], AnyFunction]] = {
    "httpTrigger": _http,
    "timerTrigger": _timer,
    "queueTrigger": _queue,
}


def fill_in(text: str, settings: Mapping[str, str]) -> str:
    """Replace every `%NAME%` by the setting of that name; raises `StartFailure` if there is none."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in settings:
            raise StartFailure(f"The setting {name} is missing: a binding needs it as %{name}%.", f"Set {name}.")
        return settings[name]

    return _SETTING.sub(value, text)
