#!/usr/bin/env python3
"""Sets this project up on first use, then runs it.

Needs Python 3.10 or later, and a network connection the first time. Packages go to .venv and
node_modules, tools to .boot. Nothing is fetched again until a lock file changes.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - this file runs before there is a 3.13
    sys.exit("dev.py needs Python 3.10 or later. Next step: run it with a newer Python, e.g. python3.13 dev.py")

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from deployment import folder
from deployment.removal import predown
from deployment.upload import predeploy
from deployment.vault import preprovision
from localhost.setup.checks import run_checks
from localhost.setup.command_line import Parser
from localhost.setup.loop_commands import add_command, begin_parser
from localhost.setup.node_packages import NodePackages
from localhost.setup.places import PLACES
from localhost.setup.start import hand_over, run, set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localhost.setup.loop_commands import Commands

    Hook = Callable[[Mapping[str, str]], int]


def parser() -> Parser:
    """Give the parser of the whole command line."""
    top, commands = begin_parser(__doc__)
    add_commands_that_build(commands)

    added = add_command(commands, "test", test, "run every test, linter and type check")
    added.add_argument("--quick", action="store_true", help="style, types, rules of imports, and unit tests only")
    added.add_argument("pytest", nargs="*", metavar="-- ARGUMENT", help="handed to pytest, such as: -- -x -k reward")

    added = add_command(commands, "bench", bench, "measure, and print a table of ratios")
    added.add_argument("names", nargs="*", metavar="NAME", help="what to measure (default: all but the studies)")
    added.add_argument("--details", action="store_true", help="also print where the time goes")
    added.add_argument(
        "--calls", type=int, metavar="N", help="how many calls hostile and action-cache make (default: 1,000,000)"
    )
    added.add_argument("--seed", type=int, metavar="N", help="what the calls of these two are made from")
    added.add_argument("--minutes", type=int, metavar="N", help="how long soak sends its load (default: 4)")
    added.add_argument("--json", type=Path, metavar="FILE", help="file to write (default: .local/benchmarks/TIME.json)")
    return top


def add_commands_that_build(commands: Commands) -> None:
    """Add what builds what goes elsewhere."""
    added = add_command(commands, "package", package, "build the folder that goes to Azure")
    added.add_argument(
        "--output", type=Path, metavar="FOLDER", default=PLACES.root / "dist", help="where to build it (default: dist)"
    )
    added.add_argument(
        "--zip", type=Path, metavar="FILE", help="make a ZIP file of it too, for `az functionapp deploy --type zip`"
    )

    added = add_command(commands, "wheel", wheel, "build the package rankloop, which pip and uvx install")
    added.add_argument(
        "--output", type=Path, metavar="FOLDER", default=PLACES.root / "wheel", help="where to put it (default: wheel)"
    )

    added = add_command(commands, "azd", azd, "be a hook of azd")
    added.add_argument("hook", choices=("preprovision", "predeploy", "predown"), help="which one")


def package(chosen: argparse.Namespace) -> int:
    """Build the deployment folder."""
    set_up(NodePackages.PAGE)
    zip_file = chosen.zip.resolve() if chosen.zip else None
    order = folder.Order(chosen.output.resolve(), zip_file, by_azd="AZURE_ENV_NAME" in os.environ)
    folder.package(PLACES, order)
    return 0


def wheel(chosen: argparse.Namespace) -> NoReturn:
    """Build the wheel."""
    set_up(NodePackages.PAGE)
    hand_over("deployment.wheel", f"--output={chosen.output.resolve()}")


def azd(chosen: argparse.Namespace) -> int:
    """Run a hook."""
    hooks: dict[str, Hook] = {"preprovision": preprovision, "predeploy": predeploy, "predown": predown}
    return hooks[chosen.hook](os.environ)


def test(chosen: argparse.Namespace) -> int:
    """Run the checks; quick checks need no storage."""
    set_up(NodePackages.NONE if chosen.quick else NodePackages.ALL)
    return run_checks(PLACES, chosen.pytest, quick=chosen.quick)


def bench(chosen: argparse.Namespace) -> NoReturn:
    """Run the benchmarks."""
    set_up(NodePackages.ALL)
    given = {name: getattr(chosen, name) for name in ("calls", "seed", "minutes")}
    given["json"] = chosen.json and chosen.json.resolve()
    options = [f"--{name}={value}" for name, value in given.items() if value is not None]
    hand_over("benchmarks", *chosen.names, *(["--details"] if chosen.details else []), *options)


if __name__ == "__main__":
    sys.exit(run(parser()))
