"""Timer triggers: one run at a time, and a time that comes while a run goes on is left out, as on the platform."""

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from azure_functions_runtime.bindings.datumdef import Datum

from localhost.host import worker
from localhost.host.background import SingleRun, finish, report, watch
from localhost.host.functions import TimerFunction
from localhost.host.schedules import Schedule

_log = logging.getLogger(__name__)
_LONGEST_SLEEP = 30.0
_LATE = timedelta(seconds=1)


class Timer:
    """Runs one timer function on its schedule."""

    def __init__(self, function: TimerFunction, limit: float | None) -> None:
        """Take the function and the longest time one run may take, in seconds; `StartFailure` for a bad schedule."""
        self._function = function
        self._schedule = Schedule(function)
        self._limit = limit
        self._runs = SingleRun(self._run)
        self._is_late = False
        self._last: datetime | None = None
        self._clock: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The function's name."""
        return self._function.name

    def start(self) -> None:
        """Begin to run the function at its times."""
        if self._function.run_on_startup:
            self._runs.start_or_skip()
        self._clock = watch(self._keep_time(), f"the clock of {self.name}")

    async def run_now(self, _text: str) -> int:
        """Run now, or once more after the run that is going on."""
        return self._runs.request()

    async def describe(self) -> dict[str, Any]:
        """Say when the function runs next and how many of its runs were started and have ended."""
        return {
            "name": self.name,
            "trigger": "timer",
            "schedule": self._schedule.expression,
            "next": self._schedule.after(datetime.now(UTC)).isoformat(),
            "started": self._runs.started,
            "finished": self._runs.finished,
        }

    async def close(self, grace: float) -> None:
        """Keep no more time, and cancel a run that goes on for longer than `grace` seconds."""
        await finish([self._clock] if self._clock else [], 0)
        await self._runs.close(grace)

    async def _keep_time(self) -> None:
        while True:
            moment = self._schedule.after(datetime.now(UTC))
            await _sleep_until(moment)
            self._is_late = datetime.now(UTC) - moment > _LATE
            if not self._runs.start_or_skip():
                _log.debug("%s still runs: it is not run at %s", self.name, moment.isoformat())

    async def _run(self) -> None:
        trigger = Datum(json.dumps(self._request()), "json")
        self._last, self._is_late = datetime.now(UTC), False
        report(self.name, await worker.call(self._function, trigger, limit=self._limit))

    def _request(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        last = self._last or datetime.min.replace(tzinfo=UTC)
        status = {
            "Last": last.isoformat(),
            "Next": self._schedule.after(now).isoformat(),
            "LastUpdated": now.isoformat(),
        }
        return {"IsPastDue": self._is_late, "Schedule": {"AdjustForDST": True}, "ScheduleStatus": status}


async def _sleep_until(moment: datetime) -> None:
    """Sleep in pieces, so that a machine that was asleep or had its clock set wakes near the right time."""
    while (left := (moment - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 - what comes is a time, no event
        await asyncio.sleep(min(left, _LONGEST_SLEEP))
