"""What each refusal is over HTTP: one table from classes to status and code of the API."""

import logging
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from azure.functions import HttpResponse

from shared.contract import errors
from shared.loop.errors import LoopError
from shared.loop.trouble import RowTooLarge, StorageUnavailable
from shared.web.answers import json_answer

_logger = logging.getLogger("rankloop.web")
_PAUSE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """How one class of errors is told.

    Attributes:
        text: What is said; None says what the error itself says.
    """

    status: int
    code: str
    text: str | None = None


_UNAUTHORIZED = "Access denied: the header Ocp-Apim-Subscription-Key holds no key of this loop."
_UNKNOWN = "There is no such operation: check the path, the version in it, and the method."
_AWAY = "Storage does not answer in time. Nothing was acknowledged; try again."
_ROW = "The call does not fit into storage: it takes more than 900 KiB after compression."
_FAILED = "The service failed. Its log names this answer's apim-request-id."

_REFUSALS: Mapping[type[Exception], Refusal] = {
    errors.NotAuthorized: Refusal(401, "401", _UNAUTHORIZED),
    errors.UnknownPath: Refusal(404, "ResourceNotFound", _UNKNOWN),
    errors.TooLarge: Refusal(400, "PayloadSizeExceeded"),
    errors.NotJson: Refusal(400, "BadRequest"),
    errors.InvalidRequest: Refusal(400, "BadRequest"),
    errors.InvalidRankRequest: Refusal(400, "InvalidRankRequest"),
    errors.InvalidRewardRequest: Refusal(400, "InvalidRewardRequest"),
    errors.InvalidEventIdToActivate: Refusal(400, "InvalidEventIdToActivate"),
    errors.InvalidServiceConfiguration: Refusal(400, "InvalidServiceConfiguration"),
    errors.InvalidRewardWaitTime: Refusal(400, "InvalidRewardWaitTime"),
    errors.InvalidLogRetentionDays: Refusal(400, "InvalidLogRetentionDays"),
    errors.InvalidPolicyContract: Refusal(400, "InvalidPolicyContract"),
    errors.InvalidPolicyConfiguration: Refusal(400, "InvalidPolicyConfiguration"),
    errors.InvalidExportLogsRequest: Refusal(400, "InvalidExportLogsRequest"),
    RowTooLarge: Refusal(400, "PayloadSizeExceeded", _ROW),
    StorageUnavailable: Refusal(503, "OperationNotAllowed", _AWAY),
    Exception: Refusal(500, "InternalServerError", _FAILED),
}


class _Outage:
    """Tells the log of an outage now and then, not once for each of the calls that it fails."""

    def __init__(self) -> None:
        self._calls = 0
        self._told_at = float("-inf")

    def tell(self, error: Exception) -> None:
        self._calls += 1
        if time.monotonic() - self._told_at < _PAUSE_SECONDS:
            return
        _logger.warning("%d calls were answered 503; the last one because %s", self._calls, error)
        self._calls, self._told_at = 0, time.monotonic()


_outage = _Outage()


def refused(error: Exception, request_id: str) -> HttpResponse:
    """The answer to a call that raised; what is not the caller's mistake is logged, without what the call held."""
    refusal = next(_REFUSALS[kind] for kind in type(error).__mro__ if kind in _REFUSALS)
    answer = json_answer(_envelope(refusal, error), refusal.status)
    if refusal.status == 503:
        answer.headers["Retry-After"] = str(error.retry_after) if isinstance(error, StorageUnavailable) else "1"
        _outage.tell(error)
    elif refusal.status == 500:
        _logger.error("%s failed: %s", request_id, _whereabouts(error))
    return answer


def _envelope(refusal: Refusal, error: Exception) -> bytes:
    told = {"code": refusal.code, "message": refusal.text or str(error)}
    if isinstance(error, errors.InvalidRequest) and error.place:
        told["target"] = error.place
    return orjson.dumps({"error": told})


def _whereabouts(error: Exception) -> str:
    """The error's class and its way through the code; its text may quote the request and is left out."""
    kind = "refusal without an entry" if isinstance(error, LoopError) else "error"
    steps = " < ".join(
        f"{step.filename}:{step.lineno} {step.name}" for step in reversed(traceback.extract_tb(error.__traceback__))
    )
    return f"{kind} {type(error).__name__} at {steps}"
