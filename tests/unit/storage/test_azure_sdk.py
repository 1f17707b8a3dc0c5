"""The SDKs are there for threads that need different parts of them first, at the same moment."""

import subprocess
import sys

import pytest

from tests.unit.pages import ROOT

_THREADS = """
import sys, threading, time
from shared.settings import StorageSettings
from shared.storage.azure import account
from shared.storage.azure.storage import AzureStorage
from shared.storage_errors import StorageUnavailable

nowhere = "BlobEndpoint=http://127.0.0.1:1;QueueEndpoint=http://127.0.0.1:1;TableEndpoint=http://127.0.0.1:1"
settings = StorageSettings(f"AccountName=mine;AccountKey=c2VjcmV0;{nowhere}")
made, signed_in = account.account(settings), account.account(StorageSettings(account_name="mine"))
storage = AzureStorage.open(settings)

def import_transport():
    import shared.storage.azure.timed_transport

first_uses = [
    *(lambda: storage.queues.receive("q", 1, 1), lambda: storage.blobs.write_over("c/b", b"", None), import_transport),
    *(lambda: made.blobs, lambda: made.tables, lambda: made.queues, signed_in.credential.for_sdk),
]
barrier = threading.Barrier(len(first_uses))

def run(use):
    barrier.wait()
    try:
        use()
    except StorageUnavailable:
        pass  # there is no storage here
    except Exception as error:
        print(repr(error))

def give_way(event, args):
    if event == "import" and args[0].startswith("azure."):
        time.sleep(float(sys.argv[1]))  # others import in the middle of what this thread imports

sys.addaudithook(give_way)
for use in first_uses:
    threading.Thread(target=run, args=(use,)).start()
"""


@pytest.mark.parametrize("pause", ["0.0003", "0.001", "0.003"])
def test_threads_that_begin_with_different_parts_of_the_sdks_all_get_them(pause: str) -> None:
    """The modules of `azure.core` import one another in circles, so threads could see half of them."""
    command = [sys.executable, "-c", _THREADS, pause]
    run = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=True)

    assert run.stdout == ""
