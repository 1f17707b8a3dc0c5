"""The deployment folder is complete, right for the platform, and the same each time."""

import hashlib
import importlib.util
import os
import re
import stat
import subprocess
import sys
import time
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from deployment import contents, package_id
from deployment.folder import STAMP, Order, package
from deployment.packages import PLACE
from localhost.environment import ROOT
from localhost.setup.programs import CannotSetUp
from tests.infra.conftest import PLACES, Built

NEWEST_GLIBC = (2, 28)
APP_FOLDERS = [
    *("configure_fn", "evaluate_fn", "export_fn", "portal_fn", "rank_fn", "reward_fn", "shared", "status_fn"),
    "train_timer",
]
FOREIGN = ("tests", "docs", "localhost", "benchmarks", "infra", "deployment", "node_modules", "requirements.txt")
_INDEX = "import function_app; print(len(function_app.app.get_functions()), len(function_app.registry.operations))"
_PIN = re.compile(r"^([a-z0-9-]+)==([^ ;]+)")
_X86_64 = 62


def distributions(folder: Path) -> list[PathDistribution]:
    """The packages in a deployment folder."""
    return [PathDistribution(path) for path in (folder / PLACE).glob("*.dist-info")]


def digests(folder: Path) -> dict[str, str]:
    """What each file holds."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class TestPackages:
    """The packages that the app needs."""

    def test_they_are_those_of_requirements_txt_and_no_others(self, built: Built) -> None:
        """Which is exported from the lock file; so there is nothing of a test, and no numpy."""
        lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        pinned = {match[1]: match[2] for line in lines if (match := _PIN.match(line))}

        assert pinned == {
            distribution.name.lower().replace("_", "-"): distribution.version
            for distribution in distributions(built.folder)
        }
        assert not (built.folder / PLACE / "numpy").exists()

    def test_their_wheels_are_for_the_platform(self, built: Built) -> None:
        """By their tags: x86-64, no newer C library than the platform's, Python 3.13 or its stable interface."""
        tags = [tag for distribution in distributions(built.folder) for tag in _tags(distribution)]

        assert len(tags) > 40
        assert [tag for tag in tags if not _fits(tag)] == []

    def test_their_binaries_are_for_the_platform(self, built: Built) -> None:
        """By the files themselves: not one of the machine that this was built on."""
        binaries = [path for path in (built.folder / PLACE).rglob("*") if ".so" in path.suffixes]

        assert len(binaries) > 10
        for path in binaries:
            start = path.read_bytes()[:20]
            assert (start[:5], int.from_bytes(start[18:20], "little")) == (b"\x7fELF\x02", _X86_64), path
        assert list((built.folder / PLACE).rglob("*.pyd")) + list((built.folder / PLACE).rglob("*.dylib")) == []

    def test_nothing_names_the_machine_that_it_was_built_on(self, built: Built) -> None:
        """Else two people would deploy different bytes from one commit."""
        names = [os.fsencode(name) for name in (ROOT, built.folder, ".being-built")]
        telling = [path for path in built.folder.rglob("*") if path.is_file() and _holds(path, names)]

        assert telling == []


def _tags(distribution: PathDistribution) -> list[str]:
    return re.findall(r"^Tag: (\S+)$", distribution.read_text("WHEEL") or "", re.MULTILINE)


def _fits(tag: str) -> bool:
    python, abi, place = tag.split("-")
    if place == "any":
        return python in ("py3", "py2") and abi == "none"
    match = re.fullmatch(r"manylinux_(\d+)_(\d+)_x86_64|manylinux(1|2010|2014)_x86_64", place)
    right = abi in ("cp313", "abi3", "none")
    return bool(match and right and (match[3] or (int(match[1]), int(match[2])) <= NEWEST_GLIBC))


def _holds(path: Path, names: list[bytes]) -> bool:
    data = path.read_bytes()
    return any(name in data for name in names)


class TestApp:
    """The app itself."""

    def test_it_is_what_function_app_py_imports_and_no_more(self, built: Built) -> None:
        expected = {
            "function_app.py",
            "host.json",
            "__pycache__",
            ".python_packages",
            ".funcignore",
            STAMP,
            package_id.FILE,
            *APP_FOLDERS,
        }

        assert expected == {path.name for path in built.folder.iterdir()}

    def test_all_its_files_are_there_as_they_are(self, built: Built) -> None:
        """Those that the repository has."""
        command = ["git", "ls-files", "--", "function_app.py", "host.json", *APP_FOLDERS]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
        if not listed:
            pytest.skip("this clone is no git repository")

        assert [name for name in listed if (built.folder / name).read_bytes() != (ROOT / name).read_bytes()] == []

    def test_its_functions_and_operations_can_be_indexed_from_there(self, built: Built) -> None:
        """With no other part of this clone in reach; the packages are this machine's, since those may not run here."""
        command = [sys.executable, "-c", _INDEX]
        here, there = (
            subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
            for root in (ROOT, built.folder)
        )

        assert here == there
        assert int(there.split()[1]) > 50

    def test_no_tests_no_settings_and_nothing_that_asks_for_a_build_goes_along(self, built: Built) -> None:
        """A requirements.txt would tempt the platform to build once more."""
        names = {path.name for path in built.folder.iterdir()}
        own = [path for name in APP_FOLDERS for path in (built.folder / name).rglob("*") if path.is_file()]

        assert names.isdisjoint(FOREIGN)
        page = {path for path in own if contents.PAGE in path.as_posix()}
        assert {path.suffix for path in own if path not in page} == {".py", ".pyc"}
        assert {path.suffix for path in page} == {".html", ".js", ".mjs", ".css", ".svg", ".txt"}

    def test_azd_leaves_nothing_of_it_out(self, built: Built) -> None:
        """Without a list of the folder's own it leaves out what is compiled; with one it heeds that, which is empty."""
        lines = (built.folder / ".funcignore").read_text(encoding="utf-8").splitlines()

        assert [line for line in lines if line.strip() and not line.startswith("#")] == []
        assert any("__pycache__" in line for line in lines)

    def test_every_module_is_compiled_for_good(self, built: Built) -> None:
        """The platform unpacks files with times of its own, which must not make what is compiled count as old."""
        modules = [path for path in built.folder.rglob("*.py") if path.parts[-2] != "bin"]

        for path in modules:
            data = Path(importlib.util.cache_from_source(path)).read_bytes()
            assert data[:4] == importlib.util.MAGIC_NUMBER, path
            assert int.from_bytes(data[4:8], "little") == 0b01, path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an app of two folders, one of which only the other one imports."""
    texts = {
        "function_app.py": "import os\nimport one\n",
        "host.json": "{}",
        "one/__init__.py": '"""One."""\n',
        "one/functions.py": "def go():\n    from two.deep import thing  # only then\n",
        "one/page.md": "# Page",
        "one/notes.txt": "to do",
        "one/old.zip": "",
        "one/of-a-customer.json": "{}",
        "one/private.pem": "a key",
        "one/.hidden": "",
        "one/.copy/functions.py": "",
        "one/local.settings.json": "{}",
        "one/__pycache__/functions.cpython-313.pyc": "old",
        "two/__init__.py": "",
        "two/deep/__init__.py": "",
        "three/__init__.py": "",
        "four/thing.py": "",
    }
    for name, text in texts.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "project"


def test_a_new_folder_of_the_app_cannot_be_forgotten(project: Path) -> None:
    """No list has to be kept: what the app imports is what goes along."""
    assert contents.app_folders(project) == ["one", "two"]
    assert contents.app_folders(ROOT) == APP_FOLDERS


def test_only_what_the_app_reads_is_copied(project: Path, tmp_path: Path) -> None:
    """Whatever else lies in a folder must not get to Azure; git may never have seen it."""
    (tmp_path / "target").mkdir()

    contents.copy_app(project, tmp_path / "target")

    own = {"one/__init__.py", "one/functions.py", "two/__init__.py", "two/deep/__init__.py"}
    assert digests(tmp_path / "target").keys() == {"function_app.py", "host.json", *own}


class TestZip:
    """The folder as one file."""

    def test_it_holds_the_folder(self, built: Built) -> None:
        with zipfile.ZipFile(built.zip_file) as archive:
            held = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}

        assert held == digests(built.folder)
        assert list(held) == sorted(held)

    def test_whoever_unpacks_it_may_read_it(self, built: Built) -> None:
        """Without permissions in it, what is unpacked on Linux may be unreadable for every user."""
        with zipfile.ZipFile(built.zip_file) as archive:
            modes = {entry.external_attr >> 16 for entry in archive.infolist()}

        assert modes == {stat.S_IFREG | 0o644}

    def test_two_builds_of_the_same_files_differ_in_their_ids_alone(self, built: Built, tmp_path: Path) -> None:
        """So that what was tested and what is deployed can be compared, and one deployment told from the next.

        Of the ids only the time differs.
        """
        now = tmp_path / "now"
        now.touch()
        time.sleep(max(0.0, built.zip_file.stat().st_mtime + 2.1 - now.stat().st_mtime))  # times in it would differ now

        package(PLACES, Order(tmp_path / "elsewhere" / "other", tmp_path / "other.zip"))

        texts = [_entries(zip_file) for zip_file in (built.zip_file, tmp_path / "other.zip")]
        ids = [text.pop(package_id.FILE)[1].decode().strip().split("-") for text in texts]
        assert texts[0] == texts[1]
        assert [parts[0::2] for parts in ids] == [[PLACES.version, ids[0][2]]] * 2
        assert ids[0][1] < ids[1][1]

    def test_folder_and_zip_file_tell_the_same_id(self, built: Built) -> None:
        """Either may be at hand after a deployment."""
        ids = {package_id.read(built.folder), package_id.read(built.zip_file)}

        assert len(ids) == 1
        assert re.fullmatch(r"0\.1\.0-\d{8}T\d{6}Z-[0-9a-f]{8}", ids.pop())


def _entries(zip_file: Path) -> dict[str, tuple[object, bytes]]:
    """What a ZIP file says of each of its files, and what they hold, in their order."""
    with zipfile.ZipFile(zip_file) as archive:
        return {entry.filename: (_describe(entry), archive.read(entry)) for entry in archive.infolist()}


def _describe(entry: zipfile.ZipInfo) -> tuple[object, ...]:
    return entry.date_time, entry.create_system, entry.external_attr, entry.compress_type, entry.extra


class TestRefusals:
    """What is left alone."""

    @pytest.mark.parametrize("name", ["mine.txt", "function_app.py", ".git"])
    def test_a_folder_that_something_else_has_made_is_not_touched(self, tmp_path: Path, name: str) -> None:
        """Whatever is in it."""
        (tmp_path / name).write_text("of value", encoding="utf-8")

        with pytest.raises(CannotSetUp, match="was not made by this command, so it stays as it is"):
            package(PLACES, Order(tmp_path))

        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "of value")]

    def test_a_file_is_not_touched(self, tmp_path: Path) -> None:
        (tmp_path / "dist").write_text("of value", encoding="utf-8")

        with pytest.raises(CannotSetUp, match="was not made by this command"):
            package(PLACES, Order(tmp_path / "dist"))

        assert (tmp_path / "dist").read_text() == "of value"

    def test_the_project_itself_is_not_touched(self) -> None:
        with pytest.raises(CannotSetUp, match="was not made by this command"):
            package(PLACES, Order(ROOT))

    def test_a_place_inside_the_app_is_refused(self) -> None:
        """The next build would put the folder into itself."""
        with pytest.raises(CannotSetUp, match="lies in shared/, which is part of the app"):
            package(PLACES, Order(ROOT / "shared" / "dist"))

    @pytest.mark.parametrize("name", ["README.md", "dist", "folder.zip"])
    def test_a_zip_file_takes_no_other_name(self, tmp_path: Path, name: str) -> None:
        """A slip of the hand must not cost a file."""
        (tmp_path / "folder.zip").mkdir()

        with pytest.raises(CannotSetUp, match="is no name for a ZIP file"):
            package(PLACES, Order(tmp_path / "dist", tmp_path / name))

    def test_a_zip_file_inside_the_app_is_refused(self, tmp_path: Path) -> None:
        """It would lie among the modules; the place of the folder is refused in the same words."""
        with pytest.raises(CannotSetUp, match=r"app.zip lies in shared/, which is part of the app"):
            package(PLACES, Order(tmp_path / "dist", ROOT / "shared" / "log" / "app.zip"))

    def test_a_zip_file_inside_the_folder_is_refused(self, tmp_path: Path) -> None:
        """The next build would do away with it."""
        with pytest.raises(CannotSetUp, match="lies in the deployment folder itself"):
            package(PLACES, Order(tmp_path / "dist", tmp_path / "dist" / "app.zip"))
