"""`GET /rankloop/v1/metrics`: what the loop earns, and what it would earn without learning."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.configuration import configuration_store
from shared.metrics import metrics_store, recent_store
from shared.metrics.bins import Metrics
from shared.metrics.last_day_forms import demand_held
from shared.metrics.metrics_forms import LoopMetrics, MetricsQuery, MetricsRange, answer, read_range
from shared.status.learning_status import judge_earnings
from shared.storage import clock
from shared.training import lease
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["GET"], "metrics", api=Api.OWN, query=MetricsQuery, answer=LoopMetrics)
async def read_metrics(req: HttpRequest) -> HttpResponse:
    """Tell what the loop earns per event, beside always the first action and random ones, with intervals."""
    now_us = await asyncio.to_thread(clock.now_us)
    range_ = read_range(req.params.get("from"), req.params.get("to"), req.params.get("interval"), now_us)
    return json_answer(await asyncio.to_thread(_read_metrics, range_, now_us))


def _read_metrics(range_: MetricsRange, now_us: int) -> bytes:
    state, configuration = lease.read_state(), configuration_store.read_configuration()
    metrics, recent = state.metrics if state else Metrics(), state.recent if state else None
    if range_.is_fine:
        demand_held(range_.from_us, recent, now_us, "from")
        bins = recent_store.read_bins(range_.from_us, range_.to_us)
    else:
        bins = metrics_store.read_bins(range_.from_us, range_.to_us, metrics)
    return answer(range_, bins, metrics.apprentice, judge_earnings(state, configuration, now_us)).to_json()
