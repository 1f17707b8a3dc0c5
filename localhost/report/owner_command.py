"""`loop` and `key`: lists, makes and removes the loops of a deployment, and the keys of a loop."""

import argparse
import shlex
from urllib.parse import quote, urlsplit

from deployment.calls import Answer
from localhost.columns import align
from localhost.failures import CommandFailure
from localhost.report.loop import Loop
from localhost.setup.places import PLACES


def run_loop_command(loop: Loop, chosen: argparse.Namespace) -> list[str]:
    """Do something with the loops of a deployment; gives the lines to print.

    Raises:
        CommandFailure: It was not done; the text says why, and what to do.
    """
    if chosen.action == "list":
        return _names(loop)
    path = f"loops/{quote(chosen.name, safe='')}"
    if chosen.action == "make":
        body = {"copySettingsFrom": chosen.copy_settings_from} if chosen.copy_settings_from else {}
        made = loop.send("PUT", path, body)
        done = "was made" if made.status == 201 else "was there already, and stays as it is"
        address = f"{_deployment(loop)}/{made.document['name']}"
        folder = f" --data {shlex.quote(str(chosen.data))}" if chosen.data else ""
        return [
            f"The loop {made.document['name']} {done}.",
            "",
            f"  endpoint for its clients: {address}",
            f"  a key for them: {PLACES.program} key make NAME --role rank --endpoint {address}{folder}",
        ]
    if not chosen.yes:
        raise CommandFailure(
            f"The loop {chosen.name} was not deleted: its log, models and keys would be gone for good.",
            "If that is what you want, add --yes.",
        )
    loop.send("DELETE", path, None)
    return [f"The loop {chosen.name} is deleted. What it had is removed in some ten minutes; then its name is free."]


def _names(loop: Loop) -> list[str]:
    """The names of all loops, page by page."""
    names: list[str] = []
    more = True
    while more:
        page = loop.read("loops", {"skip": str(len(names))}, "loops").document
        names += [str(each["name"]) for each in page["loops"]]
        more = "nextLink" in page
    return names


def _deployment(loop: Loop) -> str:
    """The address of the deployment, also where that of one of its loops was given."""
    before, _, last = loop.address.rpartition("/")
    return before if urlsplit(loop.address).path and last.lower() in _names(loop) else loop.address


def run_key_command(loop: Loop, chosen: argparse.Namespace) -> list[str]:
    """Do something with the keys of a loop; gives the lines to print.

    Raises:
        CommandFailure: As of `run_loop_command`.
    """
    if chosen.action == "list":
        return _table(loop.read("keys", {}, "keys"))
    path = f"keys/{quote(chosen.name, safe='')}"
    if chosen.action == "revoke":
        loop.send("DELETE", path, None)
        return [f"The key {chosen.name} is revoked: within five seconds nobody can use it any more."]
    if chosen.action == "make":
        body = {"role": chosen.role} | ({"expiresAt": chosen.expires} if chosen.expires else {})
        made = loop.send("PUT", path, body).document
    else:
        made = loop.send("POST", f"{path}/rotate", {"keepOldFor": chosen.keep_old_for}).document
    return [
        f"A key {made['name']} with the role {made['role']} was made. It is shown now and never again:",
        "",
        f"  {made['key']}",
    ]


def _table(answer: Answer) -> list[str]:
    keys = answer.document["keys"]
    if not keys:
        return [f"The loop has no keys of its own. Make one with: {PLACES.program} key make NAME --role rank"]
    rows = [[key["name"], key["role"], key["createdAt"][:19] + "Z", (key["expiresAt"] or "never")[:19]] for key in keys]
    return list(align([["Name", "Role", "Made", "Ends"], *rows]))
