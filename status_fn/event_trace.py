"""`GET /rankloop/v1/events/{eventId}`: the trace of an event."""

import asyncio
from collections.abc import Callable, Sequence

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.intake.keys import canonical
from shared.intake.reward_bodies import read_event_id
from shared.learner.explorer import Explorer
from shared.ranking.hot_path import HotPath
from shared.status.event_trace import trace
from shared.status.now_forms import Now
from shared.status.trace_forms import EventTrace, TraceQuery
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import read_moment
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer
from shared.web.threads import LogReaders
from status_fn.event_now import RecordedEvent, read_nows, read_recorded
from status_fn.evidence import read_evidence

functions = Functions()


@functions.operation(["GET"], "events/{eventId}", Role.READ, api=Api.OWN, query=TraceQuery, answer=EventTrace)
async def read_event(req: HttpRequest, hot_path: HotPath[Explorer], log_readers: LogReaders) -> HttpResponse:
    """Tell when an event came, what was shown, which rewards count for it, and what would be shown now."""
    event_id = read_event_id(req.route_params["eventId"], InvalidRequest)
    at = req.params.get("at")
    around_us = read_moment(at, "at", InvalidRequest) if at else None
    loop = asyncio.get_running_loop()

    def ask(events: Sequence[RecordedEvent | None]) -> Sequence[Now]:
        return asyncio.run_coroutine_threadsafe(read_nows(hot_path, events), loop).result()

    return json_answer(await log_readers.run(_answer, event_id, around_us, ask))


def _answer(
    event_id: str, around_us: int | None, ask: Callable[[Sequence[RecordedEvent | None]], Sequence[Now]]
) -> bytes:
    """The body of the answer; of an id that is used again and again it takes long to make."""
    evidence = read_evidence(event_id, around_us)
    return EventTrace.of(canonical(event_id), trace(evidence), ask(read_recorded(evidence))).to_json()
