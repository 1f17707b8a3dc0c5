"""Refusals over HTTP: one table from the class of an error to the status and code of the API."""

import logging
import time
import traceback
from collections.abc import Mapping
from typing import NamedTuple

import orjson
from azure.functions import HttpResponse

from shared.errors import (
    AutoOptimizationOfSlots,
    KeyExists,
    LoopError,
    ModeChangedWithRewards,
    QuarantineExists,
    RelabelEnded,
    RelabelExists,
    TooManyKeys,
    TooManyQuarantines,
    TooManyRelabels,
    UnknownKey,
    UnknownLoop,
    UnknownQuarantine,
    UnknownRelabel,
)
from shared.storage_errors import RowTooLarge, StorageUnavailable, TrainerAtWork
from shared.web import errors
from shared.web.api_keys import challenge
from shared.web.responses import json_answer
from shared.web.versions import Version

_logger = logging.getLogger("rankloop.web")
_PAUSE_SECONDS = 5


class Refusal(NamedTuple):
    """The answer to one class of errors.

    Attributes:
        text: The message; None for the text of the error itself.
    """

    status: int
    code: str
    text: str | None = None


_UNAUTHORIZED = "Access denied: the header Ocp-Apim-Subscription-Key holds no key of this loop."
_EXPIRED = "Access denied: the time of this key is over; have another one made."
_NO_LOOP = "There is no loop of that name: GET /rankloop/v1/loops lists those that there are."
_KEY_EXISTS = "The loop has a key of that name: rotate it, or revoke it first. Nothing was changed."
_KEYS = "The loop has 50 keys, and can have no more: revoke one first. Nothing was changed."
_NO_KEY = "The loop has no key of that name; keys whose time is over are gone."
_QUARANTINE_EXISTS = "The loop has another quarantine of that id: choose another id. Nothing was changed."
_QUARANTINES = "The loop has 100 active quarantines, and can have no more: lift one first. Nothing was changed."
_NO_QUARANTINE = "The loop has no quarantine of that id: GET /rankloop/v1/quarantines lists those that there are."
_RELABEL_EXISTS = "The loop has a relabel of that id that was activated: choose another id. Nothing was changed."
_RELABEL_ENDED = "This relabel was lifted: propose another one. Nothing was changed."
_RELABELS = "The loop has 100 relabels that are proposed or active, and can have no more: lift one first."
_NO_RELABEL = "The loop has no relabel of that id: GET /rankloop/v1/relabels lists those that there are."
_UNKNOWN = "There is no such operation: check the path, the version in it, and the method."
_AWAY = "Storage does not answer in time. Nothing was acknowledged; try again."
_UNKNOWN_OUTCOME = (
    "Storage does not answer in time. What the call wanted may have happened, all of it or a part: look before you "
    "repeat the call. The history of settings tells the apim-request-id of the call that made a change."
)
_UNKNOWN_SIGNER = (
    "Bearer tokens cannot be checked at the moment, for who signs them does not answer. Keys open as ever."
)
_ROW = "The call does not fit into storage: it takes more than 900 KiB after compression."
_MODE = "learningMode cannot change together with rewardWaitTime, defaultReward or rewardAggregation: make two calls."
_SLOTS = "A multi-slot loop (--ccb_explore_adf) has no automatic optimization: set isAutoOptimizationEnabled to false."
_NO_APPRENTICE = "The loop was never in apprentice mode: set learningMode to Apprentice first."
_FAILED = "The service failed. Its log names this answer's apim-request-id."

_REFUSALS: Mapping[type[Exception], Refusal] = {
    errors.NotAuthorized: Refusal(401, "401", _UNAUTHORIZED),
    errors.InvalidToken: Refusal(401, "401"),
    errors.ExpiredKey: Refusal(401, "401", _EXPIRED),
    errors.NotAllowed: Refusal(403, "PermissionDenied"),
    errors.TooManyCalls: Refusal(429, "429"),
    errors.LoopExists: Refusal(409, "LoopAlreadyExists"),
    errors.LoopBeingDeleted: Refusal(409, "LoopBeingDeleted"),
    KeyExists: Refusal(409, "KeyAlreadyExists", _KEY_EXISTS),
    TooManyKeys: Refusal(409, "TooManyKeys", _KEYS),
    UnknownKey: Refusal(404, "ResourceNotFound", _NO_KEY),
    QuarantineExists: Refusal(409, "QuarantineAlreadyExists", _QUARANTINE_EXISTS),
    TooManyQuarantines: Refusal(409, "TooManyQuarantines", _QUARANTINES),
    UnknownQuarantine: Refusal(404, "ResourceNotFound", _NO_QUARANTINE),
    RelabelExists: Refusal(409, "RelabelAlreadyExists", _RELABEL_EXISTS),
    RelabelEnded: Refusal(409, "RelabelLifted", _RELABEL_ENDED),
    TooManyRelabels: Refusal(409, "TooManyRelabels", _RELABELS),
    UnknownRelabel: Refusal(404, "ResourceNotFound", _NO_RELABEL),
    UnknownLoop: Refusal(404, "ResourceNotFound", _NO_LOOP),
    errors.UnknownPath: Refusal(404, "ResourceNotFound", _UNKNOWN),
    errors.BodyWithoutLength: Refusal(411, "MissingContentLengthHeader"),
    errors.TooLarge: Refusal(400, "PayloadSizeExceeded"),
    errors.NotJson: Refusal(400, "BadRequest"),
    errors.TooManyValues: Refusal(400, "PayloadSizeExceeded"),
    errors.InvalidRequest: Refusal(400, "BadRequest"),
    errors.BinaryNotSupported: Refusal(400, "InvalidRequest"),
    errors.InvalidRankRequest: Refusal(400, "InvalidRankRequest"),
    errors.InvalidMultiSlotApiAccess: Refusal(400, "InvalidMultiSlotApiAccess"),
    errors.InvalidRewardRequest: Refusal(400, "InvalidRewardRequest"),
    errors.InvalidEventIdToActivate: Refusal(400, "InvalidEventIdToActivate"),
    errors.InvalidServiceConfiguration: Refusal(400, "InvalidServiceConfiguration"),
    errors.InvalidExplorationShares: Refusal(400, "InvalidExplorationShares"),
    errors.InvalidRewardWaitTime: Refusal(400, "InvalidRewardWaitTime"),
    errors.InvalidLogRetentionDays: Refusal(400, "InvalidLogRetentionDays"),
    errors.InvalidModelRetrainDays: Refusal(400, "InvalidModelRetrainDays"),
    errors.InvalidSasUri: Refusal(400, "InvalidSasUri"),
    ModeChangedWithRewards: Refusal(400, "InvalidLearningModeServiceConfiguration", _MODE),
    AutoOptimizationOfSlots: Refusal(403, "ProblemTypeIncompatibleWithAutoOptimization", _SLOTS),
    errors.InvalidPolicyContract: Refusal(400, "InvalidPolicyContract"),
    errors.InvalidPolicyConfiguration: Refusal(400, "InvalidPolicyConfiguration"),
    errors.InvalidEvaluationContract: Refusal(400, "InvalidEvaluationContract"),
    errors.InvalidDateTimesInEvaluationContract: Refusal(400, "InvalidDateTimesInEvaluationContract"),
    errors.DuplicateCustomPolicyNames: Refusal(400, "DuplicateCustomPolicyNames"),
    errors.MaximumEvaluationCustomPoliciesExceeded: Refusal(400, "MaximumEvaluationCustomPoliciesExceeded"),
    errors.EvaluationAlreadyExists: Refusal(400, "EvaluationAlreadyExists"),
    errors.TooManyInWork: Refusal(409, "TooManyInWork"),
    errors.EvaluationNotFound: Refusal(404, "EvaluationNotFound"),
    errors.IncompatibleEvaluationVersion: Refusal(405, "IncompatibleEvaluationVersion"),
    errors.LearningSettingsNotFound: Refusal(404, "LearningSettingsNotFound"),
    errors.EvaluationModelNotFound: Refusal(404, "EvaluationModelNotFound"),
    errors.NotCertainlyBetter: Refusal(409, "NotCertainlyBetter"),
    errors.InvalidImport: Refusal(400, "InvalidImport"),
    errors.ImportAlreadyExists: Refusal(400, "ImportAlreadyExists"),
    errors.ImportNotFound: Refusal(404, "ImportNotFound"),
    errors.ImportNotCompleted: Refusal(409, "ImportNotCompleted"),
    errors.ImportModelNotFound: Refusal(404, "ImportModelNotFound"),
    errors.ModelInUse: Refusal(409, "ModelInUse"),
    errors.InvalidContract: Refusal(400, "InvalidContract"),
    errors.FeatureImportanceAlreadyExists: Refusal(400, "FeatureImportanceAlreadyExists"),
    errors.FeatureImportanceNotFound: Refusal(404, "FeatureImportanceNotFound"),
    errors.InvalidExportLogsRequest: Refusal(400, "InvalidExportLogsRequest"),
    errors.InvalidModelImportFormat: Refusal(400, "InvalidModelImportFormat"),
    errors.InvalidModelImportSignature: Refusal(400, "InvalidModelImportSignature"),
    errors.ModelDoesNotFit: Refusal(409, "ModelRankingError"),
    errors.UnknownModel: Refusal(404, "ResourceNotFound"),
    errors.ApprenticeModeNeverTurnedOn: Refusal(400, "ApprenticeModeNeverTurnedOn", _NO_APPRENTICE),
    RowTooLarge: Refusal(400, "PayloadSizeExceeded", _ROW),
    TrainerAtWork: Refusal(503, "OperationNotAllowed"),
    errors.SigningKeysAway: Refusal(503, "OperationNotAllowed", _UNKNOWN_SIGNER),
    errors.ModelBusy: Refusal(503, "OperationNotAllowed"),
    errors.LogReadersBusy: Refusal(503, "OperationNotAllowed"),
    errors.CustomerCallsBusy: Refusal(503, "OperationNotAllowed"),
    StorageUnavailable: Refusal(503, "OperationNotAllowed", _AWAY),
    errors.MayHaveHappened: Refusal(504, "OperationOutcomeUnknown", _UNKNOWN_OUTCOME),
    Exception: Refusal(500, "InternalServerError", _FAILED),
}


_WITH_PAUSE = (
    StorageUnavailable,
    errors.SigningKeysAway,
    errors.TooManyCalls,
    errors.LogReadersBusy,
    errors.CustomerCallsBusy,
    errors.ModelBusy,
)
_OUTAGE = (503, 504)


class _Outage:
    """Logs an outage every few seconds, and not once for each call, or row of a batch, that fails."""

    def __init__(self) -> None:
        self._calls = 0
        self._logged_at = float("-inf")

    def log(self, error: Exception) -> None:
        self._calls += 1
        if time.monotonic() - self._logged_at < _PAUSE_SECONDS:
            return
        _logger.warning(
            "%d calls, or rows of batches, were answered 503 or 504; the last one because %s", self._calls, error
        )
        self._calls, self._logged_at = 0, time.monotonic()


_outage = _Outage()


def refuse(error: Exception, request_id: str, version: Version | None = None) -> HttpResponse:
    """Answer a call that raised; log an error that is not the caller's, without what the call holds.

    Args:
        version: The version of the API that was called; None for an operation without versions.
    """
    status, problem = explain(error, version)
    answer = json_answer(orjson.dumps({"error": problem}), status)
    if version and version.has_code_header:
        answer.headers["x-ms-error-code"] = problem["code"]
    if status == 401:
        answer.headers["WWW-Authenticate"] = challenge()
    elif isinstance(error, _WITH_PAUSE):
        answer.headers["Retry-After"] = str(error.retry_after)
    if status == 500:
        _logger.error("%s failed: %s", request_id, _whereabouts(error))
    return answer


def explain(error: Exception, version: Version | None = None) -> tuple[int, dict[str, str]]:
    """Give the status that an error has, and the members of `error` in the body; log an outage.

    Args:
        version: As of `refuse`.
    """
    refusal = next(_REFUSALS[kind] for kind in type(error).__mro__ if kind in _REFUSALS)
    if refusal.status in _OUTAGE:
        _outage.log(error)
    code = version.code(refusal.code) if version else refusal.code
    place = error.place if isinstance(error, errors.InvalidRequest) else None
    return refusal.status, {"code": code, "message": refusal.text or str(error)} | ({"target": place} if place else {})


def _whereabouts(error: Exception) -> str:
    """Name the error's class and the lines of code that it passed; its text may quote the request and is left out."""
    kind = "refusal without an entry" if isinstance(error, LoopError) else "error"
    steps = " < ".join(
        f"{step.filename}:{step.lineno} {step.name}" for step in reversed(traceback.extract_tb(error.__traceback__))
    )
    return f"{kind} {type(error).__name__} at {steps}"
