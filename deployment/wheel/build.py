"""The wheel: the app with its page and its local host in one package, so that nothing else of it is importable.

uv builds it, by the build backend that is part of uv; so nothing is fetched for that.
"""

import json
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from deployment import contents
from localhost.setup.packages import uv
from localhost.setup.places import Places, step
from localhost.setup.programs import CannotSetUp, quietly, say

_HERE = Path(__file__).parent
_FOLDERS = {"localhost": "*", "deployment": "*.py", "docs": "*.md"}
"""What the package has beside what goes to Azure."""
_FILES = ("README.md", "package.json", "package-lock.json", "pyproject.toml")
_GROUPS = ("localhost", "demo")
"""The dependency groups that the commands need beside the app's packages."""
_EXPORT = ("--frozen", "--no-default-groups", "--no-hashes", "--no-emit-project", "--no-header", "--no-annotate")
_SCRIPT_AND_BACKEND = """\

[project.scripts]
rankloop = "rankloop:main"

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-root = ""
"""


def build(places: Places, output: Path) -> None:
    """Build the wheel into a folder and say where it is; raises `CannotSetUp`."""
    try:
        with tempfile.TemporaryDirectory(prefix="rankloop-wheel-") as folder, step("Building the wheel"):
            _write_package(places, Path(folder))
            where = ["--out-dir", str(output), "--python", str(places.python), folder]
            _uv(places, "build", "--wheel", "--offline", "--no-create-gitignore", *where)
    except OSError as problem:
        raise CannotSetUp(f"The wheel could not be written: {problem}", "See that you may write there.") from problem
    wheel = output / f"rankloop-{places.version}-py3-none-any.whl"
    say(f"{wheel}: {wheel.stat().st_size / 1e6:.1f} MB\nNext step: uvx --from {wheel} rankloop demo")


def _write_package(places: Places, folder: Path) -> None:
    """Write what uv builds: a project of its own, since the clone is none that can be installed."""
    app = folder / "rankloop" / "app"
    app.mkdir(parents=True)
    (folder / "rankloop" / "__init__.py").write_bytes((_HERE / "rankloop.py").read_bytes())
    contents.copy_app(places.root, app)
    for name, pattern in _FOLDERS.items():
        contents.copy_files(places.root, name, pattern, app)
    for name in _FILES:
        (app / name).write_bytes((places.root / name).read_bytes())
    places.libraries.copy_stamp(app / places.libraries.folder.relative_to(places.root))
    for name, source in (("README.md", _HERE), ("LICENSE", places.root)):
        (folder / name).write_bytes((source / name).read_bytes())
    (folder / "pyproject.toml").write_text(_project(places), encoding="utf-8")


def _project(places: Places) -> str:
    """The `pyproject.toml` of the package: the clone's table of the project, with the packages that are locked."""
    table: dict[str, Any] = tomllib.loads((places.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [f"--group={group}" for group in _GROUPS]
    table["dependencies"] = _uv(places, "export", *_EXPORT, *groups, "--project", str(places.root)).splitlines()
    table["license-files"] = ["LICENSE"]
    lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
    return "\n".join(["[project]", *lines, _SCRIPT_AND_BACKEND])


def _uv(places: Places, *arguments: str) -> str:
    code, output = quietly([str(uv(places)), "--quiet", *arguments])
    if code:
        raise CannotSetUp("The wheel could not be built", "Correct what the lines above name.", output)
    return output
