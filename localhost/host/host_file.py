"""`host.json`: the settings of the Functions host that mean something on one machine."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from localhost.failures import StartFailure

_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")
_DEFAULT_TIMEOUT = "00:30:00"


@dataclass(frozen=True, slots=True)
class QueueRules:
    """How queue messages are fetched, `extensions.queues`.

    Attributes:
        batch_size: Messages fetched in one call, 1 to 32.
        new_batch_threshold: Messages are fetched while no more than so many are worked on.
        max_dequeue_count: Tries before a message goes to the poison queue.
        max_polling_interval: Longest pause between two reads of an empty queue.
        visibility_timeout: How long a failed message stays hidden before its next try.
        base64: Whether message texts are base64, as the platform expects by default.
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    max_polling_interval: timedelta = timedelta(seconds=2)
    visibility_timeout: timedelta = timedelta(0)
    base64: bool = True


@dataclass(frozen=True, slots=True)
class HostFile:
    """What the local host takes from `host.json`.

    Attributes:
        route_prefix: The prefix of every route, without slashes around it; may be empty.
        function_timeout: Longest run of one function; None means no limit.
        log_levels: Level names of the platform by category, `default` among them.
        queues: How queue messages are fetched.
    """

    route_prefix: str = "api"
    function_timeout: timedelta | None = timedelta(minutes=30)
    log_levels: Mapping[str, str] = field(default_factory=dict)
    queues: QueueRules = QueueRules()

    @property
    def function_seconds(self) -> float | None:
        """The longest run of one function in seconds; None means no limit."""
        return self.function_timeout.total_seconds() if self.function_timeout else None


def read_host_file(root: Path) -> HostFile:
    """Read `host.json` of the folder `root`; raises `StartFailure` if it is missing or cannot be understood."""
    path = root / "host.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return _parse(content)
    except FileNotFoundError as error:
        raise StartFailure(f"{path} does not exist.", "Start in the folder of the function app.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise StartFailure(f"{path} is not a usable host.json: {error}", "Correct that file.") from error


def _parse(content: dict[str, Any]) -> HostFile:
    if content.get("version") != "2.0":
        raise ValueError('"version" must be "2.0"')
    extensions = content.get("extensions", {})
    return HostFile(
        route_prefix=extensions.get("http", {}).get("routePrefix", "api").strip("/"),
        function_timeout=_timeout(content.get("functionTimeout") or _DEFAULT_TIMEOUT),
        log_levels=dict(content.get("logging", {}).get("logLevel", {})),
        queues=_queue_rules(extensions.get("queues", {})),
    )


def _queue_rules(content: dict[str, Any]) -> QueueRules:
    plain = QueueRules()
    polling = content.get("maxPollingInterval")
    visibility = content.get("visibilityTimeout")
    batch_size = int(content.get("batchSize", plain.batch_size))
    return QueueRules(
        batch_size=batch_size,
        new_batch_threshold=int(content.get("newBatchThreshold", batch_size // 2)),
        max_dequeue_count=int(content.get("maxDequeueCount", plain.max_dequeue_count)),
        max_polling_interval=span(polling) if polling else plain.max_polling_interval,
        visibility_timeout=span(visibility) if visibility else plain.visibility_timeout,
        base64=content.get("messageEncoding", "base64").lower() != "none",
    )


def _timeout(text: str) -> timedelta | None:
    return None if text == "-1" else span(text)


def span(text: str) -> timedelta:
    """Read a time span as the platform writes it, `[days.]hours:minutes:seconds`; raises `ValueError`."""
    match = _SPAN.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a time span like 00:05:00")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
