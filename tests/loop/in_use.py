"""A loop in use, whose trainer runs when a test calls it."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.times import SECOND
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, LATER_STILL, NEVER, StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import LIKED, USERS, V1, rank_body
from tests.loop.trainers import Trainer
from tests.storages import NewStorage

NOW = {**LATER_STILL, "join_grace_us": 3 * SECOND}
"""Settings of a trainer that finds nothing to join yet, so that it only learns anew what is logged."""
READY = {**LATER_STILL, "join_grace_us": -5 * SECOND}
"""Settings of a trainer that joins everything that has arrived; to be used while nothing arrives."""


class Loop:
    """A loop in use, whose trainer runs when a test calls it."""

    def __init__(self, url: str, stored_loop: StoredLoop, trainer: StartTrainer, used: int = 0) -> None:
        """Take where the loop is, and how many events it has had by `use` before."""
        self.api = Api.at(url, KEY, tries=4)
        self.stored_loop = stored_loop
        self._trainer = trainer
        self._ids = itertools.count(used)

    def use(self, events: int) -> None:
        """Rank and reward; users get what they like a reward for."""
        for number in range(events):
            user = USERS[number % len(USERS)]
            answer = self.rank(user)
            reward = {"value": float(answer["rewardActionId"] == LIKED[user])}
            assert self.api.post(f"{V1}/events/{answer['eventId']}/reward", reward).status == 204

    def rank(self, user: str = "ann") -> dict[str, Any]:
        """One Rank's answer."""
        answer = self.api.post(f"{V1}/rank", rank_body(f"used-{next(self._ids)}", user))
        assert answer.status == 201
        body: dict[str, Any] = answer.json
        return body

    def learn(self) -> None:
        """Let the trainer join and learn all that has arrived, whatever the wait, and publish the last model."""
        self.train(READY)
        if not self._is_published():
            self.train(NOW)

    def train(self, changed: dict[str, int]) -> None:
        """Let the trainer run once, when the parts of time, seconds, are over and the next model may be published."""
        past.await_parts(self.stored_loop)
        past.await_export_time(self.stored_loop)
        with self._trainer(changed=changed) as trainer:
            trainer.succeed()

    def _is_published(self) -> bool:
        """Whether the running model is the published one."""
        running = self.stored_loop.document("state.json")["running"]["model"]
        published = (self.stored_loop.document("published.json") or {}).get("model")
        return bool((running and running["predictor_blob"]) == (published and published["predictor_blob"]))

    def status(self) -> dict[str, Any]:
        """What the loop says of itself."""
        body: dict[str, Any] = self.api.get("/rankloop/v1/status").json
        return body

    def put(self, **service: object) -> None:
        """Change the service configuration."""
        assert self.api.put(f"{V1}/configurations/service", service).status == 200

    def wait_until_obeyed(self) -> None:
        """Wait until every instance has heard of a change."""
        time.sleep(5)

    def wait_until(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until something holds of the status."""
        until = time.monotonic() + 15
        while not holds(status := self.status()):
            assert time.monotonic() < until, status
            time.sleep(0.3)


@contextmanager
def teach_loop(new_storage: NewStorage, folder: Path, *events: int) -> Iterator[StoredLoop]:
    """The storage of a loop that has learned some events, then some more, and so on; for copies, no host serves it."""
    account, number = new_storage(), itertools.count()
    with StoredLoop(account) as stored_loop:
        with HostProcess(account, env=NEVER) as host:
            loop = Loop(host.url, stored_loop, lambda **more: Trainer(account, folder / f"{next(number)}.log", **more))
            loop.put(rewardWaitTime="PT5S", modelExportFrequency="PT1S")
            for count in events:
                loop.use(count)
                loop.learn()
        yield stored_loop
