"""The manifests of the log that earlier versions have written, which wrote none."""

import logging
import time
from dataclasses import replace

from shared.log import log_listing_store, manifest_store
from shared.log.manifest import LogBlob
from shared.training.lease import Trainer
from train_timer import damaged_log

_SECONDS = 20

_log = logging.getLogger(__name__)


def make(trainer: Trainer) -> None:
    """Make the manifests of all days of log, the newest first, for some seconds at most; later runs go on.

    Until all are there, readers list the days without manifest. An earlier version drops the position from the commit
    record, so what it may have logged without a manifest is noticed when this version comes back.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    from_us = trainer.state.manifests_from_us
    if from_us == 0:
        return
    damaged, until = list[LogBlob](), time.monotonic() + _SECONDS
    days = {*log_listing_store.list_days(), *manifest_store.list_days()}
    for day_us in sorted((day for day in days if from_us is None or day < from_us), reverse=True):
        manifest = manifest_store.compare(day_us, trainer.check)
        damaged += [blob for blob in manifest.blobs if blob.damaged]
        if time.monotonic() > until:
            from_us = day_us
            break
    else:
        manifest_store.mark_complete()
        _log.info("all %s days of log have a manifest", len(days))
        from_us = 0
    damaged_log.record(trainer, damaged)
    trainer.commit(replace(trainer.state, manifests_from_us=from_us))
