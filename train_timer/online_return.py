"""The return of the model that had learned Online, once a loop that became an apprentice is none any more."""

import logging

from shared.configuration.configuration import Configuration
from shared.configuration.settings_change import MODE_CHANGE, Act, Cause
from shared.models import current_export, model_store, published_store
from shared.models.model_store import DamagedModel
from shared.storage.storage_answers import ChangedMeanwhile
from shared.training import mode_changes
from shared.training.lease import LeaseLost, Trainer

_log = logging.getLogger(__name__)


def resume(trainer: Trainer, configuration: Configuration, now_us: int) -> bool:
    """Publish the model from before the loop was an apprentice, once the loop is none any more; True if that was done.

    What is published says from where training goes on, as after a roll back: if the process dies before the commit
    record follows, the next run goes on from there.

    Raises:
        LeaseLost: The model was replaced by hand meanwhile; the next run follows that.
    """
    state, earlier = trainer.state, trainer.state.before_apprentice
    if earlier is None:
        return False
    loss = mode_changes.cannot_return(state, configuration)
    try:
        model_store.read_intact(earlier.model.predictor_blob if earlier.model else "")
    except DamagedModel as damage:
        loss = loss or str(damage)
    if loss is not None:
        _log.warning("the model from before the loop was an apprentice cannot be used again: %s", loss)
        trainer.commit(mode_changes.give_up_return(state, loss))
        return False
    published, etag = published_store.read_published_version()
    if published.generation != state.running.generation:
        return False
    trainer.check()
    back = mode_changes.publish_return(earlier, published, now_us)
    back = published_store.note_replacement(published, back, Cause(MODE_CHANGE, Act.RETURN))
    try:
        published_store.publish(back, etag)
    except ChangedMeanwhile as error:
        raise LeaseLost("what is published changed meanwhile") from error
    current_export.follow()
    return True
