"""The packages as they go to Azure: those of the lock file, as wheels for the platform that the functions run on.

Each is compared with its hash in the lock file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from localhost.setup.interpreters import VERSION
from localhost.setup.packages import NETWORK, cannot_fetch, uv
from localhost.setup.places import Places
from localhost.setup.programs import CannotSetUp, quietly

PLACE = Path(".python_packages", "lib", "site-packages")
"""Where the platform looks for them, inside the app's folder."""
PLATFORM = "x86_64-manylinux_2_28"
_NO_LOCK = "Restore uv.lock as it is in the repository (git checkout uv.lock), then run it again."
_EXPORT = ("--frozen", "--no-dev", "--no-default-groups", "--no-emit-project", "--no-header", "--no-annotate")
_WHEELS = ("--require-hashes", "--only-binary", ":all:", "--python-version", VERSION, "--link-mode", "copy")
_LEFT_OUT = ("bin", "Scripts", ".lock")


def install(places: Places, folder: Path, platform: str | None = PLATFORM) -> int:
    """Put the packages into the app's folder and give their number.

    Args:
        platform: As uv names it; None means this machine.

    Raises:
        CannotSetUp: A file is not the one that the lock file names by its hash, or cannot be had.
    """
    pinned, target = folder / "pinned.txt", folder / PLACE
    _run(places, "export", *_EXPORT, "--output-file", str(pinned), failing=("The lock file cannot be used", _NO_LOCK))
    chosen = ["--target", str(target), "--python", str(places.python), "--requirements", str(pinned)]
    chosen += ["--python-platform", platform] if platform else []
    _run(places, "pip", "install", *_WHEELS, *chosen, failing=("The packages could not be fetched", NETWORK))
    pinned.unlink()
    _tidy(target)
    return len(list(target.glob("*.dist-info")))


def compile_all(places: Places, folder: Path) -> None:
    """Compile all modules, so that no instance has to; the files hold neither time nor place of it."""
    form = ["-q", "-s", str(folder), "--invalidation-mode", "unchecked-hash"]
    command = [str(places.python), "-P", "-W", "ignore", "-m", "compileall", *form, str(folder)]
    code, output = quietly(command, PYTHONHASHSEED="0")
    if code:
        raise CannotSetUp("The modules could not be compiled", "Correct what the lines above name.", output)


def _run(places: Places, *arguments: str, failing: tuple[str, str]) -> None:
    command = [str(uv(places)), *arguments, "--quiet", "--project", str(places.root)]
    code, output = quietly(command)
    if code:
        raise cannot_fetch(*failing, output)


def _tidy(target: Path) -> None:
    """Leave out what names this machine: programs that begin with the path of its Python, and the records of them."""
    for name in _LEFT_OUT:
        path = target / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for record in target.glob("*.dist-info/RECORD"):
        lines = record.read_bytes().splitlines(keepends=True)
        record.write_bytes(b"".join(line for line in lines if not line.startswith((b"bin/", b"Scripts/"))))
