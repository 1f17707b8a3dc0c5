"""Clients that rank, reward and activate, and remember what was acknowledged to them."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Self

from tests.http.api import Answer, Api
from tests.loop.stored_loop import StoredLoop

V1 = "/personalizer/v1.0"
USERS, ACTIONS = ("ann", "bob", "cid"), ("a", "b", "c", "d")
LIKED = {"ann": "b", "bob": "d", "cid": "a"}


def rank_body(event_id: str, user: str, *, deferred: bool = False) -> dict[str, Any]:
    """A Rank of four actions for a user."""
    actions = [{"id": name, "features": [{"letter": name}]} for name in ACTIONS]
    return {"eventId": event_id, "contextFeatures": [{"user": user}], "actions": actions, "deferActivation": deferred}


@dataclass(slots=True)
class Acknowledged:
    """What was answered with success, once for each Rank, reward and activation.

    Attributes:
        events: The answers by event id.
        observations: Event id and value of each; None for an activation.
        repetitions: The answers to Ranks that were sent again, by event id.
        failed: How often a call was answered with a status, or not at all.
    """

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    observations: list[tuple[str, float | None]] = field(default_factory=list)
    repetitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: Counter[int | str] = field(default_factory=Counter)


class Traffic:
    """Clients side by side, each in a thread, until the end of the `with` block."""

    def __init__(self, url: Callable[[], str], key: str, clients: int, seed: int, pause: float = 0.05) -> None:
        """Take the function that gives the address for each call, and the seconds between two events of a client."""
        self.acknowledged = Acknowledged()
        self._url = url
        self._key = key
        self._pause = pause
        self._stop = threading.Event()
        self._wrong: list[str] = []
        self._threads = [
            threading.Thread(target=self._client, args=(f"{seed}.{number}", random.Random(seed * 100 + number)))
            for number in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert self._wrong == [], self._wrong

    def _client(self, name: str, chance: random.Random) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._event(f"{name}.{number}", chance)
            self._stop.wait(chance.uniform(0, 2 * self._pause))

    def _event(self, event_id: str, chance: random.Random) -> None:
        """One event: sometimes its reward comes first, sometimes the Rank is sent again, sometimes nothing follows."""
        user, deferred = chance.choice(USERS), chance.random() < 0.2
        if chance.random() < 0.1:
            self._observe(event_id, 0.5, chance)
        ranked = self._rank(rank_body(event_id, user, deferred=deferred), chance)
        if ranked is not None and chance.random() < 0.8:
            self._observe(event_id, float(ranked["rewardActionId"] == LIKED[user]), chance)
        if deferred and chance.random() < 0.7:
            self._observe(event_id, None, chance)

    def _rank(self, body: dict[str, Any], chance: random.Random) -> dict[str, Any] | None:
        answer = self._call_until_answered(f"{V1}/rank", body, 201, {}, chance)
        if answer is None:
            return None
        document: dict[str, Any] = answer.json
        self.acknowledged.events[document["eventId"]] = document
        if chance.random() < 0.1:
            again = self._call(f"{V1}/rank", body, {})
            if again is not None and again.status == 201:
                self.acknowledged.repetitions[document["eventId"]] = again.json
        return document

    def _observe(self, event_id: str, value: float | None, chance: random.Random) -> None:
        what, body = ("activate", b"") if value is None else ("reward", {"value": value})
        headers = {"x-ms-client-request-id": f"{event_id} {chance.random()}"}
        if self._call_until_answered(f"{V1}/events/{event_id}/{what}", body, 204, headers, chance) is not None:
            self.acknowledged.observations.append((event_id, value))

    def _call_until_answered(
        self, path: str, body: object, success: int, headers: dict[str, str], chance: random.Random
    ) -> Answer | None:
        """Call again, as clients do, until one call is answered with success; give up after some time."""
        until = time.monotonic() + chance.uniform(0, 8)
        while True:
            answer = self._call(path, body, headers)
            if answer is not None and answer.status == success:
                return answer
            if time.monotonic() > until or self._stop.is_set():
                return None
            self._stop.wait(0.3)

    def _call(self, path: str, body: object, headers: dict[str, str]) -> Answer | None:
        answer = None
        with suppress(OSError, HTTPException):
            answer = Api.at(self._url(), self._key).post(path, body, headers)
        if answer is None or answer.status >= 400:
            self.acknowledged.failed[answer.status if answer else "cut"] += 1
        if answer is not None and answer.status not in (200, 201, 204, 503):
            self._wrong.append(f"{path} was answered {answer.status} {answer.body!r}")
        return answer


def check(stored_loop: StoredLoop, acknowledged: Acknowledged) -> None:
    """See that all that was acknowledged is in the log, once, as it was answered.

    A repetition in another minute is answered anew, and its answer may be that of a newer model: the first row counts.
    """
    lines = [json.loads(line) for line in stored_loop.lines()]
    rows = Counter(row.event_id for row in stored_loop.rows("events"))
    events = Counter(line["EventId"] for line in lines if "_label_cost" in line)
    assert events.keys() >= acknowledged.events.keys()
    assert {event_id: count for event_id, count in events.items() if count > 1} == {}
    for line in lines:
        answer = acknowledged.events.get(line["EventId"]) if "_label_cost" in line else None
        if answer and rows[line["EventId"]] == 1:
            ids = [action["i"]["id"] for action in line["c"]["_multi"]]
            assert ids[line["_labelIndex"]] == answer["rewardActionId"]
            chances = {ids[action - 1]: chance for action, chance in zip(line["a"], line["p"], strict=True)}
            assert chances == {action["id"]: action["probability"] for action in answer["ranking"]}
    for event_id, again in acknowledged.repetitions.items():
        assert rows[event_id] > 1 or again == acknowledged.events[event_id]
    entries = [
        (line["EventId"], entry.get("v")) for line in lines for entry in line.get("o", line.get("Observations", []))
    ]
    assert Counter(entries) >= Counter(acknowledged.observations)
