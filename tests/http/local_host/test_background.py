"""Timer and queue functions of the local host."""

import base64
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient

from localhost.azurite.emulator import Azurite
from localhost.host.host_process import HostProcess
from tests.http.api import Api
from tests.http.local_host.conftest import NEVER
from tests.http.local_host.toy_app import make_app
from tests.http.local_host.watching import eventually, lines

OWNER = {"x-functions-key": "master-key"}


@pytest.fixture
def letters(connection_string: str) -> Iterator[QueueClient]:
    """The queue that the app listens to."""
    with QueueClient.from_connection_string(connection_string, "letters") as queue:
        with contextlib.suppress(ResourceExistsError):
            queue.create_queue()
        yield queue


def post(queue: QueueClient, text: str) -> None:
    """Send a message as the platform expects it by default, in base64."""
    queue.send_message(base64.b64encode(text.encode()).decode())


def waiting(queue: QueueClient) -> int:
    """How many messages the queue holds, hidden messages included."""
    return queue.get_queue_properties().approximate_message_count or 0


@contextlib.contextmanager
def stop_at_work(storage: str, folder: Path, letter: str) -> Iterator[tuple[QueueClient, str]]:
    """Let a host of its own end in order while it works on a message; gives the queue, and what the host has logged."""
    root = make_app(folder / "app")
    with QueueClient.from_connection_string(storage, "letters") as queue:
        queue.create_queue()
        post(queue, letter)
        env = {"NOTES": str(folder), "OFTEN": NEVER}
        with HostProcess(storage, env=env, root=root, ready_path="/admin/host/status") as host:
            assert eventually(lambda: f"{letter} 1" in lines(folder / "letters"))
            host.stop()
        yield queue, host.log()


@contextlib.contextmanager
def runs_held(notes: Path) -> Iterator[None]:
    """No run of `seldom` ends in the block."""
    (notes / "hold").touch()
    try:
        yield
    finally:
        (notes / "hold").unlink()


class TestTimersAndQueues:
    """Functions that run by themselves."""

    def test_a_timer_runs_when_it_is_due_and_never_twice_at_once(
        self, start: Callable[..., HostProcess], notes: Path
    ) -> None:
        """The function takes 1.5 seconds and is scheduled for every second."""
        start(OFTEN="* * * * * *")

        assert eventually(lambda: len(lines(notes / "often")) >= 4)
        words = [line.split()[0] for line in lines(notes / "often")]
        assert words[:4] == ["begin", "end"] * 2

    def test_a_run_on_demand_is_answered_at_once(self, host: HostProcess, notes: Path) -> None:
        """It ends only after the answer: an answer that waited for its end would never come."""
        before = len(lines(notes / "seldom"))
        with runs_held(notes):
            number = host.begin("seldom")

        assert eventually(lambda: lines(notes / "seldom")[before:] == ["begin", "end"])
        assert number >= 1

    def test_runs_asked_for_during_a_run_are_one_more_run(self, host: HostProcess, notes: Path) -> None:
        before = len(lines(notes / "seldom"))
        with runs_held(notes):
            first, second, third = host.begin("seldom"), host.begin("SELDOM"), host.begin("seldom")

        assert (first + 1, first + 1) == (second, third)
        assert eventually(lambda: host.runs("seldom") == (third, third))
        assert lines(notes / "seldom")[before:] == ["begin", "end"] * 2

    def test_only_functions_that_run_by_themselves_can_be_run(self, toys: Api) -> None:
        assert [
            toys.post("/admin/functions/post", {}, OWNER).status,
            toys.post("/admin/functions/unknown", {}, OWNER).status,
            toys.post("/admin/functions/seldom", b"[]", OWNER).status,
        ] == [404, 404, 400]

    def test_all_functions_are_listed(self, toys: Api) -> None:
        listed = {function["name"]: function["trigger"] for function in toys.get("/admin/functions", OWNER).json}

        assert {"post": "http", "seldom": "timer", "letters": "queue"}.items() <= listed.items()

    @pytest.mark.usefixtures("host")
    def test_a_message_is_worked_on_once(self, letters: QueueClient, notes: Path) -> None:
        post(letters, "hello")

        assert eventually(lambda: "hello 1" in lines(notes / "letters"))
        assert eventually(lambda: waiting(letters) == 0)
        assert lines(notes / "letters").count("hello 1") == 1

    def test_a_message_that_fails_too_often_is_put_aside(
        self, letters: QueueClient, connection_string: str, host: HostProcess, notes: Path
    ) -> None:
        """After two tries, as host.json of the app says."""
        post(letters, "unreadable")

        assert eventually(lambda: "went to letters-poison after 2 tries" in host.log())
        assert [line for line in lines(notes / "letters") if "unread" in line] == ["unreadable 1", "unreadable 2"]
        with QueueClient.from_connection_string(connection_string, "letters-poison") as poison:
            [aside] = poison.receive_messages()
        assert base64.b64decode(aside.content).decode() == "unreadable"
        assert waiting(letters) == 0

    def test_a_message_that_is_not_base64_is_put_aside(self, letters: QueueClient, host: HostProcess) -> None:
        letters.send_message("!not base64!")

        assert eventually(lambda: host.log().count("a message is not base64 text") == 2)
        assert eventually(lambda: waiting(letters) == 0)

    def test_a_message_that_is_worked_on_when_the_host_ends_is_done(self, azurite: Azurite, tmp_path: Path) -> None:
        """And its queue is told so: else it would come again."""
        with stop_at_work(azurite.new_account().connection_string, tmp_path, "long") as (queue, log):
            assert "stopped for good" not in log
            assert waiting(queue) == 0

    def test_a_message_that_is_worked_on_when_the_host_ends_in_order_comes_back(
        self, azurite: Azurite, tmp_path: Path
    ) -> None:
        """As a failed one, which this app's host.json lets come at once: the next host goes on."""
        with stop_at_work(azurite.new_account().connection_string, tmp_path, "endless") as (queue, _):
            [message] = queue.receive_messages()
        assert (base64.b64decode(message.content).decode(), message.dequeue_count) == ("endless", 2)

    @pytest.mark.usefixtures("host")
    def test_a_message_that_is_worked_on_is_hidden_for_ten_minutes(self, letters: QueueClient, notes: Path) -> None:
        """So long nobody gets it if its host is killed, as with the platform's host."""
        post(letters, "hidden")

        assert eventually(lambda: lines(notes / "hidden") != [])
        (seconds,) = lines(notes / "hidden")
        assert 600 <= float(seconds) < 900

    def test_a_queue_function_can_be_run_without_a_message(self, host: HostProcess, notes: Path) -> None:
        host.run("letters", "by hand")

        assert any(line.startswith("by hand") for line in lines(notes / "letters"))
