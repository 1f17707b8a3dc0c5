"""Batches: up to 1,000 rewards and activations in one call, each of which is taken or refused for itself."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from azure.functions import HttpRequest, HttpResponse

from reward_fn.batched_calls import BatchedCall, make_all
from reward_fn.observations import make_origin
from reward_fn.turns import in_turns
from shared.access.role import Role
from shared.intake.keys import canonical
from shared.ranking.event_batch_forms import EventBatch, EventBatchAnswer, RowAnswer, SentRows, read_row
from shared.ranking.hot_path import HotPath
from shared.settings import settings
from shared.storage_errors import StorageUnavailable
from shared.web.endpoint import client_request_id
from shared.web.errors import InvalidRequest
from shared.web.operations import Api, Functions
from shared.web.plain_checks import is_id
from shared.web.refusals import explain
from shared.web.responses import json_answer

functions = Functions()

type Read = BatchedCall | InvalidRequest
"""What a row asks for, or what is wrong with it."""


@functions.operation(["POST"], "events:batch", Role.RANK, api=Api.OWN, request=EventBatch, answer=EventBatchAnswer)
async def batch_events(req: HttpRequest, hot_path: HotPath[Any]) -> HttpResponse:
    """Reward and activate many events in one call; each row is taken or refused for itself."""
    sent = SentRows.read(req.get_body()).rows
    rows = await _read_rows(sent, client_request_id(req))
    calls = dict.fromkeys(row for row in rows if isinstance(row, BatchedCall))
    failures = await make_all(hot_path, calls)
    if calls and all(call.first in failures for call in calls):
        raise next(iter(failures.values()))
    return json_answer(await _answer(sent, rows, failures))


async def _read_rows(sent: Sequence[Any], request_id: str | None) -> list[Read]:
    """Read rows; those without a request id of their own get a part of that of the batch."""
    numbers = Counter[BatchedCall]()
    return [_read_row(row, f"rows[{at}]", request_id, numbers) async for at, row in in_turns(enumerate(sent))]


def _read_row(sent: Any, place: str, request_id: str | None, numbers: Counter[BatchedCall]) -> Read:
    try:
        row = read_row(sent, place, strict=settings().strict_rewards)
    except InvalidRequest as refusal:
        return refusal
    event_id = canonical(row.event_id)
    if row.client_request_id is not None:
        return BatchedCall(event_id, row.slot_id, row.value, make_origin(row.client_request_id))
    call = BatchedCall(event_id, row.slot_id, row.value, make_origin(request_id))
    numbers[call] += 1
    return call._replace(number=numbers[call] - 1)


async def _answer(
    sent: Sequence[Any], rows: Sequence[Read], failures: Mapping[BatchedCall, StorageUnavailable]
) -> bytes:
    pairs = in_turns(zip(sent, rows, strict=True))
    return EventBatchAnswer.of([_answer_row(body, row, failures) async for body, row in pairs]).to_json()


def _answer_row(sent: Any, row: Read, failures: Mapping[BatchedCall, StorageUnavailable]) -> RowAnswer:
    event_id = sent.get("eventId") if isinstance(sent, dict) else None
    answer: dict[str, Any] = {"eventId": event_id if is_id(event_id) else None, "status": 204}
    error = row if isinstance(row, InvalidRequest) else failures.get(row.first)
    if error is not None:
        answer["status"], answer["error"] = explain(error)
    return RowAnswer.model_validate(answer)
