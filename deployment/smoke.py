"""Whether a deployed loop does its work: ready, the package that was deployed, a Rank, a Reward, a run of the trainer.

The Rank is deferred and never activated, so that nothing is learned from it.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from deployment import findings, package_id, rollout
from deployment.calls import Answer
from deployment.deployed_loop import AWAY, LOG, DoesNotWork, Loop
from deployment.endpoint import HOW_TO_GIVE, read_endpoint
from deployment.key import key
from deployment.patience import Patience, Trouble
from deployment.references import Rereading
from deployment.trainer_run import TrainerCheck
from localhost.setup.programs import say

PATIENCE_SECONDS = 300.0
_AFTER_SCHEDULE = 0.6
"""How long the trainer is waited for after the time of its schedule, as a share of these: three minutes of five."""
RANK = "/personalizer/v1.0/rank"
EVENTS = "/personalizer/v1.0/events"
SLOTS_RANK = "/personalizer/v1.1-preview.3/multislot/rank"
SLOTS_EVENTS = "/personalizer/v1.1-preview.3/multislot/events"
_ACTIONS = [{"id": name, "features": [{"smoke": {"name": name}}]} for name in ("one", "two")]
_SLOT = "only"
_NOWHERE = (
    "See that this is the address of the function app and nothing more, and in the portal that the app has functions: "
    "a deployment that has failed leaves none."
)
_NOWHERE_SHARE = 0.4


def check(
    endpoint: str, environment: Mapping[str, str], seconds: float = PATIENCE_SECONDS, package: Path | None = None
) -> int:
    """Check the loop at an address and give the exit code: 0 if it works, 1 if it does not.

    Args:
        endpoint: Empty for the one that azd's environment has, which names its key and its function app too.
        environment: With the key.
        seconds: How long it may take with waiting, before and after the package answers; so long may that take too, and
            the trainer is waited for besides.
        package: The deployment folder that was deployed, or the ZIP file of it; None if that is not known.

    Raises:
        CannotSetUp: It cannot be checked.
    """
    of_azd = ("RANKLOOP_KEY_REFERENCE", "RANKLOOP_FUNCTION_APP", "AZURE_RESOURCE_GROUP") if endpoint else ()
    variables = {name: value for name, value in environment.items() if name not in of_azd}
    address = read_endpoint(endpoint or environment.get("RANKLOOP_ENDPOINT", ""))
    try:
        _check(address, variables, seconds, package_id.read(package) if package else None)
    except DoesNotWork as problem:
        print(f"\n{problem}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _check(endpoint: str, environment: Mapping[str, str], seconds: float, package: str | None) -> None:
    say(f"Checking the loop at {endpoint} ...")
    patience, rereading, anyone = Patience(seconds), Rereading(environment, seconds), Loop(endpoint)
    with_key = Loop(endpoint, key(environment, patience))
    patience.until(lambda: _ready(anyone, rereading), DoesNotWork)
    say("  it is ready")
    answering = _package(anyone, package, seconds)
    patience = Patience(seconds)
    event = f"smoke-{secrets.token_hex(8)}"
    multi_slot = _rank(with_key, event, patience)
    say(f"  it has answered a {'multi-slot ' if multi_slot else ''}Rank, {event}, from which nothing is learned")
    _reward(with_key, event, multi_slot, patience)
    say("  it has taken a Reward")
    status = TrainerCheck(with_key, answering, environment).wait(patience, seconds * _AFTER_SCHEDULE)
    findings.print_findings(endpoint, status, environment)


def _package(loop: Loop, package: str | None, seconds: float) -> str | None:
    """Wait until a package answers, or say that none is waited for; gives the id of the one that answers, if any."""
    if package is not None:
        rollout.await_package(loop, package, Patience(seconds))
        say(f"  package {package} answers, {rollout.SUCCESSIVE} times in a row")
        return package
    answering = loop.call(Patience(seconds), (200, 404), "GET", rollout.STATUS).document.get("package")
    named = f"package {answering} answers" if answering else "code without a package's id answers"
    say(f"  {named}; whether that is what was deployed is not known without --package")
    return answering if isinstance(answering, str) else None


def _ready(loop: Loop, rereading: Rereading) -> Answer | Trouble:
    """Until it is ready, whatever else it answers may pass: the platform speaks for an app that does not run yet.

    So it does with a 404 for a minute or two after a deployment. Where no loop is, that goes on.
    """
    answer = loop.try_to("GET", "/ready")
    if isinstance(answer, Trouble):
        rereading.follow_up(answer.symptom)
        return answer
    symptom = f"GET /ready was answered {answer.summary()}"
    if answer.status == 404:
        return Trouble(f"{symptom}: there is no loop at {loop.endpoint}", _NOWHERE, _NOWHERE_SHARE)
    return answer if answer.status == 200 else Trouble(symptom, AWAY)


def _rank(loop: Loop, event: str, patience: Patience) -> bool:
    """Rank, as the loop wants it; says whether that was by slots."""
    body = {"eventId": event, "deferActivation": True, "actions": _ACTIONS}
    answer = loop.call(patience, (201, 400), "POST", RANK, body)
    multi_slot = answer.status == 400 and "multislot/rank" in answer.message
    if multi_slot:
        slots = [{"id": _SLOT, "features": [], "baselineAction": "one"}]
        answer = loop.call(patience, (201,), "POST", SLOTS_RANK, {**body, "slots": slots})
    document = answer.document
    if answer.status != 201:
        raise DoesNotWork(f"POST {RANK} was answered {answer.summary()}", LOG)
    shown = document.get("slots") if multi_slot else [document]
    if document.get("eventId") != event or [
        action.get("rewardActionId") in ("one", "two") for action in shown or ()
    ] != [True]:
        raise DoesNotWork("Rank was answered 201, but not with an action of the event: is this a loop?", HOW_TO_GIVE)
    return multi_slot


def _reward(loop: Loop, event: str, multi_slot: bool, patience: Patience) -> None:
    if multi_slot:
        body: dict[str, object] = {"reward": [{"slotId": _SLOT, "value": 0}]}
        loop.call(patience, (204,), "POST", f"{SLOTS_EVENTS}/{event}/reward", body)
    else:
        loop.call(patience, (204,), "POST", f"{EVENTS}/{event}/reward", {"value": 0})
