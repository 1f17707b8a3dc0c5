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
import signal
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from deployment import folder
from deployment.removal import predown
from deployment.smoke import check
from deployment.upload import predeploy
from deployment.vault import preprovision
from localhost.setup import help_texts
from localhost.setup.checks import run_checks
from localhost.setup.command_line import Parser, Version, parse, port
from localhost.setup.learn_options import add_learn_options
from localhost.setup.node_packages import NodePackages, are_installed, install
from localhost.setup.owner_actions import add_key_actions, add_loop_actions
from localhost.setup.packages import install_packages
from localhost.setup.places import WINDOWS, Places, hold_lock
from localhost.setup.programs import CannotSetUp, end_in_order_on_sigterm, openly, say

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Parser]
    Run = Callable[[argparse.Namespace], int]
    Hook = Callable[[Mapping[str, str]], int]

PLACES = Places(Path(__file__).resolve().parent)
LOCAL = PLACES.root / ".local"
CANNOT_SET_UP, INTERRUPTED = 2, 130


def main() -> int:
    """Run one command and give the exit code."""
    chosen = parse(parser(), sys.argv[1:])
    end_in_order_on_sigterm()
    try:
        code: int = chosen.run(chosen)
        return code
    except CannotSetUp as problem:
        print(f"\n{problem}", file=sys.stderr)
        return CANNOT_SET_UP
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED


def parser() -> Parser:
    """Give the parser of the whole command line."""
    top = Parser(prog="python3 dev.py", description=__doc__)
    top.add_argument("--version", action=Version, root=PLACES.root, help="print the version, and end")
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    add_commands_of_this_machine(commands)
    add_commands_that_read_a_loop(commands)
    add_commands_for_azure(commands)

    added = command(commands, "test", test, "run every test, linter and type check")
    added.add_argument("--quick", action="store_true", help="style, types, rules of imports, and unit tests only")
    added.add_argument("pytest", nargs="*", metavar="-- ARGUMENT", help="handed to pytest, such as: -- -x -k reward")

    added = command(commands, "bench", bench, "measure, and print a table of ratios")
    added.add_argument("names", nargs="*", metavar="NAME", help="what to measure (default: all but the studies)")
    added.add_argument("--details", action="store_true", help="also print where the time goes")
    added.add_argument(
        "--calls", type=int, metavar="N", help="how many calls hostile and action-cache make (default: 1,000,000)"
    )
    added.add_argument("--seed", type=int, metavar="N", help="what the calls of these two are made from")
    added.add_argument("--minutes", type=int, metavar="N", help="how long soak sends its load (default: 4)")
    added.add_argument("--json", type=Path, metavar="FILE", help="file to write (default: .local/benchmarks/TIME.json)")
    return top


def command(commands: Commands, name: str, run: Run, short: str) -> Parser:
    """Add a command; its help begins with the text of its name in `help_texts`."""
    added = commands.add_parser(name, help=short, description=getattr(help_texts, name.upper()))
    added.set_defaults(run=run)
    return added


def add_commands_of_this_machine(commands: Commands) -> None:
    """Add what serves and learns here."""
    added = command(commands, "demo", demo, "play real purchases and watch the reward rise")
    added.add_argument(
        "--data", choices=("yogurt", "cracker"), help="what was bought (default: yogurt; cracker with --apprentice)"
    )
    added.add_argument("--apprentice", action="store_true", help="let the loop be an apprentice first, then take over")
    added.add_argument("--keep", action="store_true", help="go on serving its loop afterwards, until Ctrl-C")
    added.add_argument("--open", action="store_true", help="open its page in the browser, and watch it live")
    added.add_argument("--https", action="store_true", help="serve it over https, by the certificate that up keeps")

    added = command(commands, "up", up, "serve on this machine until Ctrl-C")
    added.add_argument("--port", type=port, default=7071, help="port to listen on; 0 takes a free one (default: 7071)")
    added.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="address to listen at; 0.0.0.0 lets other machines and containers in (default: 127.0.0.1)",
    )
    added.add_argument(
        "--data", type=Path, metavar="FOLDER", default=LOCAL, help="folder for data and key (default: .local)"
    )
    added.add_argument(
        "--key", default="", help="API key (default: RANKLOOP_KEY, API_KEY_1, or one kept in the folder)"
    )
    added.add_argument("--json", action="store_true", help="write log lines as JSON, for programs")
    added.add_argument("--https", action="store_true", help="serve over https, by a certificate that is made once")
    after = added.add_mutually_exclusive_group()
    after.add_argument("--open", action="store_true", help="open the page in the browser once it serves")
    after.add_argument(
        "--welcome", action="store_true", help="print address, key, page and first call of what serves, and end"
    )

    added = command(commands, "replay", replay, "make a model again from its log, and compare")
    added.add_argument(
        "--model", required=True, metavar="ID", help="the model's id, as GET /rankloop/v1/models lists it"
    )
    added.add_argument("--data", type=Path, metavar="FOLDER", default=LOCAL, help="folder of up (default: .local)")

    added = command(commands, "evaluate", evaluate, "tell what policies would have earned, from a log")
    added.add_argument("--log", type=Path, required=True, metavar="FILE", help="dsjson lines, plain or in gzip")
    added.add_argument("--policy", action="append", default=[], metavar="[NAME=]ARGUMENTS", help=help_texts.POLICY)
    added.add_argument("--optimize", action="store_true", help="also search for learning arguments that earn more")
    added.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    add_learn_options(command(commands, "learn", learn, "make settings and a model of old logs, for a loop"))


def add_commands_that_read_a_loop(commands: Commands) -> None:
    """Add what asks a running loop, here or elsewhere."""
    for name, short in (
        ("status", "tell whether a running loop learns, and what to look at"),
        ("metrics", "tell what a running loop earns"),
        ("event", "tell what became of one event"),
    ):
        added = command(commands, name, report, short)
        added.add_argument("--endpoint", default="", metavar="URL", help="its address (default: RANKLOOP_ENDPOINT)")
        added.add_argument(
            "--data", type=Path, metavar="FOLDER", help="folder of up (default: .local, if there is no address)"
        )
        added.add_argument("--json", action="store_true", help="print the loop's answer as it is")
    added.add_argument("--at", default="", metavar="TIME", help="around when it came, such as 2026-11-25T12:50:00Z")
    added.add_argument("id", metavar="ID", help="the event's id")
    add_loop_actions(command(commands, "loop", own, "list, make and delete the loops of a deployment"))
    add_key_actions(command(commands, "key", own, "list, make, rotate and revoke the keys of a loop"))


def add_commands_for_azure(commands: Commands) -> None:
    """Add what builds and checks a deployment."""
    added = command(commands, "package", package, "build the folder that goes to Azure")
    added.add_argument(
        "--output", type=Path, metavar="FOLDER", default=PLACES.root / "dist", help="where to build it (default: dist)"
    )
    added.add_argument(
        "--zip", type=Path, metavar="FILE", help="make a ZIP file of it too, for `az functionapp deploy --type zip`"
    )

    added = command(commands, "smoke", smoke, "see whether a deployed loop works")
    added.add_argument("--endpoint", default="", metavar="URL", help="its address (default: RANKLOOP_ENDPOINT)")

    added = command(commands, "azd", azd, "be a hook of azd")
    added.add_argument("hook", choices=("preprovision", "predeploy", "predown"), help="which one")


def demo(chosen: argparse.Namespace) -> NoReturn:
    """Run the demo."""
    set_up()
    data = ["--data", chosen.data] if chosen.data else []
    hand_over("localhost.demo", *data, *_switches(chosen, "apprentice", "keep", "open", "https"))


def up(chosen: argparse.Namespace) -> NoReturn:
    """Serve; the key goes on in the environment, where no list of processes shows it."""
    if chosen.key:
        os.environ["RANKLOOP_KEY"] = chosen.key
    set_up()
    data = ["--data", str(chosen.data.resolve())]
    if chosen.welcome:
        hand_over("localhost.report", "welcome", *data)
    place = ["--port", str(chosen.port), f"--host={chosen.host}", *data]
    hand_over("localhost", "up", *place, *_switches(chosen, "json", "open", "https"))


def report(chosen: argparse.Namespace) -> NoReturn:
    """Read a loop; standard output is for what it answers."""
    with redirect_stdout(sys.stderr):
        set_up(NodePackages.NONE)
    given = [f"--{name}={value}" for name in ("endpoint", "at") if (value := getattr(chosen, name, ""))]
    given += [f"--data={chosen.data.resolve()}"] if chosen.data else []
    event = ["--", chosen.id] if chosen.command == "event" else []
    hand_over("localhost.report", chosen.command, *given, *(["--json"] if chosen.json else []), *event)


def own(_: argparse.Namespace) -> NoReturn:
    """Change loops or keys; standard output is for what was done."""
    with redirect_stdout(sys.stderr):
        set_up(NodePackages.NONE)
    hand_over("localhost.report", *sys.argv[1:])


def replay(chosen: argparse.Namespace) -> NoReturn:
    """Make a model again."""
    set_up()
    hand_over("localhost", "replay", "--model", chosen.model, "--data", str(chosen.data.resolve()))


def evaluate(chosen: argparse.Namespace) -> NoReturn:
    """Evaluate a log; standard output is for what was found."""
    with redirect_stdout(sys.stderr):
        set_up(NodePackages.NONE)
    given = [f"--policy={policy}" for policy in chosen.policy]
    log = chosen.log.resolve() if chosen.log.is_file() else chosen.log.absolute()
    hand_over("localhost.evaluate", f"--log={log}", *given, *_switches(chosen, "optimize", "json"))


def learn(_: argparse.Namespace) -> NoReturn:
    """Learn from logs; standard output is for what was learned."""
    with redirect_stdout(sys.stderr):
        set_up(NodePackages.NONE)
    hand_over("localhost.learn", *sys.argv[2:])


def _switches(chosen: argparse.Namespace, *names: str) -> list[str]:
    return [f"--{name}" for name in names if getattr(chosen, name)]


def package(chosen: argparse.Namespace) -> int:
    """Build the deployment folder."""
    set_up(NodePackages.PAGE)
    zip_file = chosen.zip.resolve() if chosen.zip else None
    order = folder.Order(chosen.output.resolve(), zip_file, by_azd="AZURE_ENV_NAME" in os.environ)
    folder.package(PLACES, order)
    return 0


def smoke(chosen: argparse.Namespace) -> int:
    """Check a deployed loop."""
    return check(chosen.endpoint, os.environ)


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


def set_up(wanted: NodePackages = NodePackages.LOOP) -> None:
    """Make what is not there or was made from other lock files: the Python packages, and what is wanted of npm's."""
    if PLACES.venv.is_current() and are_installed(PLACES, wanted):
        return
    PLACES.boot.mkdir(exist_ok=True)
    with hold_lock(PLACES.boot / "lock"):
        if not PLACES.venv.is_current():
            install_packages(PLACES)
            PLACES.venv.finish()
        if not are_installed(PLACES, wanted):
            install(PLACES, wanted)
    say("The set-up is complete.\n")


def hand_over(module: str, *arguments: str) -> NoReturn:
    """Go on as the environment's Python; where a process cannot turn into another, wait for that one."""
    command = [str(PLACES.python), "-P", "-m", module, *arguments]
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, {**os.environ, "PYTHONPATH": str(PLACES.root)})  # noqa: S606 - no shell wanted
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(openly(command, cwd=str(Path.cwd()), PYTHONPATH=str(PLACES.root)))


if __name__ == "__main__":
    sys.exit(main())
