"""A release: its workflow's steps, carried out here, and what the page says of deploying from it."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import dev
from localhost.environment import ROOT
from localhost.setup.places import PLACES
from tests.conftest import StartHost
from tests.infra.bicep import MAIN
from tests.infra.test_workflows import commands, job, jobs, workflow
from tests.unit.pages import page

REPOSITORY = "https://example.org/owner/rankloop"
FILES = ("rankloop.json", "rankloop.zip", "rankloop-3.14.1-py3-none-any.whl")
_SECTION = next(
    part for part in re.split(r"^## ", page("docs/deploy.md").text, flags=re.MULTILINE) if "$RELEASE" in part
)
_GH = """#!/bin/sh
printf '%s\\n' "$@" > called
"""


def command(start: str) -> str:
    """The line of the workflow that begins so."""
    (line,) = [line for line in commands("release.yml") if line.startswith(start)]
    return line


def run(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line as the workflow does."""
    environment = {**os.environ, **variables}
    shell = ["bash", "-e", "-o", "pipefail", "-c", line]
    return subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def _block(text: str) -> str:
    """The commands of the section among which is a text."""
    return next(block for block in re.findall(r"```bash\n(.*?)```", _SECTION, re.DOTALL) if text in block)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone at the version 3.14.1, whose changelog has the versions before it too."""
    folder = tmp_path / "project"
    for package in ("localhost/setup", "deployment"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "localhost" / "__init__.py", folder / "localhost")
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "3.14.1"\n', encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n* Later.\n\n## [3.14.1] - 2026-12-02\n\n### Added\n\n"
        "* [Here](docs/api.md#x), [there](https://example.org/).\n\n## [3.14.0] - 2026-12-01\n\n* Earlier.\n",
        encoding="utf-8",
    )
    return folder


def changes(project: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """The step of the workflow that checks the tag."""
    server, repository = REPOSITORY.rsplit("/owner/", 1)
    place = {"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": f"owner/{repository}"}
    line = command("python3 -m deployment.release")
    return run(line, project, GITHUB_REF_NAME=tag, RUNNER_TEMP=str(project.parent), **place)


class TestTag:
    """What a tag releases."""

    def test_it_releases_the_changes_of_its_version(self, project: Path) -> None:
        """Their links lead to the files as they are at that tag."""
        done = changes(project, "v3.14.1")
        text = (project.parent / "changes.md").read_text(encoding="utf-8")

        assert (done.returncode, done.stderr) == (0, "")
        assert text == (
            f"### Added\n\n* [Here]({REPOSITORY}/blob/v3.14.1/docs/api.md#x), [there](https://example.org/).\n"
        )

    @pytest.mark.parametrize("tag", ["v3.14.0", "v3.14.10", "3.14.1", "v3x14.1"])
    def test_a_tag_of_another_version_is_refused(self, project: Path, tag: str) -> None:
        done = changes(project, tag)

        assert done.returncode == 2
        assert done.stderr.startswith(
            f"The tag {tag} is not that of the version 3.14.1.\n  Next step: Write the version "
        )

    @pytest.mark.parametrize("heading", ["## [3.14.2]", "## [3x14.1]", "## [3.14.1]\n\n## [3.14.0.1]"])
    def test_a_version_without_changes_is_refused(self, project: Path, heading: str) -> None:
        """Who reads of a release wants to know what is new."""
        path = project / "CHANGELOG.md"
        path.write_text(path.read_text(encoding="utf-8").replace("## [3.14.1]", heading), encoding="utf-8")
        done = changes(project, "v3.14.1")

        assert (done.returncode, "CHANGELOG.md says nothing of the version 3.14.1." in done.stderr) == (2, True)

    def test_the_tag_is_checked_before_anything_is_built(self) -> None:
        assert commands("release.yml")[0].startswith("python3 -m deployment.release")


@pytest.fixture
def attached(tmp_path: Path) -> Path:
    """The folder of what is attached, with its sums as the workflow writes them."""
    folder = tmp_path / "release"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(f"what {name} holds", encoding="utf-8")
    assert run(command("cd release"), tmp_path).returncode == 0
    return folder


def test_all_that_is_built_is_attached_and_attested(attached: Path) -> None:
    """Under the tag, with its changes."""
    (attached.parent / "gh").write_text(_GH, encoding="utf-8")
    (attached.parent / "gh").chmod(0o755)
    path = f"{attached.parent}{os.pathsep}{os.environ['PATH']}"
    run(command("gh release"), attached.parent, PATH=path, GITHUB_REF_NAME="v3.14.1", RUNNER_TEMP="/runner")
    words = (attached.parent / "called").read_text(encoding="utf-8").splitlines()
    (attested,) = [step["with"] for step in job("release.yml")["steps"] if "attest" in step.get("uses", "")]

    assert words[:3] == ["release", "create", "v3.14.1"]
    assert words[3:-5] == sorted(f"release/{name}" for name in (*FILES, "SHA256SUMS"))
    assert words[-5:] == ["--verify-tag", "--title", "v3.14.1", "--notes-file", "/runner/changes.md"]
    assert attested == {"subject-path": "release/*"}


def test_the_zip_file_is_what_the_package_command_builds() -> None:
    """With the hashes of the lock file, as each deployment is."""
    words = shlex.split(command("python3 dev.py package"))

    chosen = dev.parser().parse_args(words[2:])

    assert (chosen.run, chosen.zip) == (dev.package, Path("release/rankloop.zip"))


def test_the_template_is_compiled_from_the_file_that_the_tests_compile() -> None:
    """They compare what the compiler makes of it with the template that they ask."""
    words = shlex.split(command("bicep build"))

    assert words == ["bicep", "build", MAIN.relative_to(ROOT).as_posix(), "--outfile", "release/rankloop.json"]


def test_the_compiler_is_the_one_of_the_tests() -> None:
    install = "az bicep install"

    assert command(install) == next(line for line in commands("test.yml") if line.startswith(install))


def test_nothing_is_released_before_the_tests_have_passed() -> None:
    """And only for a tag, by a job that may write nothing but the release."""
    document = workflow("release.yml")

    assert document["on"] == {"push": {"tags": ["v*"]}}
    assert document["permissions"] == {"contents": "read"}
    assert document["jobs"]["test"] == {"uses": "./.github/workflows/test.yml"}
    assert list(jobs("release.yml")) == [job("release.yml")["needs"].replace("test", "release")]
    assert job("release.yml")["permissions"] == {"contents": "write", "id-token": "write", "attestations": "write"}
    assert document["concurrency"]["cancel-in-progress"] is False


class TestPage:
    """What the page says of a deployment without a clone."""

    def download(self, attached: Path) -> subprocess.CompletedProcess[str]:
        """Carry out the first commands of the page; only the place of the release is another one."""
        first, rest = _block("SHA256SUMS").split("\n", 1)
        assert first.startswith("export RELEASE=https://github.com/")
        folder = attached.parent / "downloads"
        folder.mkdir()
        return run(rest, folder, RELEASE=attached.as_uri())

    def test_downloads_are_checked(self, attached: Path) -> None:
        done = self.download(attached)

        assert done.returncode == 0, done.stderr
        assert {"rankloop.zip: OK", "rankloop.json: OK"} <= set(done.stdout.splitlines())

    @pytest.mark.parametrize("name", ["rankloop.zip", "rankloop.json"])
    def test_a_file_that_was_exchanged_is_noticed(self, attached: Path, name: str) -> None:
        (attached / name).write_text("something else", encoding="utf-8")
        done = self.download(attached)

        assert (done.returncode, f"{name}: FAILED" in done.stdout) == (1, True)

    def test_it_names_no_file_that_is_not_attached(self) -> None:
        """By the names that the workflow gives them."""
        named = set(re.findall(r"\$RELEASE/([\w.-]+)", _SECTION))
        built = re.findall(r"release/([\w.]+)|> (SHA256SUMS)", "\n".join(commands("release.yml")))
        wheel = f"rankloop-{PLACES.version}-py3-none-any.whl"

        assert named == {"rankloop.zip", "rankloop.json", "SHA256SUMS", wheel}
        assert named <= {name or other for name, other in built} | {wheel}

    def test_its_calls_show_whether_a_loop_works(self, start_host: StartHost, tmp_path: Path) -> None:
        """Each is answered as the page says."""
        host = start_host(API_KEY_1="a-key", TRAIN_SCHEDULE="0 0 0 1 1 *")
        calls = re.sub(r"^export .*\n", "", _block("$ENDPOINT/ready"), flags=re.MULTILINE)
        done = run(calls.replace("curl ", "curl --silent --fail "), tmp_path, ENDPOINT=host.url, KEY="a-key")

        assert done.returncode == 0, done.stdout
        assert len(re.findall("^curl", calls, re.MULTILINE)) == 4
        assert done.stdout.startswith('{"ready":true,"missing":[]}{"ranking":')
        assert '"rewardActionId":"' in done.stdout
        assert '"learning":false' in done.stdout
