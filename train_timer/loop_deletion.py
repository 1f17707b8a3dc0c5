"""What is left of a deleted loop, taken away: its rows, then its blobs, then its entry in the list."""

from shared.intake import scan
from shared.loops import loop_list_store
from shared.storage import clock, loop_threads
from shared.storage.paths import DEFAULT, this_loop
from shared.storage.this_storage import blobs, tables
from shared.times import MINUTE

_INSTANCES_KNOW_AFTER_US = 10 * MINUTE
"""After this time no instance writes rows of the loop any more: it reads every few seconds that the loop is gone, and a
row is written within five minutes or not at all."""
_AT_ONCE = 8


def go_on(name: str) -> None:
    """Delete all that this loop has, once nobody writes any of it; a run that ends early is gone on with by the next.

    A message may come late, and a worker may sleep anywhere: another one has ended the deletion, and a new loop has the
    name. So what is deleted was listed while the deletion was going on, and goes only as it was then: blobs by their
    ETags, and tables by names that no other loop has.

    Raises:
        StorageUnavailable: Storage does not answer.
    """
    deletion = loop_list_store.read_deletion(name)
    if deletion is None:
        return
    loop = this_loop()
    if loop.name == DEFAULT:
        raise ValueError("the loop default is never deleted")
    is_quiet = clock.now_us() >= deletion.began_us + _INSTANCES_KNOW_AFTER_US
    roots = (loop.root, loop.exports) if is_quiet else (loop.configuration,)  # whoever began it may have died before
    left = [blob for root in roots for blob in blobs().list_blobs(root)]
    over = scan.list_tables().tables if is_quiet else ()
    entry = blobs().read_etag(loop_list_store.mark_path(name))
    if loop_list_store.read_deletion(name) != deletion:
        return
    for table in over:
        tables().drop(table.name)
    loop_threads.at_once(lambda blob: blobs().remove_unchanged(blob.path, blob.etag), left, _AT_ONCE)
    if is_quiet:
        loop_list_store.end_deletion(name, deletion, entry)
