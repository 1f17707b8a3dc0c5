"""The commands of a loop's user, which clone and package both have: their options, and what each runs."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from deployment import package_id
from deployment.smoke import check
from localhost.setup import help_texts
from localhost.setup.command_line import Parser, Version, port, workers
from localhost.setup.learn_options import add_learn_options
from localhost.setup.node_packages import NodePackages
from localhost.setup.owner_actions import add_key_actions, add_loop_actions
from localhost.setup.places import PLACES
from localhost.setup.start import hand_over, set_up

if TYPE_CHECKING:
    from collections.abc import Callable

    Commands = argparse._SubParsersAction[Parser]
    Run = Callable[[argparse.Namespace], int]

STORAGE = "AzureWebJobsStorage"
_DATA = f"folder for data and key (default: {PLACES.data.name})"


def begin_parser(description: str | None) -> tuple[Parser, Commands]:
    """Give the parser of a command line that has these commands, and what takes more of them."""
    top = Parser(prog=PLACES.program, description=description)
    top.add_argument("--version", action=Version, help="print the version, and end")
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_commands_of_this_machine(commands)
    _add_commands_that_read_a_loop(commands)
    return top, commands


def add_command(commands: Commands, name: str, run: Run, short: str) -> Parser:
    """Add a command; its help begins with the text of its name in `help_texts`."""
    added = commands.add_parser(name, help=short, description=getattr(help_texts, name.upper()))
    added.set_defaults(run=run)
    return added


def _add_commands_of_this_machine(commands: Commands) -> None:
    """Add what serves and learns here."""
    added = add_command(commands, "demo", demo, "play real purchases and watch the reward rise")
    added.add_argument(
        "--data", choices=("yogurt", "cracker"), help="what was bought (default: yogurt; cracker with --apprentice)"
    )
    added.add_argument("--apprentice", action="store_true", help="let the loop be an apprentice first, then take over")
    added.add_argument("--keep", action="store_true", help="go on serving its loop afterwards, until Ctrl-C")
    added.add_argument("--open", action="store_true", help="open its page in the browser, and watch it live")
    added.add_argument("--https", action="store_true", help="serve it over https, by the certificate that up keeps")

    _add_up(commands)

    for name, run, short in (
        ("backup", back_up, "write all data of this machine's loops into a file, while they go on"),
        ("restore", restore, "bring the data of a backup into a folder that has none"),
    ):
        added = add_command(commands, name, run, short)
        added.add_argument("file", type=Path, metavar="FILE", help="the backup")
        added.add_argument("--data", type=Path, metavar="FOLDER", default=PLACES.data, help=_DATA)

    added = add_command(commands, "replay", replay, "make a model again from its log, and compare")
    added.add_argument(
        "--model", required=True, metavar="ID", help="the model's id, as GET /rankloop/v1/models lists it"
    )
    added.add_argument(
        "--data", type=Path, metavar="FOLDER", default=PLACES.data, help="folder of up (default: its own)"
    )

    added = add_command(commands, "evaluate", evaluate, "tell what policies would have earned, from a log")
    added.add_argument("--log", type=Path, required=True, metavar="FILE", help="dsjson lines, plain or in gzip")
    added.add_argument("--policy", action="append", default=[], metavar="[NAME=]ARGUMENTS", help=help_texts.POLICY)
    added.add_argument("--optimize", action="store_true", help="also search for learning arguments that earn more")
    added.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    add_learn_options(add_command(commands, "learn", learn, "make settings and a model of old logs, for a loop"))


def _add_up(commands: Commands) -> None:
    """Add what serves until Ctrl-C."""
    added = add_command(commands, "up", up, "serve on this machine until Ctrl-C")
    added.add_argument("--port", type=port, default=7071, help="port to listen on; 0 takes a free one (default: 7071)")
    added.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="address to listen at; 0.0.0.0 lets other machines and containers in (default: 127.0.0.1)",
    )
    added.add_argument("--data", type=Path, metavar="FOLDER", default=PLACES.data, help=_DATA)
    added.add_argument(
        "--key", default="", help="API key (default: RANKLOOP_KEY, API_KEY_1, or one kept in the folder)"
    )
    added.add_argument(
        "--storage",
        default="",
        metavar="CONNECTION",
        help="connection string of a storage account, or of Azurite, to keep data there instead of in the folder",
    )
    added.add_argument(
        "--workers",
        metavar="NUMBER",
        type=workers,
        default=1,
        help="processes that answer calls on the same port: a number, or auto for one a core (default: 1)",
    )
    added.add_argument(
        "--from-azurite", action="store_true", help="first copy the data of an earlier version, which had Azurite"
    )
    added.add_argument("--json", action="store_true", help="write log lines as JSON, for programs")
    added.add_argument("--https", action="store_true", help="serve over https, by a certificate that is made once")
    after = added.add_mutually_exclusive_group()
    after.add_argument("--open", action="store_true", help="open the page in the browser once it serves")
    after.add_argument(
        "--welcome", action="store_true", help="print address, key, page and first call of what serves, and end"
    )


def _add_commands_that_read_a_loop(commands: Commands) -> None:
    """Add what asks a running loop, here or elsewhere."""
    for name, short in (
        ("status", "tell whether a running loop learns, and what to look at"),
        ("metrics", "tell what a running loop earns"),
        ("event", "tell what became of one event"),
    ):
        added = add_command(commands, name, report, short)
        added.add_argument("--endpoint", default="", metavar="URL", help="its address (default: RANKLOOP_ENDPOINT)")
        added.add_argument(
            "--data", type=Path, metavar="FOLDER", help="folder of up (default: as of up, if there is no address)"
        )
        added.add_argument("--json", action="store_true", help="print the loop's answer as it is")
    added.add_argument("--at", default="", metavar="TIME", help="around when it came, such as 2026-11-25T12:50:00Z")
    added.add_argument("id", metavar="ID", help="the event's id")
    add_loop_actions(add_command(commands, "loop", own, "list, make and delete the loops of a deployment"))
    add_key_actions(add_command(commands, "key", own, "list, make, rotate and revoke the keys of a loop"))
    added = add_command(commands, "smoke", smoke, "see whether a deployed loop works")
    added.add_argument("--endpoint", default="", metavar="URL", help="its address (default: RANKLOOP_ENDPOINT)")
    added.add_argument("--package", type=Path, metavar="PATH", help="the folder or the ZIP file that was deployed")


def demo(chosen: argparse.Namespace) -> NoReturn:
    """Run the demo."""
    set_up(NodePackages.PAGE)
    data = ["--data", chosen.data] if chosen.data else []
    hand_over("localhost.demo", *data, *_switches(chosen, "apprentice", "keep", "open", "https"))


def up(chosen: argparse.Namespace) -> NoReturn:
    """Serve; the keys go on in the environment, where no list of processes shows them."""
    if chosen.key:
        os.environ["RANKLOOP_KEY"] = chosen.key
    if chosen.storage:
        os.environ[STORAGE] = chosen.storage
    set_up(NodePackages.LOOP if chosen.from_azurite else NodePackages.PAGE)
    data = ["--data", str(chosen.data.resolve())]
    if chosen.welcome:
        hand_over("localhost.report", "welcome", *data)
    place = ["--port", str(chosen.port), f"--host={chosen.host}", *data]
    place += ["--workers", str(chosen.workers)] if chosen.workers > 1 else []
    switches = [*_switches(chosen, "json", "open", "https"), *(["--elsewhere"] if chosen.storage else [])]
    switches += ["--from-azurite"] if chosen.from_azurite else []
    hand_over("localhost", "up", *place, *switches)


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


def back_up(chosen: argparse.Namespace) -> NoReturn:
    """Write a backup."""
    set_up(NodePackages.NONE)
    hand_over("localhost", "backup", str(chosen.file.resolve()), "--data", str(chosen.data.resolve()))


def restore(chosen: argparse.Namespace) -> NoReturn:
    """Bring a backup back."""
    set_up(NodePackages.NONE)
    hand_over("localhost", "restore", str(chosen.file.resolve()), "--data", str(chosen.data.resolve()))


def replay(chosen: argparse.Namespace) -> NoReturn:
    """Make a model again."""
    set_up(NodePackages.NONE)
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


def smoke(chosen: argparse.Namespace) -> int:
    """Check a deployed loop; what azd deploys is the folder that its hook has built."""
    built = PLACES.root / "dist"
    is_deployed = not chosen.endpoint and "AZURE_ENV_NAME" in os.environ and package_id.is_package(built)
    return check(chosen.endpoint, os.environ, package=chosen.package or (built if is_deployed else None))
