"""The app: what its process is composed of, and each folder's functions. Nothing is opened before its first use."""

import gc
import logging
import os

gc.disable()  # until all is imported: imports make no garbage, and to look for some took a tenth of a cold start
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else the first call searches all packages for some

from azure.functions import AuthLevel, FunctionApp

import train_timer
from evaluate_fn import failed_messages, work
from rank_fn import multislot, rank
from reward_fn import multislot as multislot_rewards
from reward_fn import reward
from shared.learner.explorer import Explorer
from shared.ranking.hot_paths import HotPaths
from shared.web.operations import Functions
from shared.web.registry import Registry
from status_fn import service, unmatched_paths


def import_others() -> list[Functions]:
    """What is not of the hot path, and which no cold start waits for."""
    from configure_fn import exploration_shares, keys, loops, policy, preview, service_configuration, settings_history
    from evaluate_fn import evaluations, evaluations_2022, feature_importances, imports, policy_application, report
    from export_fn import bundles, logs, model, model_import, models, quarantines, relabels
    from portal_fn import files
    from rank_fn import chances
    from reward_fn import batch
    from status_fn import apprentice, breakdowns, description, event_trace, loop_status, metrics, newest_events

    modules = (
        *(policy, service_configuration, exploration_shares, settings_history, preview, keys, loops),
        *(policy_application, evaluations, evaluations_2022, feature_importances, imports, report),
        *(bundles, logs, model, model_import, models, quarantines, relabels),
        *(apprentice, breakdowns, description, event_trace, loop_status, metrics, newest_events),
        *(chances, batch, files),
    )
    gc.freeze()  # as at the start
    return [module.functions for module in modules]


registry = Registry(
    HotPaths(Explorer),
    [module.functions for module in (multislot, rank, multislot_rewards, reward, service, unmatched_paths)],
    import_others,
)
app = FunctionApp(http_auth_level=AuthLevel.ANONYMOUS)
for blueprint in (registry.blueprint(), train_timer.blueprint(), work.blueprint, failed_messages.blueprint):
    app.register_functions(blueprint)
for name in ("proxy_worker", "azure"):
    logging.getLogger(name).setLevel(logging.WARNING)  # else the worker sends the host two lines for each call
gc.freeze()  # what is imported stays; no collection need look at it
gc.enable()
