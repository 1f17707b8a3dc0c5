"""`GET /rankloop/v1/metrics/actions` and `…/context`: what the loop earns by actions, and by values of the context."""

import asyncio
from collections.abc import Callable

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.metrics import recent_store
from shared.metrics.action_forms import ActionMetrics, ActionsQuery, answer_actions
from shared.metrics.breakdown import Step
from shared.metrics.context_forms import ContextMetrics, ContextQuery, answer_context, read_feature
from shared.metrics.last_day_forms import LastDayRange, describe_missing, read_range, without_deleted
from shared.storage import clock
from shared.training import lease
from shared.web.json_forms import Wire
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()

type _Answer = Callable[[LastDayRange, list[Step], str | None], Wire]


@functions.operation(["GET"], "metrics/actions", Role.READ, api=Api.OWN, query=ActionsQuery, answer=ActionMetrics)
async def read_actions(req: HttpRequest) -> HttpResponse:
    """Tell how often each action was shown in the last day, and what it earned; with an interval, over time."""
    return json_answer(await asyncio.to_thread(_read, req, answer_actions, req.params.get("interval")))


@functions.operation(["GET"], "metrics/context", Role.READ, api=Api.OWN, query=ContextQuery, answer=ContextMetrics)
async def read_context(req: HttpRequest) -> HttpResponse:
    """Tell how often a feature of the context had each value in the last day, and what was earned with it."""
    feature = read_feature(req.params.get("feature"))
    return json_answer(
        await asyncio.to_thread(
            _read, req, lambda range_, steps, missing: answer_context(range_, steps, missing, feature)
        )
    )


def _read(req: HttpRequest, answer: _Answer, interval: str | None = None) -> bytes:
    state, now_us = lease.read_state(), clock.now_us()
    recent = state.recent if state else None
    range_ = read_range(req.params.get("from"), req.params.get("to"), recent, now_us, interval)
    deleted_us = configuration_store.read_configuration().logs_deleted_before_us
    current = without_deleted(recent, deleted_us)
    steps = recent_store.read_steps(range_.from_us, range_.to_us) if current else []
    missing = describe_missing(current, state.joined_up_to_us if state else 0, range_.to_us)
    return answer(range_, steps, missing).to_json()
