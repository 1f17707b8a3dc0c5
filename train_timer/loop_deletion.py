"""What is left of a deleted loop, taken away: its rows, then its blobs, then its entry in the list."""

from shared.loops import loop_list_store
from shared.storage import blobs, clock
from shared.storage.paths import this_loop
from shared.times import MINUTE
from shared.training import loop_removal_store

_INSTANCES_KNOW_AFTER_US = 10 * MINUTE
"""After this time no instance writes rows of the loop any more: it reads every few seconds that the loop is gone, and a
row is written within five minutes or not at all."""


def go_on(name: str) -> None:
    """Delete all that this loop has, once nobody writes any of it; a run that ends early is gone on with by the next.

    Raises:
        StorageUnavailable: Storage does not answer.
    """
    blobs.remove(this_loop().configuration)  # whoever began the deletion may have died before
    since_us = loop_list_store.read_deletion_us(name)
    if since_us is None or clock.now_us() < since_us + _INSTANCES_KNOW_AFTER_US:
        return
    loop_removal_store.remove_all()
    loop_list_store.end_deletion(name)
