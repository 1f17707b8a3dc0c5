"""Gives learned settings and a learned model to a loop, by the calls that anybody can make."""

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localhost.failures import CommandFailure
from localhost.report.loop import Loop
from localhost.setup.places import PLACES
from shared.configuration.configuration import problem_type
from shared.imports.verdict import Chosen

_POLICY = "/personalizer/v1.0/configurations/policy"
_ABLE = ("admin", "owner")


@dataclass(frozen=True, slots=True)
class Before:
    """What a loop has before anything is given to it.

    Attributes:
        name, arguments: Its learning settings.
        model: The id of the model in use; None if there is none.
    """

    name: str
    arguments: str
    model: str | None

    @classmethod
    def read(cls, loop: Loop) -> "Before":
        """Read what a loop has, and see that it can be given something.

        Raises:
            CommandFailure: It cannot be reached, does not take the key, or is for several slots.
        """
        role = loop.read("status", {}, "because").document.get("caller", {}).get("role", "")
        if role not in _ABLE:
            raise CommandFailure(
                f"The key opens {loop.address} with the role {role}, which changes neither settings nor models.",
                "Put a key of the deployment, or one with the role admin, into the variable RANKLOOP_KEY.",
            )
        policy = loop.read(_POLICY, {}, "arguments").document
        if problem_type(policy["arguments"]) != "cb":
            raise CommandFailure(
                f"The loop at {loop.address} is for several slots, and the log has events with one choice.",
                f"Give the address of another loop; {PLACES.program} loop make NAME makes one.",
            )
        models = loop.read("models", {"maxpagesize": "100"}, "models").document["models"]
        current = next((model for model in models if model["current"]), None)
        return cls(policy["name"], policy["arguments"], current["id"] if current else None)


def demand_terminal(loop: Loop, before: Before, *, is_given: bool) -> None:
    """See, before the long work, that somebody can be asked whether something that has learned shall be replaced.

    Raises:
        CommandFailure: Nobody can be asked.
    """
    if before.model is not None and not is_given and not sys.stdin.isatty():
        raise CommandFailure(
            f"The loop at {loop.address} has a model in use, {before.model}, and nobody can be asked about it.",
            "If it shall be replaced, add --yes.",
        )


def demand_consent(loop: Loop, before: Before, chosen: Chosen, *, is_given: bool) -> None:
    """Ask before something that has learned is replaced.

    Raises:
        CommandFailure: It was not wanted.
    """
    if before.model is None or is_given:
        return
    body = {"name": chosen.name, "arguments": chosen.arguments}
    print(f"\nThe loop at {loop.address} has a model in use, {before.model}.", file=sys.stderr)
    for sentence in loop.send("POST", "configurations/policy:preview", body).document.get("happens", []):
        print(f"  {sentence}", file=sys.stderr)
    print("  Then the model of this log takes its place.", file=sys.stderr)
    print("Replace it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailure(
            f"Nothing was changed at {loop.address}.", "If it shall be replaced, answer y, or add --yes."
        )


def deliver(loop: Loop, before: Before, chosen: Chosen, state: Path) -> None:
    """Set the learning settings, then import the model; if that is refused, set the settings as they were.

    Raises:
        CommandFailure: It was not done.
    """
    changes = chosen.arguments != before.arguments or chosen.name != before.name
    if changes:
        loop.send("PUT", _POLICY, {"name": chosen.name, "arguments": chosen.arguments})
    try:
        loop.send("PUT", "model", state.read_bytes())
    except (CommandFailure, KeyboardInterrupt) as problem:
        if changes:
            loop.send("PUT", _POLICY, {"name": before.name, "arguments": before.arguments})
        if not isinstance(problem, CommandFailure):
            raise
        raise CommandFailure(
            f"The model was not taken, and the learning settings are as they were. {problem.problem}",
            problem.next_step,
        ) from problem


def describe_delivery(loop: Loop, before: Before, chosen: Chosen) -> Iterator[str]:
    """Say what was done, and how to go back."""
    settings = json.dumps({"name": before.name, "arguments": before.arguments})
    yield f"Done: {loop.address} has the settings {chosen.name} and the model, and learns on from it by its own events."
    yield f"To see it: {PLACES.program} status --endpoint {loop.address}"
    yield "To go back to what was there before, first the settings, then the model:"
    yield ""
    yield _curl("PUT", f"{loop.address}{_POLICY}", f" -H 'Content-Type: application/json' -d {shlex.quote(settings)}")
    if before.model is None:
        yield _curl("DELETE", f"{loop.address}/personalizer/v1.0/model")
    else:
        yield _curl("POST", f"{loop.address}/rankloop/v1/models/{before.model}/publish")


def _curl(method: str, url: str, more: str = "") -> str:
    return f'  curl -X {method} {url} -H "Ocp-Apim-Subscription-Key: $RANKLOOP_KEY"{more}'
