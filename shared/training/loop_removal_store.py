"""The removal of all that a loop has in storage, when it was deleted, or was never made to its end."""

from shared.intake import scan
from shared.storage import blobs, loop_threads
from shared.storage.paths import DEFAULT, this_loop

_AT_ONCE = 8


def remove_all() -> None:
    """Delete the tables and blobs of this loop, which nobody can call; what is gone already is passed over.

    Raises:
        StorageUnavailable: Storage does not answer; another call goes on.
    """
    loop = this_loop()
    if loop.name == DEFAULT:
        raise ValueError("the loop default is never deleted")
    for table in scan.list_tables().tables:
        scan.drop_table(table)
    for root in (loop.root, loop.exports):
        loop_threads.at_once(blobs.remove, blobs.list_paths(root), _AT_ONCE)
