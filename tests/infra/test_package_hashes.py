"""What goes to Azure is what the lock file names by its hash."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from deployment import packages
from localhost.environment import ROOT
from localhost.setup.places import Places
from localhost.setup.programs import CannotSetUp

_PROJECT = """\
[project]
name = "app"
version = "1"
requires-python = ">=3.13"
dependencies = ["thing"]

[tool.uv]
package = false

[[tool.uv.index]]
name = "here"
url = "wheels"
format = "flat"
default = true
"""
_LOCK = """\
version = 1
revision = 5
requires-python = ">=3.13"

[[package]]
name = "app"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "thing" }}]

[package.metadata]
requires-dist = [{{ name = "thing" }}]

[[package]]
name = "thing"
version = "1"
source = {{ registry = "wheels" }}
wheels = [{{ path = "thing-1-py3-none-any.whl"{digest} }}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one package, from an index in a folder, which uv has never seen."""
    folder = tmp_path / "project"
    (folder / "wheels").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_PROJECT, encoding="utf-8")
    for name in (".venv", ".boot"):
        (folder / name).symlink_to(ROOT / name)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


def put_wheel(project: Path, text: str) -> str:
    """Put the package into the index, and give its hash."""
    info = {
        "METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "thing.py,,\nthing-1.dist-info/METADATA,,\nthing-1.dist-info/WHEEL,,\nthing-1.dist-info/RECORD,,\n",
    }
    path = project / "wheels" / "thing-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("thing.py", text)
        for name, content in info.items():
            wheel.writestr(f"thing-1.dist-info/{name}", content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lock(project: Path, digest: str) -> None:
    """Write the lock file, with a hash or without."""
    entry = f', hash = "sha256:{digest}"' if digest else ""
    (project / "uv.lock").write_text(_LOCK.format(digest=entry), encoding="utf-8")


def install(project: Path) -> str:
    """Put the packages into a new folder, and give what the module holds."""
    folder = project.parent / "app"
    folder.mkdir()
    assert packages.install(Places(project), folder) == 1
    return (folder / packages.PLACE / "thing.py").read_text(encoding="utf-8")


def test_a_package_of_the_lock_files_hash_is_taken(project: Path) -> None:
    """Else the refusals below could have another reason."""
    lock(project, put_wheel(project, "published"))

    assert install(project) == "published"


def test_a_package_that_was_exchanged_is_refused(project: Path) -> None:
    """Whoever holds the index, or stands before it, cannot put code into the app."""
    lock(project, put_wheel(project, "published"))
    put_wheel(project, "exchanged")

    with pytest.raises(CannotSetUp, match="what was handed out is not what was published"):
        install(project)


def test_a_package_without_a_hash_is_refused(project: Path) -> None:
    put_wheel(project, "published")
    lock(project, "")

    with pytest.raises(CannotSetUp, match="all requirements must have a hash"):
        install(project)
