"""The container image: what its file makes, serves and keeps; and what Compose says of it."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from localhost.environment import ROOT, clean_environment
from localhost.setup.interpreters import VERSION
from tests.dev.container import Image, is_sent, only, read_steps
from tests.http.api import Api
from tests.infra.test_workflows import commands
from tests.unit.pages import page

RANK = {
    "eventId": "lunch",
    "actions": [{"id": "pasta", "features": [{"a": 1}]}, {"id": "salad", "features": [{"b": 1}]}],
}
V1 = "/personalizer/v1.0"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="left out: the image is one of Linux")


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image, built as by root if the tests run so, else for the user who runs them."""
    arguments = {} if os.getuid() == 0 else {"USER_ID": str(os.getuid())}
    with tempfile.TemporaryDirectory(prefix="rankloop-image-") as place:
        Path(place).chmod(0o755)
        built = Image(Path(place), arguments)
        built.build()
        yield built


class Container:
    """A running container of the image."""

    def __init__(self, image: Image, **variables: str) -> None:
        """Start it by the command of the image."""
        self.image = image
        self.port = free_port()
        self.log = image.place / "log"
        with self.log.open("ab") as output:
            command, how = image.command(only("CMD").words, self.port), image.options(**variables)
            self.process = subprocess.Popen(command, stdout=output, stderr=output, **how)

    def wait(self) -> None:
        """Wait until it is healthy; fails with all that it said if it ends before."""
        while not self.is_healthy():
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            time.sleep(0.3)

    def is_healthy(self) -> bool:
        """What the image's check says, on a machine behind a proxy too: Docker tells containers of that."""
        check = only("HEALTHCHECK").text.removeprefix("CMD ")
        return self.execute(*yaml.safe_load(check), http_proxy="http://127.0.0.1:9").returncode == 0

    def execute(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside it, as `docker exec` does."""
        command = self.image.command(words, self.port)
        output: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.run(command, **self.image.options(**variables), **output, timeout=60)

    def check_as_the_workflow(self, key: str) -> subprocess.CompletedProcess[str]:
        """Call it from outside, by the line of the workflow."""
        (line,) = [line for line in commands("test.yml") if " smoke " in line]
        command = self.image.command(shlex.split(line), self.port)
        variables = {**clean_environment(), "RANKLOOP_KEY": key}
        return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=300)

    def api(self, key: str) -> Api:
        """Calls with a key, by another address than the one that is for callers inside."""
        return Api("127.0.0.2", self.port, key, tries=10)

    def end(self, number: int) -> int:
        """Send a signal to its first process, and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def run(image: Image, **variables: str) -> Iterator[Container]:
    """Run a container; it is gone at the end."""
    container = Container(image, **variables)
    try:
        container.wait()
        yield container
    finally:
        if container.process.poll() is None:
            container.end(signal.SIGTERM)


def _documented(command: str) -> list[str]:
    """The words behind a command of Compose that the README shows."""
    start = ["docker", "compose", command]
    (words,) = [words[3:] for words in page("README.md").commands() if words[:3] == start]
    return words


def data(image: Image) -> Path:
    """The folder that a volume keeps."""
    return image.root / only("VOLUME").text.lstrip("/")


def test_a_container_ranks_and_what_it_was_told_outlives_it(image: Image) -> None:
    """It ends in order on the signal of `docker stop` and on Ctrl-C; the key is its own one, or is given to it."""
    with run(image) as first:
        key = (data(image) / "key").read_text(encoding="ascii").strip()
        statuses = [
            first.api(key).post(f"{V1}/rank", RANK).status,
            first.api(key).post(f"{V1}/events/lunch/reward", {"value": 1}).status,
        ]
        shown = first.execute(*_documented("exec")[1:])
        codes = [first.end(signal.SIGTERM)]
        healthy_after_its_end = first.is_healthy()
    with run(image, RANKLOOP_KEY="a-key-of-my-own") as second:
        trace = second.api("a-key-of-my-own").get("/rankloop/v1/events/lunch")
        refused = second.api(key).get("/rankloop/v1/events/lunch")
        checked = second.check_as_the_workflow("a-key-of-my-own")
        codes.append(second.end(signal.SIGINT))

    assert (statuses, codes, healthy_after_its_end) == ([201, 204], [0, 0], False)
    assert (shown.returncode, "Next step" in shown.stdout) == (0, False), shown.stdout
    (event,) = trace.json["events"]
    assert [observation["value"] for observation in event["observations"]] == [1]
    assert (trace.status, refused.status) == (200, 401)
    assert checked.returncode == 0, checked.stdout


def test_its_user_owns_nothing_but_the_data(image: Image) -> None:
    """So a hole in what serves changes no code."""
    if os.getuid():
        pytest.skip("left out: the files are this user's own; only root can build the image for another user")
    owners = {path.lstat().st_uid for path in [data(image), *data(image).rglob("*")]}
    with_data = [data(image), *data(image).rglob("*")]
    others = [path for path in image.work.rglob("*") if path not in with_data and not path.is_symlink()]

    assert (image.user, owners) == (int(only("ARG").text.partition("=")[2]), {image.user})
    assert [path for path in others if path.stat().st_uid == image.user or path.stat().st_mode & 0o022] == []


def test_an_image_has_what_serving_needs_and_no_more(image: Image) -> None:
    """Neither tests and templates, nor the packages that only they need."""
    packages = {path.name.partition("-")[0] for path in image.work.glob(".venv/lib/*/site-packages/*.dist-info")}

    names = {path.name for path in image.work.iterdir()}
    assert names >= {"dev.py", "function_app.py", "localhost"}
    assert names & {"tests", "infra", "docs", "benchmarks", "node_modules", ".git"} == set()
    assert {"vowpalwabbit", "uvicorn"} <= packages
    assert packages & {"pytest", "checkov", "mypy", "ruff", "playwright", "mlxtend"} == set()


@pytest.mark.parametrize(
    "name",
    [
        ".local/key",
        "local.settings.json",
        ".git/config",
        ".venv/pyvenv.cfg",
        "dist/host.json",
        ".env",
        "my.pem",
        "data",
    ],
)
def test_nothing_private_is_sent_to_the_builder(name: str) -> None:
    """What is sent may end up in an image that others get."""
    assert not is_sent(name)
    assert is_sent("shared/settings.py")
    assert not is_sent("shared/__pycache__/settings.cpython-313.pyc")


def test_the_image_has_the_python_of_the_lock_file() -> None:
    """In all stages the same one, since the environment has its path."""
    bases = {step.words[0] for step in read_steps() if step.name == "FROM"}

    assert bases == {f"python:{VERSION}-slim-trixie"}


class TestCompose:
    """What `docker compose up` starts."""

    @pytest.fixture
    def document(self) -> dict[str, Any]:
        """The whole file."""
        return dict(yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8")))

    @pytest.fixture
    def service(self, document: dict[str, Any]) -> dict[str, Any]:
        """The only service."""
        (service,) = document["services"].values()
        return dict(service)

    def test_the_readme_calls_it_by_its_name(self, document: dict[str, Any]) -> None:
        (name,) = document["services"]

        assert [_documented(command)[0] for command in ("logs", "exec")] == [name, name]

    def test_data_are_in_a_volume(self, document: dict[str, Any], service: dict[str, Any]) -> None:
        """That has a name: one without is new with each container."""
        (volume,) = document["volumes"]

        assert service["volumes"] == [f"{volume}:{only('VOLUME').text}"]

    def test_only_this_machine_reaches_it(self, service: dict[str, Any]) -> None:
        """Nothing that is sent is encrypted, and a published port is open to the network in spite of many firewalls."""
        command = only("CMD").words
        port = command[command.index("--port") + 1]

        assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
        assert only("EXPOSE").text == port

    def test_the_key_comes_from_the_environment_or_is_made(self, service: dict[str, Any]) -> None:
        assert service["environment"] == {"RANKLOOP_KEY": "${RANKLOOP_KEY:-}"}

    def test_it_comes_back_and_has_time_to_end(self, service: dict[str, Any]) -> None:
        """The host gets 15 seconds to answer what it has begun; Docker alone would kill it after ten."""
        assert service["restart"] == "unless-stopped"
        assert int(service["stop_grace_period"].removesuffix("s")) > 15

    def test_it_is_built_here_and_its_check_is_the_images(self, service: dict[str, Any]) -> None:
        """As root it has no right either."""
        assert service["build"] == "."
        assert "healthcheck" not in service
        assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
