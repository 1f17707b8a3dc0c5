"""`/ready` and `/status`: open to everyone, and without anything of the loop's in them."""

from azure.functions import HttpRequest, HttpResponse

from shared.ranking import hot_path
from shared.settings import NOT_RESOLVED, TO_RESOLVE, InvalidSetting, settings
from shared.status.service_forms import Readiness, ServiceStatus
from shared.storage_errors import StorageUnavailable
from shared.web.operations import functions, open_operation
from shared.web.responses import json_answer

blueprint = functions()


@open_operation(blueprint, "ready", answer=Readiness, statuses=[200, 503])
async def ready(_: HttpRequest) -> HttpResponse:
    """Answer 200 once the service can do its work, else 503 with what is missing."""
    missing = await _missing()
    answer = json_answer(Readiness.of(missing).to_json(), 503 if missing else 200)
    if missing:
        answer.headers["Retry-After"] = "2"
    return answer


@open_operation(blueprint, "status", answer=ServiceStatus)
async def status(_: HttpRequest) -> HttpResponse:
    """The same for whoever expects it where the old service's containers had it."""
    return json_answer(ServiceStatus.of(await _missing()).to_json())


async def _missing() -> list[str]:
    """What keeps the service from its work, one sentence each."""
    try:
        opens = settings().api_keys or settings().tokens
        watch = hot_path.watch()
        await watch.current()
    except InvalidSetting as error:
        return [f"{error}."]
    except StorageUnavailable as error:
        return [f"Storage does not answer: {error}."]
    missing = [] if opens else _no_key(settings().unresolved_keys)
    return missing + ([f"Storage does not answer: {watch.last_error}."] if watch.last_error else [])


def _no_key(unresolved: tuple[str, ...]) -> list[str]:
    if not unresolved:
        return ["Setting API_KEY_1 or API_KEY_2: set a key that clients send."]
    return [f"Setting {name}: {NOT_RESOLVED}; {TO_RESOLVE}." for name in unresolved]
