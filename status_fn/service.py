"""`/ready` and `/status`: open to everyone, so they say nothing of the loop."""

from typing import Any

import orjson
from azure.functions import HttpRequest, HttpResponse

from shared.package_id import package_id
from shared.ranking.hot_path import HotPath
from shared.settings import NOT_RESOLVED, TO_RESOLVE, InvalidSetting, settings
from shared.storage_errors import StorageUnavailable
from shared.web.form import Form
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()
_FORMS = "shared.status.service_forms"


@functions.operation(["GET"], "ready", None, api=Api.OPEN, answer=Form(_FORMS, "Readiness"), status=(200, 503))
async def ready(_: HttpRequest, hot_path: HotPath[Any]) -> HttpResponse:
    """Answer 200 once the service can do its work, else 503 with what is missing."""
    missing = await _missing(hot_path)
    answer = json_answer(orjson.dumps({"ready": not missing, "missing": missing}), 503 if missing else 200)
    if missing:
        answer.headers["Retry-After"] = "2"
    return answer


@functions.operation(["GET"], "status", None, api=Api.OPEN, answer=Form(_FORMS, "ServiceStatus"))
async def status(_: HttpRequest, hot_path: HotPath[Any]) -> HttpResponse:
    """The same for whoever expects it where the old service's containers had it; and which package answers."""
    missing = await _missing(hot_path)
    word, message = ("Invalid", " ".join(missing)) if missing else ("Valid", "The service is ready.")
    body = {"service": "Personalizer", "apiStatus": word, "apiStatusMessage": message, "package": package_id()}
    return json_answer(orjson.dumps(body))


async def _missing(hot_path: HotPath[Any]) -> list[str]:
    """The faults that keep the service from its work, a sentence each."""
    try:
        opens = settings().api_keys or settings().tokens
        live_settings = hot_path.live_settings
        await live_settings.current()
    except InvalidSetting as error:
        return [f"{error}."]
    except StorageUnavailable as error:
        return [f"Storage does not answer: {error}."]
    missing = [] if opens else _no_key(settings().unresolved_keys)
    return missing + ([f"Storage does not answer: {live_settings.last_error}."] if live_settings.last_error else [])


def _no_key(unresolved: tuple[str, ...]) -> list[str]:
    if not unresolved:
        return ["Setting API_KEY_1 or API_KEY_2: set a key that clients send."]
    return [f"Setting {name}: {NOT_RESOLVED}; {TO_RESOLVE}." for name in unresolved]
