"""The app: each folder's functions, and nothing else."""

from azure.functions import AuthLevel, FunctionApp

import train_timer
from configure_fn import policy, service_configuration
from export_fn import log_pages, logs, model
from rank_fn import rank
from reward_fn import reward
from status_fn import event_trace, loop_status, service, unknown_path

app = FunctionApp(http_auth_level=AuthLevel.ANONYMOUS)
for room in (
    *(rank, reward, train_timer),
    *(service_configuration, policy),
    *(model, logs, log_pages),
    *(service, loop_status, event_trace, unknown_path),
):
    app.register_functions(room.blueprint)
