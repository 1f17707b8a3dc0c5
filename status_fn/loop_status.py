"""`GET /rankloop/v1/status`: whether the loop learns, and if not, why not."""

import asyncio
from typing import Any

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.ranking.hot_path import HotPath
from shared.settings import NOT_RESOLVED, TO_RESOLVE, settings
from shared.status.collapse_warnings import collapse_warnings
from shared.status.feature_warnings import feature_warnings
from shared.status.learning_status import StatusInputs
from shared.status.mode_warnings import mode_warnings
from shared.status.status_forms import Caller, LoopStatus
from shared.status.verdict_warnings import verdict_warnings
from shared.status.warnings import LoopWarning, counter_warnings
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer
from shared.words import pluralize
from status_fn import evidence

functions = Functions()


@functions.operation(["GET"], "status", Role.READ, api=Api.OWN, answer=LoopStatus)
async def read_loop_status(_: HttpRequest, hot_path: HotPath[Any], caller: str, role: Role) -> HttpResponse:
    """Tell the story of the loop so far."""
    return json_answer(await asyncio.to_thread(_read_status, hot_path, Caller(name=caller, role=role)))


def _read_status(hot_path: HotPath[Any], caller: Caller) -> bytes:
    inputs = evidence.read_status_inputs()
    refused = hot_path.refused_ranks.count_recent(inputs.now_us)
    loaded = hot_path.model.reference if hot_path.model else None
    warnings = _warnings(inputs, refused, hot_path)
    return LoopStatus.of(inputs, warnings, loaded, caller, settings().train_schedule).to_json()


def _warnings(inputs: StatusInputs, refused: int, hot_path: HotPath[Any]) -> list[LoopWarning]:
    """All warnings: of the loop, of its features, of refused Ranks, and of the instance that answers."""
    warnings = counter_warnings(inputs.state, inputs.configuration, inputs.late) + verdict_warnings(inputs)
    warnings += mode_warnings(inputs.state, inputs.configuration, inputs.published)
    warnings += collapse_warnings(inputs.state, inputs.configuration) + feature_warnings(inputs.profile)
    return warnings + _of_ranks(refused) + _of_this_instance(hot_path)


def _of_ranks(refused: int) -> list[LoopWarning]:
    if not refused:
        return []
    calls = pluralize(refused, "Rank call was", "Rank calls were")
    message = f"{calls} refused in the last day or so, with more than 50 actions."
    return [
        LoopWarning(
            "TooManyActions", message, "Choose at most 50 actions beforehand, by a rule or at random, and rank those."
        )
    ]


def _of_this_instance(hot_path: HotPath[Any]) -> list[LoopWarning]:
    """The faults of the instance that answers: keys, the refresh of its settings, the published model."""
    warnings, trouble, model = _of_keys(), hot_path.live_settings.last_error, hot_path.model
    if trouble is not None:
        message = f"This instance goes on with the configuration and the model that it has: {trouble}."
        warnings.append(
            LoopWarning("NotRefreshed", message, "If this stays, check the storage account and the access to it.")
        )
    if (not_stored := hot_path.intake.trouble) is not None:
        message = f"This instance could not store the last Rank or Reward: {not_stored}."
        advice = "Make room on the disk and see that its folder can be written; in Azure, check the storage account."
        warnings.append(LoopWarning("NotStored", message, advice))
    if rejected := model and model.rejected:  # the event loop's thread may change it meanwhile
        message = f"This instance does not use model {rejected.model_id}: {rejected.reason}."
        warnings.append(
            LoopWarning(
                "ModelRejected",
                message,
                "The instance ranks with the model before this one until the next model is published.",
            )
        )
    if rejected := hot_path.rejected_challenger:
        message = f"This instance does not show the challenger on trial, model {rejected.model_id}: {rejected.reason}."
        warnings.append(
            LoopWarning(
                "ChallengerRejected",
                message,
                "The instance ranks as without a trial, which ends when a later search names other settings.",
            )
        )
    return warnings


def _of_keys() -> list[LoopWarning]:
    todo = f"{TO_RESOLVE[0].upper()}{TO_RESOLVE[1:]}."
    return [
        LoopWarning("KeyNotResolved", f"Setting {name} opens nothing: {NOT_RESOLVED}.", todo)
        for name in settings().unresolved_keys
    ]
