"""The loop as its owner sees it: set and watched over its own API."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import OK
from http.client import SERVICE_UNAVAILABLE as UNAVAILABLE
from typing import Any

from localhost.demo.failures import DemoFailed, refusal

STATUS = "/rankloop/v1/status"
_EVENTS = "/rankloop/v1/events"
_LOGS = "/rankloop/v1/logs"
_CONFIGURATION = "/personalizer/v1.0/configurations/service"
_SETTINGS = {"rewardWaitTime": "PT5S", "modelExportFrequency": "PT1S"}
"""As short as the loop allows: the demo's customers decide at once, and its models shall not keep anyone waiting."""
_PAUSE_SECONDS = 0.5
_PATIENCE_SECONDS = 90.0
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the loop has come.

    Attributes:
        learned: Events that were learned.
        model: The published model; None before the first.
        in_use: The model that Rank answers from.
        learned_by_model: Events that this model has learned from.
        because: The status's own sentence.
    """

    learned: int
    model: str | None
    in_use: str | None
    learned_by_model: int
    because: str

    def holds(self, events: int) -> bool:
        """Say whether so many events were learned, all of them by the published model, and Rank answers from it."""
        return min(self.learned, self.learned_by_model) >= events and self.in_use == self.model


@dataclass(frozen=True, slots=True)
class RankTrace:
    """How a Rank was answered.

    Attributes:
        model: The model that decided; `N/A` if there was none.
        learning_mode: The loop's at that time.
    """

    model: str
    learning_mode: str


class Loop:
    """The calls of the loop's owner."""

    def __init__(self, address: str, key: str) -> None:
        """Take the address of the service and one of its keys."""
        self._address = address
        self._key = key
        # of its own: the one of `urlopen` trusts for ever what the process trusted at its first call
        self._opener = urllib.request.build_opener()

    def configure(self) -> None:
        """Shorten the times of the loop; exploration and learning settings stay as they are. Raises `DemoFailed`."""
        self._call("PUT", _CONFIGURATION, _SETTINGS)

    def standing(self) -> Standing:
        """Ask how far it has come; raises `DemoFailed`."""
        status = self._call("GET", STATUS)
        model = status["model"] or {}
        learned, in_use = status["events"]["learned"], status["instance"]["modelId"]
        return Standing(learned, model.get("id"), in_use, model.get("learnedEvents", 0), status["because"])

    def trace(self, event_id: str) -> RankTrace:
        """Ask how a Rank was answered; raises `DemoFailed`."""
        events_of_id = self._call("GET", f"{_EVENTS}/{event_id}")["events"]
        if len(events_of_id) != 1:
            raise DemoFailed(f"The loop knows {len(events_of_id)} events called {event_id}, where one was ranked.")
        return RankTrace(events_of_id[0]["model"], events_of_id[0]["learningMode"])

    def wait_until_learned(self, events: int, report: Callable[[Standing], None]) -> Standing:
        """Wait until Rank is answered by a model that has learned so many events; raises `DemoFailed`.

        Args:
            report: Is given every answer on the way.
        """
        end = time.monotonic() + _PATIENCE_SECONDS
        while not (standing := self.standing()).holds(events):
            report(standing)
            if time.monotonic() > end:
                raise DemoFailed(
                    f"After {_PATIENCE_SECONDS:.0f} s the loop has learned {standing.learned} of {events} events, "
                    f"and does not go on. It says: {standing.because}"
                )
            time.sleep(_PAUSE_SECONDS)
        return standing

    def exploration(self) -> float:
        """Ask which share of choices it draws at random; raises `DemoFailed`."""
        return float(self._call("GET", _CONFIGURATION)["explorationPercentage"])

    def log(self) -> list[bytes]:
        """Ask for its log, one line an event; raises `DemoFailed`."""
        path, lines = _LOGS, list[bytes]()
        while path:
            page = self._fetch("GET", path)
            lines += page.body.splitlines()
            path = page.next_path
        return lines

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return json.loads(self._fetch(method, path, body).body)

    def _fetch(self, method: str, path: str, body: object = None) -> "_Answer":
        """Make one call; one that is answered 503 is repeated."""
        request = urllib.request.Request(  # noqa: S310 - the address is this machine's own
            self._address + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Ocp-Apim-Subscription-Key": self._key, "Content-Type": "application/json"},
        )
        end = time.monotonic() + _PATIENCE_SECONDS
        while (answer := self._answer(request)).status == UNAVAILABLE and time.monotonic() < end:
            time.sleep(_PAUSE_SECONDS)
        if answer.status != OK:
            raise refusal(f"{method} {path}", answer.status, answer.body.decode(errors="replace"))
        return answer

    def _answer(self, request: urllib.request.Request) -> "_Answer":
        try:
            with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
                link = answer.headers.get("Link", "")
                return _Answer(answer.status, answer.read(), link.partition(">")[0].removeprefix("<"))
        except urllib.error.HTTPError as error:
            return _Answer(error.code, error.read())
        except OSError as error:
            raise DemoFailed(f"{request.method} {request.selector} got no answer: {error}") from error


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer, and the path of the page behind it; empty for the last page, and for what has no pages."""

    status: int
    body: bytes
    next_path: str = ""
