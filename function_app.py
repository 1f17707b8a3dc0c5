"""The app: each folder's functions, and nothing else."""

from azure.functions import AuthLevel, FunctionApp

import train_timer
from configure_fn import policy, service_configuration
from evaluate_fn import (
    applying,
    evaluations,
    evaluations_2022,
    failed_messages,
    feature_importances,
    report,
    work,
)
from export_fn import bundles, local_inference, log_pages, log_redaction, logs, model, model_import, models
from rank_fn import multislot, rank
from reward_fn import multislot as multislot_rewards
from reward_fn import reward
from status_fn import apprentice, description, event_trace, loop_status, metrics, service, unknown_path

app = FunctionApp(http_auth_level=AuthLevel.ANONYMOUS)
for room in (
    *(rank, multislot, reward, multislot_rewards, train_timer),
    *(service_configuration, policy, applying),
    *(work, failed_messages),
    *(model, model_import, models, bundles),
    *(logs, log_pages, log_redaction, local_inference),
    *(evaluations, evaluations_2022, feature_importances, report),
    *(service, loop_status, event_trace, metrics, apprentice, description, unknown_path),
):
    app.register_functions(room.blueprint)
