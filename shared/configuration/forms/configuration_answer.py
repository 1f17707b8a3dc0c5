"""The shape of the service configuration as each version tells it."""

import re
from functools import cache
from typing import Any

from pydantic import create_model

from shared.web.json_forms import Wire
from shared.web.versions import Version


class ApprenticeCounts(Wire):
    """How many events a loop saw as an apprentice, and what they earned."""

    number_of_events: int
    sum_of_rewards: float
    number_of_imitated_events: int
    sum_of_imitated_rewards: float
    match_rate: float | None
    match_rate_interval: tuple[float, float] | None
    match_rate_ceiling: float | None
    reward_achievement_ratio: float | None
    reward_achievement_ratio_interval: tuple[float, float] | None


class ApprenticeMetrics(ApprenticeCounts):
    """The same since the loop was made, and of its last events; times are null before the first."""

    start_time: str | None
    last_processed_event_time: str | None
    last_batch_metrics: ApprenticeCounts


class AllFields(Wire):
    """Every field that any version tells; dates may come without a zone."""

    reward_wait_time: str
    default_reward: float
    reward_aggregation: str
    exploration_percentage: float
    model_export_frequency: str
    log_mirror_enabled: bool
    log_mirror_sas_uri: str | None
    log_retention_days: int
    last_configuration_edit_date: str
    learning_mode: str
    is_auto_optimization_enabled: bool
    auto_optimization_frequency: str
    auto_optimization_start_date: str | None
    model_retrain_days: int
    is_inference_explainability_enabled: bool
    latest_apprentice_mode_metrics: ApprenticeMetrics | None


@cache
def told_by(version: Version) -> type[Wire]:
    """The model of a version's answers."""
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in AllFields.model_fields.items()
        if field.alias in version.configuration_fields
    }
    name = f"ServiceConfiguration_{re.sub(r'\W', '_', version.name)}"
    return create_model(name, __base__=Wire, __doc__="The service configuration.", **fields)
