"""How many messages a queue function gets at a time, as `host.json` says."""

import base64
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from localhost.host.host_file import QueueRules, read_host_file
from localhost.host.host_process import HostProcess
from tests.http.local_host.toy_app import HOST, make_app
from tests.http.local_host.watching import eventually, lines

_FUNCTIONS = """
import asyncio, os
from pathlib import Path
import azure.functions as func

app = func.FunctionApp()


def note(line):
    with Path(os.environ["NOTES"], "letters").open("a") as file:
        file.write(line + "\\n")


@app.queue_trigger(arg_name="letter", queue_name="letters", connection="AzureWebJobsStorage")
async def letters(letter: func.QueueMessage) -> None:
    text = letter.get_body().decode()
    note(f"begin {text}")
    await asyncio.sleep(1.5 if text == "long" else 0.1)
    note(f"end {text}")
"""


def test_the_next_message_is_fetched_as_soon_as_there_is_room(connection_string: str, tmp_path: Path) -> None:
    """A long message keeps no other one waiting, and no more than two are worked on."""
    queues = {"batchSize": 1, "newBatchThreshold": 1}
    notes = {"NOTES": str(tmp_path)}
    root = make_app(tmp_path / "app", _FUNCTIONS, {**HOST, "extensions": {"queues": queues}})
    with QueueClient.from_connection_string(connection_string, "letters") as queue:
        queue.create_queue()
        for text in ("long", "1", "2", "3"):
            queue.send_message(base64.b64encode(text.encode()).decode())

    with HostProcess(connection_string, env=notes, root=root, ready_path="/admin/host/status"):
        assert eventually(lambda: "end long" in lines(tmp_path / "letters"))

    noted = lines(tmp_path / "letters")
    going = [sum(1 if line.startswith("begin") else -1 for line in noted[: place + 1]) for place in range(len(noted))]
    assert {"end 1", "end 2", "end 3"} <= set(noted[: noted.index("end long")])
    assert max(going) == 2


@pytest.mark.parametrize(("queues", "batch_size", "threshold"), [({}, 16, 8), ({"batchSize": 5}, 5, 2)])
def test_by_default_half_a_batch_may_be_left(tmp_path: Path, queues: object, batch_size: int, threshold: int) -> None:
    """As on the platform."""
    make_app(tmp_path, host={"version": "2.0", "extensions": {"queues": queues}})

    assert read_host_file(tmp_path).queues == QueueRules(batch_size=batch_size, new_batch_threshold=threshold)
