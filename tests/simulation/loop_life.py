"""The life of a loop under virtual time and over simulated storage: all of the product's own code, Vowpal Wabbit too.

`python -m tests.simulation.loop_life FIRST STEP END EVENTS` lives the healthy loops of every so many seeds, each up to
so many events, and prints a line of JSON for each: the warnings that came, each with how many events there had been.
"""

import asyncio
import gc
import heapq
import json
import logging
import random
import sys
from collections.abc import Callable, Mapping
from inspect import signature
from itertools import count
from threading import Event
from typing import Any

from azure.functions import HttpRequest, HttpResponse

from configure_fn.policy import change_policy
from configure_fn.service_configuration import change_service_configuration
from rank_fn.explorer import Explorer
from rank_fn.multislot import multislot_rank
from rank_fn.rank import rank
from reward_fn.multislot import multislot_activate, multislot_reward
from reward_fn.reward import activate, reward
from shared.access.role import Role
from shared.ranking.hot_path import HotPath
from shared.storage.paths import DEFAULT, in_loop
from shared.times import DAY, MINUTE, SECOND
from shared.web.versions import VERSIONS
from status_fn.loop_status import read_loop_status
from tests.simulation import healthy_loops
from tests.simulation.healthy_loops import HealthyLoop
from tests.simulation.world import World
from train_timer.run import Trainings

_RUNS = 60
"""How often the trainer runs in a loop's life, and the status is read."""
_AT_LEAST_US = 5 * MINUTE
_OF_SLOTS = "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"


class _CustomerCalls:
    """As the product's, without threads."""

    async def run(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run a function."""
        return await asyncio.to_thread(call, *args)


class _Instance:
    """An instance that answers calls."""

    def __init__(self, world: World) -> None:
        self._process = world.process("instance")
        self._hot_path = HotPath(lambda: self._process.rest, Explorer)

    def call(self, handler: Callable[..., Any], body: object = None, event_id: str | None = None) -> Any:
        """Let a handler answer, as the registry calls it, and no refresh of settings go on behind it."""
        request = HttpRequest(
            "POST",
            "/",
            headers={},
            params={},
            route_params={"eventId": event_id} if event_id else {},
            body=json.dumps(body).encode() if body is not None else b"",
        )
        offered = {"hot_path": self._hot_path, "version": VERSIONS[-1], "caller": "API_KEY_1", "role": Role.OWNER}
        offered["customer_calls"] = _CustomerCalls()
        wanted = {name: value for name, value in offered.items() if name in signature(handler).parameters}
        return self._process.run(self._answer(handler(request, **wanted)))

    async def _answer(self, answering: Any) -> Any:
        response: HttpResponse = await answering
        await self._hot_path.live_settings.close()
        return json.loads(response.get_body() or b"null")


class Life:
    """The life of one loop.

    Attributes:
        came: The events that the loop had had when a warning first came, by code.
        reads: How often the status was read.
    """

    def __init__(self, loop: HealthyLoop) -> None:
        self.came: dict[str, int] = {}
        self.reads = 0
        self._loop = loop
        self._chance = random.Random(f"life {loop.seed}")
        self._events = 0
        self._numbers = count()
        self._planned: list[tuple[int, int, Callable[[int], None]]] = []

    def live(self) -> None:
        """Live it."""
        world = World(learn=None)
        with world.active():
            world.storage.blobs.create_container("loops")
            self._instance, self._trainer = _Instance(world), world.process("trainer")
            self._trainings = Trainings()
            self._configure()
            self._plan_all()
            began_us = world.clock.now_us
            while self._planned:
                at_us, _, call = heapq.heappop(self._planned)
                world.clock.pass_to(began_us + at_us)
                call(at_us)

    def _plan(self, at_us: int, call: Callable[[int], None]) -> None:
        heapq.heappush(self._planned, (at_us, next(self._numbers), call))

    def _plan_all(self) -> None:
        for at_us in self._loop.arrivals(self._chance):
            self._plan(at_us, self._rank)
        step_us = max(_AT_LEAST_US, self._loop.lasts_us // _RUNS)
        for at_us in range(step_us, self._loop.lasts_us + 30 * MINUTE + step_us, step_us):
            self._plan(at_us, self._train)

    def _configure(self) -> None:
        loop = self._loop
        frequency = "PT5M" if loop.lasts_us < DAY else "PT15M"
        self._change(explorationPercentage=loop.exploration, modelExportFrequency=frequency)
        if loop.slots > 1:
            self._instance.call(change_policy, {"name": "slots", "arguments": _OF_SLOTS})
        if loop.is_apprentice_first:
            self._change(learningMode="Apprentice")
            self._plan(round(healthy_loops.FIRST * loop.lasts_us), lambda _: self._change(learningMode="Online"))

    def _change(self, **service: object) -> None:
        self._instance.call(change_service_configuration, service)

    def _train(self, _: int) -> None:
        self._trainer.call(self._trainings.run, Event())
        self.reads += 1
        status = self._instance.call(read_loop_status)
        for warning in status["warnings"]:
            self.came.setdefault(warning["code"], self._events)

    def _rank(self, at_us: int) -> None:
        loop, chance = self._loop, self._chance
        segment, context = loop.context(at_us, chance)
        event_id = f"e{self._events}"
        self._events += 1
        body: dict[str, Any] = {
            "eventId": event_id,
            "contextFeatures": context,
            "actions": [{"id": f"a{number}", "features": loop.features(number)} for number in range(loop.actions)],
            "deferActivation": loop.deferred,
        }
        if loop.slots > 1:
            body["slots"] = [
                {"id": f"s{place}", "features": [{"place": place}], "baselineAction": f"a{place}"}
                for place in range(loop.slots)
            ]
        answer = self._instance.call(multislot_rank if loop.slots > 1 else rank, body)
        self._follow(event_id, segment, at_us, answer)

    def _follow(self, event_id: str, segment: int, at_us: int, answer: Mapping[str, Any]) -> None:
        """Plan what follows a Rank: activation and rewards."""
        loop, chance, call = self._loop, self._chance, self._instance.call
        if loop.deferred:
            if chance.random() < 0.2:
                return
            shown = multislot_activate if loop.slots > 1 else activate
            self._plan(at_us + SECOND, lambda _: call(shown, event_id=event_id))
        later_us = at_us + SECOND + round(chance.expovariate(1 / loop.delay_us))
        if loop.slots == 1:
            value = loop.earn(loop.mean(segment, int(answer["rewardActionId"][1:]), at_us), chance)
            if value is not None:
                self._plan(later_us, lambda _: call(reward, {"value": value}, event_id))
            return
        earned = [
            {"slotId": slot["id"], "value": value}
            for slot in answer["slots"]
            if (value := loop.earn(loop.mean(segment, int(slot["rewardActionId"][1:]), at_us), chance)) is not None
        ]
        if earned:
            self._plan(later_us, lambda _: call(multislot_reward, {"reward": earned}, event_id))


def main(first: int, step: int, end: int, events: int) -> None:
    """Live the loops of every so many seeds of a range."""
    logging.disable(logging.CRITICAL - 1)
    for seed in range(first, end, step):
        loop = healthy_loops.draw(seed).shorten(events)
        life = Life(loop)
        life.live()
        print(json.dumps({"seed": seed, "loop": loop.name, "reads": life.reads, "warnings": life.came}), flush=True)
        gc.collect()


if __name__ == "__main__":
    with in_loop(DEFAULT):
        main(*map(int, sys.argv[1:]))
