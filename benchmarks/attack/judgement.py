"""What is wrong with an answer: what the docs do not allow for the call that it answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from benchmarks.attack.call import Call

SECONDS = 1.0
"""An answer comes within this time, but for the operations for which the docs name a longer one."""


@dataclass(frozen=True, slots=True)
class Longer:
    """A longer time that the docs name.

    Attributes:
        seconds: What the sentence comes to.
        sentence: Of `docs/api.md`.
    """

    seconds: float
    sentence: str


_LOG_READ = Longer(
    7.0, "sixteen of all loops, at most six seconds each; others are answered 503 `OperationNotAllowed` at once"
)
_EVENTS_READ = Longer(15.0, "A filter that hardly any row passes ends after 16 MiB of rows or 8 seconds")
_TRACE = Longer(15.0, "1,000 blobs, 64 MiB of log in all, and 8 seconds")
_REDACTION = Longer(19.0, "One call works for about 12 seconds")
_SLOW_RANK = Longer(5.0, "It takes one Rank after another; when four seconds of them wait, the next is answered 503")
_IMPORT = Longer(
    10.0, "tried out in a process of its own first, which takes about a second, and up to ten for a large one"
)
LONGER: Mapping[str, Longer] = {
    "import_model": _IMPORT,
    "import_model_file": _IMPORT,
    "read_logs": _LOG_READ,
    "read_newest_events": _EVENTS_READ,
    "read_event": _TRACE,
    "redact_logs": _REDACTION,
    "preview_redaction": _REDACTION,
    "delete_logs": Longer(4.0, "It answers after two to three seconds"),
    "rank": _SLOW_RANK,
    "multislot_rank": _SLOW_RANK,
    "read_chances": _SLOW_RANK,
}
"""Operations that may take longer, by the docs."""
BUSY: Mapping[str, str] = {
    "rank": "too many Ranks wait that [take the model long](#how-long-a-rank-may-take)",
    "multislot_rank": "too many Ranks wait that [take the model long](#how-long-a-rank-may-take)",
    "read_chances": "or too many [explanations](#chances)",
    "read_logs": "the log is being [read for many other calls](#readers-of-the-log)",
    "read_newest_events": "the log is being [read for many other calls](#readers-of-the-log)",
    "read_event": "the log is being [read for many other calls](#readers-of-the-log)",
    "redact_logs": "While the trainer is at work the call waits some seconds, then it is answered 503",
    "preview_redaction": "the log is being [read for many other calls](#readers-of-the-log)",
}
"""Operations that may be answered 503 while storage is well, by the docs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came.

    Attributes:
        status: 0 if the connection was cut, or nothing came.
        kind: The media type, in lower case.
        seconds: From the sending of the call to the end of the answer.
    """

    status: int
    kind: str
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with an answer.

    Attributes:
        kind: `failed`, `let in`, `shape` or `slow`.
        what: In words.
    """

    kind: str
    what: str


def find_wrong(call: Call, answer: Answer) -> Wrong | None:
    """Say what is wrong with an answer; None if nothing is."""
    if answer.status == 0:
        return Wrong("failed", "no answer")
    if answer.status >= 500 and not is_busy(call, answer.status):
        return Wrong("failed", f"status {answer.status}")
    if answer.status < 300 and not call.may and (call.as_served or answer.kind == "application/json"):
        return Wrong("let in", f"a caller that is {call.caller} was let in")
    if (what := _find_wrong_shape(call, answer)) is not None:
        return Wrong("shape", what)
    limit = seconds_for(call)
    return Wrong("slow", f"over {limit:g} s") if answer.seconds > limit else None


def is_busy(call: Call, status: int) -> bool:
    """Whether an answer is a refusal of an operation that is busy, which the docs name."""
    return status == 503 and call.operation in BUSY


def seconds_for(call: Call) -> float:
    """How long the answer of a call may take."""
    longer = LONGER.get(call.operation)
    return longer.seconds if longer and call.may else SECONDS


def _find_wrong_shape(call: Call, answer: Answer) -> str | None:
    if answer.status >= 400:
        if not answer.body and call.platform_may_refuse:
            return None
        return None if _is_error(answer.body) else "an error that is none of the API's"
    if answer.kind == "application/json" and _read(answer.body) is None:
        return "an answer that is no JSON"
    return None


def _is_error(body: bytes) -> bool:
    read = _read(body)
    error = read.get("error") if isinstance(read, dict) else None
    return isinstance(error, dict) and all(
        isinstance(error.get(name), str) and error[name] for name in ("code", "message")
    )


def _read(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
