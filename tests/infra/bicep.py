"""Bicep's compiler, and the files that it makes of `infra`: what each deployment would ask Azure for.

With the program `bicep` on the PATH, the files are made again by hand:

    .venv/bin/python -m tests.infra.bicep
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from localhost.environment import ROOT

INFRA: Final = ROOT / "infra"
MAIN: Final = INFRA / "main.bicep"
DEPLOYMENTS: Final = Path(__file__).with_name("deployments")
TEMPLATE: Final = DEPLOYMENTS / "template.json"
"""All Bicep files in one: the template that Azure gets."""
MADE_OF: Final = DEPLOYMENTS / "made_of.json"
"""The fingerprint of each file that the others were made of."""
NAMES: Final = tuple(sorted(path.stem for path in DEPLOYMENTS.glob("*.bicepparam")))
INSTALL: Final = "install it (https://github.com/Azure/bicep/releases, or az bicep install)"
MAKE_AGAIN: Final = (
    "the files of tests/infra/deployments are not what Bicep makes of infra/ now. With `bicep` on the PATH, run "
    ".venv/bin/python -m tests.infra.bicep, look at what `git diff` shows, and commit it"
)

_PLACE: Final = (
    *("--subscription-id", "00000000-0000-0000-0000-00000000000a"),
    *("--tenant-id", "00000000-0000-0000-0000-00000000000b"),
    *("--location", "westeurope"),
    *("--deployment-name", "rankloop"),
)
"""With the name of the deployment, the compiler also evaluates what modules hand to each other."""
_NOT_COMPILED: Final = {"main.parameters.json", "given-roles.condition"}
"""Files of `infra` that only azd and az read."""


def is_installed() -> bool:
    """Whether the compiler is on the PATH."""
    return shutil.which("bicep") is not None


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Call the compiler; it needs no library of languages for that, which few containers have."""
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    command = ["bicep", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=240)


def complaints(done: subprocess.CompletedProcess[str]) -> str:
    """What the compiler had to say, warnings too; empty if it was content."""
    if done.returncode == 0:
        return done.stderr.strip()
    return f"{done.stderr}\n{done.stdout}\nexit code {done.returncode}".strip()


@cache
def build() -> subprocess.CompletedProcess[str]:
    """Compile the main file and those that it calls; the template is what was printed."""
    return run("build", MAIN, "--stdout")


def snapshot(name: str, mode: str, folder: Path = DEPLOYMENTS) -> subprocess.CompletedProcess[str]:
    """Write the resources of a deployment (`overwrite`), or compare them with those written (`validate`)."""
    return run("snapshot", folder / f"{name}.bicepparam", "--mode", mode, *_PLACE)


def fingerprints() -> dict[str, str]:
    """Give what the compiler reads: the files of `infra` and the parameters of each deployment."""
    of_infra = [path for path in INFRA.rglob("[!.]*") if path.is_file() and path.name not in _NOT_COMPILED]
    paths = sorted([*of_infra, *DEPLOYMENTS.glob("*.bicepparam")])
    return {path.relative_to(ROOT).as_posix(): _fingerprint(path) for path in paths}


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_text(encoding="utf-8").encode()).hexdigest()


def make() -> str:
    """Make all files again. After a complaint the fingerprints stay as they are, so that the tests go on to say it.

    Returns:
        What the compiler has to say, warnings too; empty if it is content.
    """
    said = complaints(build()) or "\n".join(filter(None, (complaints(snapshot(name, "overwrite")) for name in NAMES)))
    if not said:
        for name in NAMES:
            _order_outputs(DEPLOYMENTS / f"{name}.snapshot.json")
        _write(TEMPLATE, json.loads(build().stdout))
        _write(MADE_OF, fingerprints())
    return said


def _order_outputs(path: Path) -> None:
    """The compiler writes them in an order that changes from run to run."""
    document = json.loads(path.read_text(encoding="utf-8"))
    _write(path, document | {"outputs": dict(sorted(document["outputs"].items()))})


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if not is_installed():
        sys.exit(f"There is no program `bicep` on the PATH. Next step: {INSTALL}.")
    sys.exit(make() or None)
