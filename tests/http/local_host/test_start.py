"""What the local host says when it cannot start."""

import socket
from pathlib import Path

import pytest

from localhost.failures import StartFailure
from localhost.host.host_process import HostProcess
from tests.http.local_host.toy_app import HOST, make_app

APP = "import azure.functions as func\napp = func.FunctionApp()\n"
TIMER = APP + "@app.timer_trigger(schedule='{}', arg_name='t')\nasync def tick(t: func.TimerRequest) -> None: ...\n"
QUEUE = APP + (
    "@app.queue_trigger(arg_name='m', queue_name='q', connection='Nowhere')\n"
    "async def read(m: func.QueueMessage) -> None: ...\n"
)
BLOB = APP + (
    "@app.blob_trigger(arg_name='b', path='c/x', connection='AzureWebJobsStorage')\n"
    "async def read(b: func.InputStream) -> None: ...\n"
)
ROUTE = APP + "@app.route(route='a/{}')\nasync def go(req: func.HttpRequest) -> func.HttpResponse: ...\n"


def failure(root: Path, **settings: object) -> str:
    """Try to start the app, and return the message of the failure."""
    host = HostProcess(root=root, ready_path="/admin/host/status", **settings)  # type: ignore[arg-type]
    with pytest.raises(StartFailure) as error:
        host.start()
    return str(error.value)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ("raise RuntimeError('the app says why')", "The app did not load: RuntimeError: the app says why"),
        ("import no_such_module", "No module named 'no_such_module'"),
        (TIMER.format("%MISSING%"), "The setting MISSING is missing"),
        (TIMER.format("not a schedule"), "Function tick has the schedule 'not a schedule', which cannot be used"),
        (TIMER.format("0 0 0 1 * 1"), "once days of month and of week are given"),
        (QUEUE, "the setting Nowhere is missing"),
        (BLOB, "a binding of type blobTrigger, which the local host cannot serve"),
        (ROUTE.format("{x:int:min(1)}"), "{x:int:min(1)} is no parameter that the local host knows"),
        (ROUTE.format("{x:colour}"), "the local host knows no parameter type colour"),
        (ROUTE.format("{*x}/b"), "{*x} may only stand at the end"),
    ],
)
def test_an_app_that_cannot_be_served_is_named_with_the_reason(tmp_path: Path, functions: str, message: str) -> None:
    assert message in failure(make_app(tmp_path, functions))


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("{", "is not a usable host.json"),
        ({"version": "1.0"}, '"version" must be "2.0"'),
        ({**HOST, "functionTimeout": "soon"}, "'soon' is not a time span like 00:05:00"),
        ({**HOST, "logging": {"logLevel": {"default": "Loud"}}}, "unknown log level 'Loud'"),
    ],
)
def test_a_host_file_that_cannot_be_used_is_named(tmp_path: Path, host: dict[str, object] | str, message: str) -> None:
    assert message in failure(make_app(tmp_path, APP, host))


def test_a_folder_without_an_app_is_named(tmp_path: Path) -> None:
    make_app(tmp_path, APP)
    (tmp_path / "function_app.py").unlink()

    assert "There is no function_app.py" in failure(tmp_path)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert f"Port {port} cannot be used" in failure(make_app(tmp_path), port=port)
