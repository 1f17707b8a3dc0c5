"""`dev.py package` when things go wrong, with programs that only pretend; what it really builds is tested elsewhere."""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.dev.conftest import UV, Clone

PACKAGING_UV = UV.replace(
    'elif sys.argv[1] == "export":',
    """elif sys.argv[1] == "export":
    pathlib.Path(sys.argv[sys.argv.index("--output-file") + 1]).write_text("a==1")
elif sys.argv[1] == "pip":
    made = pathlib.Path(sys.argv[sys.argv.index("--target") + 1], "a-1.dist-info")
    made.mkdir(parents=True)
    (made / "RECORD").write_text(os.environ.get("PRETEND_CONTENT", "first"))
    until = time.monotonic() + float(os.environ.get("PRETEND_PIP_SECONDS", "0"))
    while time.monotonic() < until:
        made.mkdir(parents=True, exist_ok=True)
        (made / str(time.monotonic())).write_text("of a build that takes its time")
    if "PRETEND_NO_WHEEL" in os.environ:
        sys.exit("error: no wheel of a for the platform")
elif sys.argv[1] == "unused":""",
)
RECORD = Path(".python_packages", "lib", "site-packages", "a-1.dist-info", "RECORD")


@pytest.fixture
def project(clone: Clone) -> Clone:
    """A clone with an app."""
    clone.program("uv", PACKAGING_UV)
    (clone.folder / "function_app.py").write_text("import room\n", encoding="utf-8")
    (clone.folder / "host.json").write_text("{}", encoding="utf-8")
    (clone.folder / "room").mkdir()
    (clone.folder / "room" / "__init__.py").write_text("", encoding="utf-8")
    return clone


def content(project: Clone) -> str:
    """What differs between one build and another."""
    return (project.folder / "dist" / RECORD).read_text(encoding="utf-8")


def list_leftovers(project: Clone) -> list[str]:
    """List what is there of a build besides the folder."""
    return [path.name for path in project.folder.iterdir() if path.name.startswith((".dist", ".app.zip"))]


def test_it_says_what_it_built_and_what_comes_next(project: Clone) -> None:
    code, output = project.run("package", "--zip", str(project.folder / "app.zip"))

    assert code == 0
    assert f"{project.folder / 'dist'}: 0 MB with 1 packages, built in " in output
    assert output.splitlines()[-1].startswith("Next step: az functionapp deploy --resource-group GROUP --name APP")
    assert (project.folder / "app.zip").is_file()


def test_azd_which_goes_on_by_itself_is_told_no_next_step(project: Clone) -> None:
    """In the middle of `azd up` it would read as if one had to do something."""
    alone = project.run("package")
    by_azd = project.run("package", AZURE_ENV_NAME="shop")

    assert [code for code, _ in (alone, by_azd)] == [0, 0]
    assert ["Next step: `azd deploy`" in output for _, output in (alone, by_azd)] == [True, False]


def test_of_npm_it_needs_the_libraries_of_the_page_and_no_more(project: Clone) -> None:
    """Who only deploys has no use for a storage emulator, or for a browser."""
    code, _ = project.run("package")

    (call,) = project.calls("npm")
    assert (code, {"--omit=dev", "--omit=optional"} <= {*call.split()}) == (0, True)
    assert (project.folder / "dist" / "portal_fn" / "page" / "libraries" / "preact.mjs").is_file()


def test_a_wheel_needs_no_more_of_npm_either(project: Clone) -> None:
    """The environment's Python builds it, since this one may be older than the app."""
    project.run("package")

    code, output = project.run("wheel", "--output", "/w")

    assert (code, output, len(project.calls("npm"))) == (0, "ran -P -m deployment.wheel --output=/w\n", 1)


def test_a_second_build_takes_the_place_of_the_first(project: Clone) -> None:
    project.run("package")

    code, _ = project.run("package", PRETEND_CONTENT="second")

    assert (code, content(project), list_leftovers(project)) == (0, "second", [])


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PRETEND_NO_WHEEL": "1"}, "  | error: no wheel of a for the platform\nThe packages could not be fetched."),
        ({"PRETEND_CODE": "1"}, "The modules could not be compiled."),
    ],
)
def test_a_build_that_fails_leaves_the_old_folder(project: Clone, variables: dict[str, str], message: str) -> None:
    """With what is wrong and what to do, and neither half a folder nor half a ZIP file."""
    project.run("package")

    zip_file = project.folder / "app.zip"
    code, output = project.run("package", "--zip", str(zip_file), PRETEND_CONTENT="second", **variables)

    assert (code, content(project), list_leftovers(project)) == (2, "first", [])
    assert message in output
    assert "Next step: " in output
    assert "Traceback" not in output
    assert not zip_file.exists()


def test_a_failure_at_the_very_end_leaves_the_old_folder_and_the_old_zip_file(project: Clone) -> None:
    """Both belong together: what is tried out and what is sent must be the same."""
    zip_file = project.folder / "app.zip"
    project.run("package", "--zip", str(zip_file))
    before = zip_file.read_bytes()
    (project.folder / ".dist.old").write_text("in the way", encoding="utf-8")

    code, output = project.run("package", "--zip", str(zip_file), PRETEND_CONTENT="second")

    assert (code, content(project), list_leftovers(project)) == (2, "first", [".dist.old"])
    assert "The deployment folder could not be written: " in output
    assert before == zip_file.read_bytes()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_build_that_is_interrupted_leaves_the_old_folder(project: Clone, number: int, code: int) -> None:
    project.run("package")

    with project.begin("package", PRETEND_PIP_SECONDS="60", PRETEND_CONTENT="second") as process:
        while len(project.calls("uv pip")) < 2:
            time.sleep(0.02)
        os.kill(process.pid, number)
        process.communicate(timeout=20)

    assert (process.returncode, content(project), list_leftovers(project)) == (code, "first", [])


def test_what_a_killed_build_has_left_is_cleared_by_the_next(project: Clone) -> None:
    with project.begin("package", PRETEND_PIP_SECONDS="60") as process:
        while not project.calls("uv pip"):
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    killed = list_leftovers(project), (project.folder / "dist").exists()

    code, _ = project.run("package", PRETEND_CONTENT="second")

    assert [re.sub(r"[0-9a-f]{8}", "…", name) for name in killed[0]] == [".dist.….being-built"]
    assert not killed[1]
    assert (code, content(project), list_leftovers(project)) == (0, "second", [])


def test_a_program_that_outlives_its_killed_build_is_in_nobodys_way(project: Clone) -> None:
    """A build that the system has killed cannot end what it has started, which goes on to write."""
    with project.begin("package", PRETEND_PIP_SECONDS="60") as process:
        while not project.calls("uv pip"):
            time.sleep(0.02)
        process.kill()
        process.wait()
        code, output = project.run("package", PRETEND_CONTENT="second")
        os.killpg(process.pid, signal.SIGKILL)

    assert (code, content(project)) == (0, "second"), output
    assert [path.name for path in (project.folder / "dist" / RECORD).parent.iterdir()] == ["RECORD"]


def test_a_zip_file_may_be_called_in_capitals(project: Clone) -> None:
    code, _ = project.run("package", "--zip", str(project.folder / "app.ZIP"))

    assert (code, (project.folder / "app.ZIP").is_file()) == (0, True)


def test_two_builds_at_once_are_built_in_turn(project: Clone) -> None:
    project.run("package")

    with project.begin("package", PRETEND_PIP_SECONDS="1") as first, project.begin("package") as second:
        outputs = [process.communicate(timeout=60)[0] for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0]
    assert sum("waiting for it" in output for output in outputs) == 1
    assert list_leftovers(project) == []


def test_a_place_that_cannot_be_written_to_is_named(project: Clone) -> None:
    (project.folder / "file").write_text("", encoding="utf-8")

    code, output = project.run("package", "--output", str(project.folder / "file" / "dist"))

    assert code == 2
    assert "The deployment folder could not be written: " in output
    assert "Next step: See that there is room on the disk" in output
    assert "Traceback" not in output
