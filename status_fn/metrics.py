"""`GET /rankloop/v1/metrics`: what the loop earns, and what it would earn without learning."""

import asyncio
from collections.abc import Sequence

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.metrics import metrics_store, recent_store
from shared.metrics.bins import Bin, Metrics
from shared.metrics.last_day_forms import demand_held, describe_missing, without_deleted
from shared.metrics.metrics_forms import LoopMetrics, MetricsQuery, MetricsRange, answer, read_range
from shared.status.learning_status import judge_earnings
from shared.storage import clock
from shared.training import lease
from shared.training.training_state import State
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["GET"], "metrics", Role.READ, api=Api.OWN, query=MetricsQuery, answer=LoopMetrics)
async def read_metrics(req: HttpRequest) -> HttpResponse:
    """Tell what the loop earns per event, beside always the first action and random ones, with intervals."""
    now_us = await asyncio.to_thread(clock.now_us)
    range_ = read_range(req.params.get("from"), req.params.get("to"), req.params.get("interval"), now_us)
    return json_answer(await asyncio.to_thread(_read_metrics, range_, now_us))


def _read_metrics(range_: MetricsRange, now_us: int) -> bytes:
    state, configuration = lease.read_state(), configuration_store.read_configuration()
    metrics = state.metrics if state else Metrics()
    bins, missing = (
        _read_fine(range_, state, configuration.logs_deleted_before_us, now_us)
        if range_.is_fine
        else (metrics_store.read_bins(range_.from_us, range_.to_us, metrics), _describe_recount(range_, state))
    )
    verdict = judge_earnings(state, configuration, now_us)
    return answer(range_, bins, metrics.apprentice, verdict, missing).to_json()


def _describe_recount(range_: MetricsRange, state: State | None) -> str | None:
    recount = state.recount if state else None
    return recount.describe(range_.from_us, range_.to_us) if recount else None


def _read_fine(
    range_: MetricsRange, state: State | None, deleted_before_us: int, now_us: int
) -> tuple[Sequence[Bin], str | None]:
    """The bins of ten seconds of a range, and what is not in them yet."""
    recent = without_deleted(state.recent if state else None, deleted_before_us)
    demand_held(range_.from_us, recent, now_us, "from")
    bins = recent_store.read_bins(range_.from_us, range_.to_us) if recent else []
    return bins, describe_missing(recent, state.joined_up_to_us if state else 0, range_.to_us)
