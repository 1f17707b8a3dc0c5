"""The deployment folder: all that goes to Azure, complete, so that nothing has to be built there.

It is built beside the old one and takes its place at the end. A failure, or an interruption, leaves the old one.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployment import archive, contents, package_id, packages
from localhost.setup.places import Places, hold_lock, step
from localhost.setup.programs import CannotSetUp, say

STAMP = ".made-by-package"
_STAMP_TEXT = "`dev.py package` made this folder, and makes it anew each time: what is changed here is lost.\n"
_FUNCIGNORE = """\
# This file is here so that everything goes along. To a folder without one, azd applies a list of its own, which leaves
# out every __pycache__, and then each new instance of the app has to compile all modules before it can answer.
"""
_BEING_BUILT = ".being-built"
_ELSEWHERE = "Choose another folder with --output, or move this one away."
_ANOTHER_ZIP = "Choose another place for --zip."
_SPACE_OR_RIGHTS = "See that there is room on the disk and that you may write there, then run it again."


@dataclass(frozen=True)
class Order:
    """What to build.

    Attributes:
        output: The folder.
        zip_file: Where it also goes as a ZIP file; None if it does not.
        platform: For which platform, as uv names it; None means this machine.
        by_azd: Whether azd has ordered it, which goes on by itself.
    """

    output: Path
    zip_file: Path | None = None
    platform: str | None = packages.PLATFORM
    by_azd: bool = False


def package(places: Places, order: Order) -> None:
    """Build what was ordered and say what came of it; raises `CannotSetUp`."""
    places.boot.mkdir(exist_ok=True)
    try:
        with hold_lock(places.boot / "package-lock"):  # another build may be putting its folder into place
            _refuse(places, order)
            began = time.monotonic()
            with step("Building the deployment folder"):
                count = _build(places, order)
            _print_summary(order, count, time.monotonic() - began)
    except OSError as problem:
        raise CannotSetUp(f"The deployment folder could not be written: {problem}", _SPACE_OR_RIGHTS) from problem


def _refuse(places: Places, order: Order) -> None:
    """Refuse what would overwrite something that this command has not made, or put the folder into itself."""
    output, zip_file = order.output, order.zip_file
    if output.exists() and not _is_ours(output):
        raise CannotSetUp(f"{output} was not made by this command, so it stays as it is", _ELSEWHERE)
    if app_folder := _app_folder_of(places, output):
        raise CannotSetUp(f"{output} lies in {app_folder}/, which is part of the app", _ELSEWHERE)
    if zip_file is None:
        return
    if zip_file.suffix.lower() != ".zip" or zip_file.is_dir():
        raise CannotSetUp(f"{zip_file} is no name for a ZIP file", "Choose a name that ends in .zip.")
    if output in zip_file.parents:
        raise CannotSetUp(f"{zip_file} lies in the deployment folder itself", _ANOTHER_ZIP)
    if app_folder := _app_folder_of(places, zip_file):
        raise CannotSetUp(f"{zip_file} lies in {app_folder}/, which is part of the app", _ANOTHER_ZIP)


def _app_folder_of(places: Places, path: Path) -> str:
    """The folder of the app that a path is in, or empty."""
    return next((name for name in contents.app_folders(places.root) if (places.root / name) in path.parents), "")


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and ((folder / STAMP).is_file() or not any(folder.iterdir()))


def _build(places: Places, order: Order) -> int:
    with _beside(order.output) as fresh:
        (fresh / STAMP).write_text(_STAMP_TEXT, encoding="utf-8", newline="\n")
        (fresh / ".funcignore").write_text(_FUNCIGNORE, encoding="utf-8", newline="\n")
        contents.copy_app(places.root, fresh)
        count = packages.install(places, fresh, order.platform)
        packages.compile_all(places, fresh)
        package_id.write(fresh, places.version, time.gmtime())
        with _write_zip(order.zip_file, fresh):
            _take_its_place(fresh, order.output)
    return count


@contextmanager
def _beside(output: Path) -> Iterator[Path]:
    """Give a new folder on the same disk; it is gone at the end.

    What earlier builds have left goes too, as far as it can be done: a program that outlived its killed build may still
    write there.
    """
    for old in output.parent.glob(f".{output.name}.*{_BEING_BUILT}"):
        shutil.rmtree(old, ignore_errors=True)
    fresh = output.with_name(f".{output.name}.{secrets.token_hex(4)}{_BEING_BUILT}")
    fresh.mkdir(parents=True)
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def _write_zip(zip_file: Path | None, folder: Path) -> Iterator[None]:
    """Write the ZIP file beside its place, and put it there once all else has gone well."""
    if zip_file is None:
        yield
        return
    zip_file.parent.mkdir(parents=True, exist_ok=True)
    fresh = zip_file.with_name(f".{zip_file.name}{_BEING_BUILT}")
    try:
        archive.write(folder, fresh)
        yield
        fresh.replace(zip_file)
    finally:
        fresh.unlink(missing_ok=True)


def _take_its_place(fresh: Path, output: Path) -> None:
    old = output.with_name(f".{output.name}.old")
    _remove(old)
    if not output.exists():
        fresh.rename(output)
        return
    output.rename(old)
    try:
        fresh.rename(output)
    except BaseException:
        old.rename(output)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _print_summary(order: Order, count: int, seconds: float) -> None:
    size = sum(file.stat().st_size for file in order.output.rglob("*") if file.is_file())
    say(f"Package {package_id.read(order.output)}")
    say(f"{order.output}: {size / 1e6:.0f} MB with {count} packages, built in {seconds:.1f} s")
    if order.zip_file is None:
        if not order.by_azd:
            say("Next step: `azd deploy`, which is part of `azd up`, sends it to Azure.")
        return
    send = "az functionapp deploy --resource-group GROUP --name APP --type zip --src-path"
    say(f"{order.zip_file}: {order.zip_file.stat().st_size / 1e6:.0f} MB")
    say(f"Next step: {send} {order.zip_file}")
