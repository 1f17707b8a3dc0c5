"""`python -m localhost.report`: what it takes, what it prints, and how it ends."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from urllib.parse import quote

from localhost.failures import CommandFailure
from localhost.report.event_lines import event_lines, is_unknown
from localhost.report.layout import printable
from localhost.report.loop import Loop
from localhost.report.metrics_lines import metrics_lines
from localhost.report.owner_command import run_key_command, run_loop_command
from localhost.report.status_lines import status_lines
from localhost.report.welcome import Welcome
from localhost.setup.owner_actions import add_key_actions, add_loop_actions
from localhost.setup.places import PLACES
from localhost.setup.programs import CannotSetUp

NOT_THERE, CANNOT_READ, INTERRUPTED = 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """Read a loop and give the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
        sys.stdout.flush()
        return code
    except (CommandFailure, CannotSetUp) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return CANNOT_READ
    except BrokenPipeError:  # whoever reads has enough, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localhost.report", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run in (("status", _status), ("metrics", _metrics), ("event", _event), ("welcome", _welcome)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--endpoint", default="", help="address of the loop (default: RANKLOOP_ENDPOINT)")
        command.add_argument("--data", type=Path, help="folder of `up` (default: as of `up`)")
        command.add_argument("--json", action="store_true", help="print the answer as it is")
        if name == "event":
            command.add_argument("--at", default="", help="around which moment to search the log")
            command.add_argument("id", help="the event's id")
    for name, add_actions, lines_of in (
        ("loop", add_loop_actions, run_loop_command),
        ("key", add_key_actions, run_key_command),
    ):
        command = commands.add_parser(name)
        command.set_defaults(run=partial(_own, lines_of))
        add_actions(command)
    return parser


def _loop(chosen: argparse.Namespace) -> Loop:
    """The loop at an address that was given, else that of a folder, else that of the environment."""
    endpoint = chosen.endpoint or ("" if chosen.data else os.environ.get("RANKLOOP_ENDPOINT", ""))
    return Loop.at(endpoint, _folder(chosen)) if endpoint else Loop.of_folder(_folder(chosen))


def _folder(chosen: argparse.Namespace) -> Path:
    return (chosen.data or PLACES.data).resolve()


def _status(chosen: argparse.Namespace) -> int:
    loop = _loop(chosen)
    answer = loop.read("status", {}, "because")
    _print(answer.body, [f"Rankloop at {loop.address}", "", *status_lines(answer.document)], chosen)
    return 0


def _metrics(chosen: argparse.Namespace) -> int:
    loop = _loop(chosen)
    answer = loop.read("metrics", {"interval": "PT1H"}, "total")
    _print(answer.body, [f"Rankloop at {loop.address}", "", *metrics_lines(answer.document)], chosen)
    return 0


def _event(chosen: argparse.Namespace) -> int:
    if not chosen.id:
        raise CommandFailure("An event's id is not empty.", "Give the id that Rank answered.")
    query = {"at": chosen.at} if chosen.at else {}
    answer = _loop(chosen).read(f"events/{quote(chosen.id, safe='')}", query, "withoutEvent")
    _print(answer.body, event_lines(answer.document), chosen)
    return NOT_THERE if is_unknown(answer.document) else 0


def _own(lines_of: Callable[[Loop, argparse.Namespace], list[str]], chosen: argparse.Namespace) -> int:
    for line in lines_of(_loop(chosen), chosen):
        print(line)
    return 0


def _welcome(chosen: argparse.Namespace) -> int:
    data = _folder(chosen)
    loop, welcome = Loop.of_folder(data), Welcome.read(data)
    loop.read("status", {}, "because")
    print(welcome.text(loop.key, data))
    return 0


def _print(body: bytes, lines: Iterable[str], chosen: argparse.Namespace) -> None:
    if chosen.json:
        sys.stdout.buffer.write(body + b"\n")
        return
    text, encoding = "\n".join(map(printable, lines)), sys.stdout.encoding
    print(text.encode(encoding, "backslashreplace").decode(encoding))  # not every terminal has all letters
