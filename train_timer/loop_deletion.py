"""What is left of a deleted loop, taken away: its rows, then its blobs, then its entry in the list."""

from shared.intake import scan
from shared.loops import loop_list_store
from shared.storage import blobs, clock, loop_threads
from shared.storage.paths import DEFAULT, this_loop
from shared.times import MINUTE

_INSTANCES_KNOW_AFTER_US = 10 * MINUTE
"""After this time no instance writes rows of the loop any more: it reads every few seconds that the loop is gone, and a
row is written within five minutes or not at all."""
_AT_ONCE = 8


def go_on(name: str) -> None:
    """Delete all that this loop has, once nobody writes any of it; a run that ends early is gone on with by the next.

    Raises:
        StorageUnavailable: Storage does not answer.
    """
    since_us = loop_list_store.read_deletion_us(name)
    if since_us is None or clock.now_us() < since_us + _INSTANCES_KNOW_AFTER_US:
        return
    remove_all()
    loop_list_store.end_deletion(name)


def remove_all() -> None:
    """Delete the tables and blobs of this loop, which is none that can be called."""
    loop = this_loop()
    if loop.name == DEFAULT:
        raise ValueError("the loop default is never deleted")
    for table in scan.list_tables().tables:
        scan.drop_table(table)
    for root in (loop.root, loop.exports):
        loop_threads.at_once(blobs.remove, blobs.list_paths(root), _AT_ONCE)
