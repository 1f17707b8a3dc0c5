"""`/ready` and `/status`: open to everyone, and without anything of the loop's in them."""

from azure.functions import HttpRequest, HttpResponse

from shared.contract.status import readiness, service_status
from shared.loop.trouble import StorageUnavailable
from shared.settings import InvalidSetting, settings
from shared.storage import hot_path
from shared.web.answers import json_answer
from shared.web.endpoint import open_endpoint
from shared.web.operations import functions

blueprint = functions()


@blueprint.route(route="ready", methods=["GET"])
@open_endpoint
async def ready(_: HttpRequest) -> HttpResponse:
    """Answer 200 once the service can do its work, else 503 with what is missing."""
    missing = await _missing()
    answer = json_answer(readiness(missing), 503 if missing else 200)
    if missing:
        answer.headers["Retry-After"] = "2"
    return answer


@blueprint.route(route="status", methods=["GET"])
@open_endpoint
async def status(_: HttpRequest) -> HttpResponse:
    """The same for whoever expects it where the old service's containers had it."""
    return json_answer(service_status(await _missing()))


async def _missing() -> list[str]:
    """What keeps the service from its work, one sentence each."""
    try:
        keys = settings().api_keys
        watch = hot_path.watch()
        await watch.current()
    except InvalidSetting as error:
        return [f"{error}."]
    except StorageUnavailable as error:
        return [f"Storage does not answer: {error}."]
    missing = [] if keys else ["Setting API_KEY_1 or API_KEY_2: set a key that clients send."]
    return missing + ([f"Storage does not answer: {watch.last_error}."] if watch.last_error else [])
