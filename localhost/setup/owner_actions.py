"""What the commands `loop` and `key` take: read by the command line, and by the process that it goes on as."""

from __future__ import annotations

import argparse
from pathlib import Path

_ROLES = ("rank", "read", "admin")


def add_loop_actions(command: argparse.ArgumentParser) -> None:
    """Add what can be done with the loops of a deployment."""
    actions = command.add_subparsers(required=True, metavar="ACTION", dest="action")
    _add_place(actions.add_parser("list", help="list the loops"))
    make = actions.add_parser("make", help="make a loop")
    make.add_argument("name", metavar="NAME", help="up to 40 lower-case letters, digits, and hyphens between them")
    make.add_argument("--copy-settings-from", default="", metavar="LOOP", help="whose settings it gets")
    delete = actions.add_parser("delete", help="delete a loop with all that it has")
    delete.add_argument("name", metavar="NAME", help="the loop's name")
    delete.add_argument("--yes", action="store_true", help="really: its log and models are gone for good")
    for action in (make, delete):
        _add_place(action)


def add_key_actions(command: argparse.ArgumentParser) -> None:
    """Add what can be done with the keys of a loop."""
    actions = command.add_subparsers(required=True, metavar="ACTION", dest="action")
    _add_place(actions.add_parser("list", help="list the keys: names, roles and times, never the keys"))
    make = actions.add_parser("make", help="make a key, and print it")
    make.add_argument("name", metavar="NAME", help="who will have it: letters, digits, dots, hyphens, underscores")
    make.add_argument("--role", choices=_ROLES, required=True, help="what it opens")
    make.add_argument("--expires", default="", metavar="TIME", help="when it ends, such as 2027-01-31T00:00:00Z")
    rotate = actions.add_parser("rotate", help="make a new key in the place of one, and print it")
    rotate.add_argument("name", metavar="NAME", help="the key's name")
    rotate.add_argument("--keep-old-for", default="P1D", metavar="TIME", help="PT0S to P30D (default: P1D)")
    revoke = actions.add_parser("revoke", help="revoke a key")
    revoke.add_argument("name", metavar="NAME", help="the key's name")
    for action in (make, rotate, revoke):
        _add_place(action)


def _add_place(action: argparse.ArgumentParser) -> None:
    action.add_argument("--endpoint", default="", metavar="URL", help="its address (default: RANKLOOP_ENDPOINT)")
    action.add_argument(
        "--data", type=Path, metavar="FOLDER", help="folder of up (default: as of up, if there is no address)"
    )
