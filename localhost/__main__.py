"""`python -m localhost`: serve the app of this folder."""

import argparse
import sys
from pathlib import Path

from localhost.environment import ROOT
from localhost.failures import StartFailure
from localhost.host.log_lines import LogStyle
from localhost.ports import THIS_MACHINE
from localhost.setup.command_line import port, workers
from localhost.setup.places import PLACES


def main(arguments: list[str] | None = None) -> int:
    """Run one command and give the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
        return code
    except StartFailure as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localhost", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="serve with data in a folder, until Ctrl-C")
    _add_place(up)
    up.add_argument("--data", type=Path, default=PLACES.data, help="folder for data and key")
    up.add_argument(
        "--key", default="", help="API key; shows in the list of processes, the variable RANKLOOP_KEY does not"
    )
    up.add_argument("--https", action="store_true", help="serve over https, by a certificate of this machine")
    up.add_argument("--json", action="store_true", help="write log lines as JSON")
    up.add_argument("--open", action="store_true", help="open the page in the machine's browser")
    up.add_argument("--workers", type=workers, default=1, help="processes that answer calls: a number, or auto")
    up.add_argument("--from-azurite", action="store_true", help="first copy the data of an earlier version")
    up.add_argument("--elsewhere", action="store_true", help="keep data in the storage of the settings")
    up.set_defaults(run=_up)
    for name, run, short in (
        ("backup", _back_up, "write all data of a folder of `up` into a file"),
        ("restore", _restore, "bring the data of a backup into a folder that has none"),
    ):
        added = commands.add_parser(name, help=short)
        added.add_argument("file", type=Path, metavar="FILE", help="the backup")
        added.add_argument("--data", type=Path, default=PLACES.data, help="folder of `up`")
        added.set_defaults(run=run)
    again = commands.add_parser("replay", help="make a model again from its log, and compare")
    again.add_argument("--model", required=True, metavar="ID", help="the model's id")
    again.add_argument("--data", type=Path, default=PLACES.data, help="folder of `up`")
    again.set_defaults(run=_replay)
    serve = commands.add_parser("serve", help="serve the functions with the settings of the environment as they are")
    serve.add_argument("--root", type=Path, default=ROOT, help="folder of the app (default: this project)")
    _add_place(serve)
    serve.add_argument("--log", type=LogStyle, choices=LogStyle, default=LogStyle.FULL, help="how to write log lines")
    serve.add_argument("--address-file", type=Path, help="file to write the address to, once requests are taken")
    serve.add_argument("--end-with-input", action="store_true", help="stop at the end of standard input")
    serve.add_argument("--offer-demo", action="store_true", help="let the page have a demo played")
    serve.add_argument("--background-apart", action="store_true", help="run timers and queues in another process")
    serve.add_argument("--workers", type=int, default=1, help="processes that answer calls (default: 1)")
    serve.add_argument("--socket-number", type=int, help="answer calls to a socket of the process that starts this one")
    serve.add_argument("--https", type=Path, metavar="FOLDER", help="serve over https, by the certificate in a folder")
    serve.set_defaults(run=_serve)
    background = commands.add_parser("background", help="run timers and queues, for `serve`")
    background.add_argument("--root", type=Path, required=True, help="folder of the app")
    background.add_argument("--log", type=LogStyle, choices=LogStyle, required=True, help="how to write log lines")
    background.set_defaults(run=_background)
    return parser


def _add_place(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=port, default=7071, help="port to listen on, 0 for a free one (default: 7071)")
    command.add_argument("--host", default=THIS_MACHINE, help=f"address to listen at (default: {THIS_MACHINE})")


def _up(chosen: argparse.Namespace) -> int:
    from localhost.up.supervisor import Up, up

    if chosen.from_azurite:
        from localhost.up.backups import copy_from_azurite

        copy_from_azurite(chosen.data.resolve())
    log = LogStyle.JSON if chosen.json else LogStyle.SHORT
    place = chosen.port, chosen.host, chosen.data.resolve()
    how = chosen.open, chosen.https, chosen.elsewhere, chosen.workers
    return up(Up(*place, chosen.key, log, *how))


def _back_up(chosen: argparse.Namespace) -> int:
    from localhost.up.backups import back_up

    return back_up(chosen.data.resolve(), chosen.file.resolve())


def _restore(chosen: argparse.Namespace) -> int:
    from localhost.up.backups import restore

    return restore(chosen.data.resolve(), chosen.file.resolve())


def _replay(chosen: argparse.Namespace) -> int:
    from localhost.up.replay import Replay, replay

    return replay(Replay(chosen.model, chosen.data.resolve()))


def _serve(chosen: argparse.Namespace) -> int:
    from localhost.host.app_packages import put_first

    root = chosen.root.resolve()
    put_first(root)
    from localhost.certificate import Certificate
    from localhost.host.server import Serving, serve

    place = chosen.port, chosen.host, chosen.address_file
    how = chosen.end_with_input, chosen.log, chosen.offer_demo, chosen.background_apart
    certificate = Certificate(chosen.https) if chosen.https else None
    serve(Serving(root, *place, *how, certificate, chosen.workers, chosen.socket_number))
    return 0


def _background(chosen: argparse.Namespace) -> int:
    from localhost.host.app_packages import put_first

    put_first(chosen.root)
    from localhost.host.background_server import run_background

    run_background(chosen.root, chosen.log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
