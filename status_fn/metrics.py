"""`GET /rankloop/v1/metrics`: what the loop earns, and what it would earn without learning."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.contract.metrics import Asked, LoopMetrics, MetricsQuery, answer, asked
from shared.loop.metrics import Metrics
from shared.storage import lease, metrics
from shared.storage.arrivals import now_us
from shared.web.answers import json_answer
from shared.web.operations import functions, own_operation

blueprint = functions()


@own_operation(blueprint, ["GET"], "metrics", query=MetricsQuery, answer=LoopMetrics)
async def read_metrics(req: HttpRequest) -> HttpResponse:
    """Tell what the loop earns per event, beside always the first action and random ones, with intervals."""
    wanted = asked(req.params.get("from"), req.params.get("to"), req.params.get("interval"), now_us())
    return json_answer(await asyncio.to_thread(_told, wanted))


def _told(wanted: Asked) -> bytes:
    state = lease.read_state()
    kept = state.metrics if state else Metrics()
    return answer(wanted, metrics.between(wanted.from_us, wanted.to_us, kept), kept.apprentice)
