"""The service configuration: read, change."""

import asyncio
import logging
from collections.abc import Mapping

from azure.functions import HttpRequest, HttpResponse

from configure_fn import mirror_host
from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.forms.configuration_answer import answer, answer_model
from shared.configuration.forms.configuration_request import ServiceConfigurationRequest
from shared.configuration.forms.declared_fields import METRICS, fields_of
from shared.configuration.forms.unknown_fields import describe_unknown_fields
from shared.configuration.service_configuration import ServiceConfiguration
from shared.configuration.settings_change import Act, Cause
from shared.metrics import apprentice_forms
from shared.settings import settings
from shared.storage.clock import now_us
from shared.training import lease
from shared.web.json_bodies import from_json
from shared.web.operations import Functions, PerVersion
from shared.web.responses import json_answer, warn
from shared.web.threads import CustomerCalls
from shared.web.versions import Version

functions = Functions()
_log = logging.getLogger(__name__)

PATH = "configurations/service"
_RETENTION = "logRetentionDays"


@functions.operation(["GET"], PATH, Role.READ, answer=PerVersion(answer_model))
async def read_service_configuration(_: HttpRequest, version: Version, role: Role) -> HttpResponse:
    """Tell the service configuration."""
    configuration = await asyncio.to_thread(configuration_store.read_configuration)
    return await _answer(configuration, version, role)


@functions.operation(
    ["PUT", "PATCH"],
    PATH,
    Role.ADMIN,
    request=ServiceConfigurationRequest,
    answer=PerVersion(answer_model),
    refusals=[403],
)
async def change_service_configuration(
    req: HttpRequest, version: Version, caller: str, customer_calls: CustomerCalls
) -> HttpResponse:
    """Change what the client sends, keep the rest, and tell the whole; fields that are ignored give a warning."""
    request = ServiceConfigurationRequest.of(req.get_body(), version)
    longest_wait_us = settings().max_reward_wait_us

    def change(stored: Configuration) -> Configuration:
        service = request.merge_into(stored.service, longest_wait_us)
        mirror_host.check(stored.service, service)
        return stored.with_service(service, now_us())

    cause = Cause(caller, Act.SERVICE)
    configuration = await customer_calls.run(configuration_store.change_configuration, change, cause)
    changed = await _answer(configuration, version, Role.ADMIN)
    sent = from_json(req.get_body())
    if ignored := describe_unknown_fields(sent, version):
        _log.warning("A change of the service configuration by %s has unknown fields. %s", version.name, ignored)
    remarks = ignored, _describe_retention(sent, configuration.service)
    if any(remarks):
        warn(changed, " ".join(filter(None, remarks)))
    return changed


def _describe_retention(sent: Mapping[str, object], service: ServiceConfiguration) -> str | None:
    """A sentence on how long logs are kept, if 0 days were sent, which some clients send that set nothing."""
    if sent.get(_RETENTION) != 0:
        return None
    return f"With {_RETENTION} 0 the log is kept as long as learning needs it: for {service.retention_days} days."


async def _answer(configuration: Configuration, version: Version, role: Role) -> HttpResponse:
    """Answer with the configuration, without secrets for who only reads, and with the metrics of an apprentice."""
    metrics = None
    if METRICS in fields_of(version):
        state = await asyncio.to_thread(lease.read_state)
        if state and state.metrics.apprentice.total.events:
            metrics = apprentice_forms.metrics(state.metrics.apprentice)
    service = configuration.service
    return json_answer(answer(service if role.allows(Role.ADMIN) else service.without_secrets(), version, metrics))
