"""What a change of the service configuration or of the learning settings would do; nothing is changed."""

import asyncio
from collections import Counter
from collections.abc import Callable

from azure.functions import HttpRequest, HttpResponse

from configure_fn import mirror_host, policy, service_configuration
from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.forms.configuration_request import ServiceConfigurationRequest
from shared.configuration.forms.learning_settings import PolicyContract
from shared.configuration.forms.unknown_fields import describe_unknown_fields
from shared.learner.request_arguments import parse_arguments
from shared.log import manifest_store
from shared.metrics import metrics_store
from shared.models import published_store
from shared.settings import settings
from shared.status.configuration_preview import ChangeFigures, FutureChange, preview
from shared.status.preview_forms import ChangePreview
from shared.storage.clock import now_us
from shared.times import DAY
from shared.training import lease
from shared.training.cursor import Cursor
from shared.training.training_state import State
from shared.web.json_bodies import from_json
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer, warn
from shared.web.threads import CustomerCalls
from shared.web.versions import VERSIONS

functions = Functions()


@functions.operation(
    ["POST"],
    f"{service_configuration.PATH}:preview",
    Role.READ,
    api=Api.OWN,
    request=ServiceConfigurationRequest,
    answer=ChangePreview,
    refusals=[403],
)
async def preview_service_configuration(req: HttpRequest, customer_calls: CustomerCalls) -> HttpResponse:
    """Tell what would happen if this service configuration were put; fields that are ignored give a warning."""
    request = ServiceConfigurationRequest.of(req.get_body(), VERSIONS[-1])
    longest_wait_us = settings().max_reward_wait_us

    def change(stored: Configuration) -> Configuration:
        service = request.merge_into(stored.service, longest_wait_us)
        mirror_host.check(stored.service, service)
        return stored.with_service(service, now_us())

    answer = json_answer(await customer_calls.run(_preview, change))
    if ignored := describe_unknown_fields(from_json(req.get_body()), VERSIONS[-1]):
        warn(answer, ignored)
    return answer


@functions.operation(
    ["POST"],
    f"{policy.PATH}:preview",
    Role.READ,
    api=Api.OWN,
    request=PolicyContract,
    answer=ChangePreview,
    refusals=[403],
)
async def preview_policy(req: HttpRequest) -> HttpResponse:
    """Tell what would happen if these learning settings were put."""
    learning = PolicyContract.read(req.get_body()).settings()
    parse_arguments(learning.arguments, "arguments")
    return json_answer(await asyncio.to_thread(_preview, lambda stored: stored.with_learning(learning, now_us())))


@functions.operation(
    ["POST"],
    f"{policy.PATH}:previewReset",
    Role.READ,
    api=Api.OWN,
    answer=ChangePreview,
    refusals=[403],
)
async def preview_reset_policy(_: HttpRequest) -> HttpResponse:
    """Tell what would happen if the learning settings were deleted: which default they get, and what follows."""

    def change(stored: Configuration) -> Configuration:
        return stored.with_learning(policy.default(stored.learning), now_us())

    return json_answer(await asyncio.to_thread(_preview, change))


def _preview(change: Callable[[Configuration], Configuration]) -> bytes:
    published, before = published_store.read_published(), configuration_store.read_configuration()
    coming = FutureChange(before, change(before), lease.read_state(), published)
    return ChangePreview.of(preview(coming, _read_figures(coming))).to_json()


def _read_figures(coming: FutureChange) -> ChangeFigures:
    """Read what the log and the metrics say of a change."""
    state, cursor = coming.state_now, coming.new_cursor
    log = None if cursor is None else _count_log(cursor, state, coming.after)
    earlier = state.before_apprentice
    if not coming.is_mode_change or earlier is None:
        return ChangeFigures(log, now_us())
    end_us = earlier.learned_up_to_us
    return ChangeFigures(log, now_us(), tuple(metrics_store.read_bins(end_us - DAY, end_us, state.metrics)))


def _count_log(cursor: Cursor, state: State, configuration: Configuration) -> Counter[str]:
    """Count the events of the log that a new model would learn, by their kind."""
    counts = Counter[str]()
    deleted_us = configuration.logs_deleted_before_us
    for blob in manifest_store.list_blobs(cursor.learned_up_to_us, state.joined_up_to_us, deleted_us, reach_us=0):
        if blob.from_us >= cursor.learned_up_to_us:
            counts.update(blob.events)
    return counts
