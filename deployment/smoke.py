"""Whether a deployed loop does its work: ready, a Rank, a Reward, the status.

The Rank is deferred and never activated, so that nothing is learned from it.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from deployment import findings
from deployment.calls import Answer, Unreachable, ask
from deployment.endpoint import HOW_TO_GIVE, read_endpoint
from deployment.key import key
from deployment.patience import Patience, Trouble
from deployment.references import Rereading
from localhost.setup.programs import CannotSetUp, say

PATIENCE_SECONDS = 300.0
RANK = "/personalizer/v1.0/rank"
EVENTS = "/personalizer/v1.0/events"
SLOTS_RANK = "/personalizer/v1.1-preview.3/multislot/rank"
SLOTS_EVENTS = "/personalizer/v1.1-preview.3/multislot/events"
_ACTIONS = [{"id": name, "features": [{"smoke": {"name": name}}]} for name in ("one", "two")]
_SLOT = "only"
_AWAY = (
    "If the deployment has just ended, wait a minute and run it again. "
    "Else see in the portal whether the function app runs."
)
_NOT_READY = (
    "It says itself what is missing. Roles and references to Key Vault take some minutes: run it again. "
    "If it stays, look into the log of the function app."
)
_KEY = (
    "The app has another key than the one that was sent: "
    "let it read Key Vault again and restart it, as docs/deploy.md tells under Rotating keys, or send one of its keys."
)
_LOG = "Look into the log of the function app; the answer's apim-request-id is named there."
_NOWHERE = (
    "See that this is the address of the function app and nothing more, and in the portal that the app has functions: "
    "a deployment that has failed leaves none."
)
_NOWHERE_SHARE = 0.4


class DoesNotWork(CannotSetUp):
    """The loop was asked, and does not do what it should."""


@dataclass(frozen=True)
class Loop:
    """A deployed loop.

    Attributes:
        endpoint: Its address, without a slash at its end.
    """

    endpoint: str
    key: str = field(default="", repr=False)

    def try_to(self, method: str, path: str, body: object = None) -> Answer | Trouble:
        """Make a call; no answer, a refused key and a service that is out of step may pass."""
        headers = {"Ocp-Apim-Subscription-Key": self.key} if self.key else {}
        try:
            answer = ask(method, self.endpoint + path, headers, body)
        except Unreachable as error:
            return Trouble(f"{self.endpoint} cannot be reached: {error}", _AWAY)
        if answer.status == 401 and self.key:
            return Trouble("The key is refused (401)", _KEY)
        if answer.status == 429 or answer.status >= 500:
            return Trouble(f"{method} {path} was answered {answer.summary()}", _NOT_READY)
        return answer


def check(endpoint: str, environment: Mapping[str, str], seconds: float = PATIENCE_SECONDS) -> int:
    """Check the loop at an address and give the exit code: 0 if it works, 1 if it does not.

    Args:
        endpoint: Empty for the one that azd's environment has, which names its key and its function app too.
        environment: With the key.
        seconds: How long it may take with waiting.

    Raises:
        CannotSetUp: It cannot be checked.
    """
    of_azd = ("RANKLOOP_KEY_REFERENCE", "RANKLOOP_FUNCTION_APP") if endpoint else ()
    variables = {name: value for name, value in environment.items() if name not in of_azd}
    address = read_endpoint(endpoint or environment.get("RANKLOOP_ENDPOINT", ""))
    try:
        _check(address, variables, Patience(seconds), Rereading(variables, seconds))
    except DoesNotWork as problem:
        print(f"\n{problem}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _check(endpoint: str, environment: Mapping[str, str], patience: Patience, rereading: Rereading) -> None:
    say(f"Checking the loop at {endpoint} ...")
    with_key = Loop(endpoint, key(environment, patience))
    patience.until(lambda: _ready(Loop(endpoint), rereading), DoesNotWork)
    say("  it is ready")
    event = f"smoke-{secrets.token_hex(8)}"
    multi_slot = _rank(with_key, event, patience)
    say(f"  it has answered a {'multi-slot ' if multi_slot else ''}Rank, {event}, from which nothing is learned")
    _reward(with_key, event, multi_slot, patience)
    say("  it has taken a Reward")
    status = _call(with_key, patience, (200,), "GET", "/rankloop/v1/status").document
    if not isinstance(status.get("because"), str):
        raise DoesNotWork("GET /rankloop/v1/status did not tell whether the loop learns", _LOG)
    findings.print_findings(endpoint, status, environment)


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
    return answer if answer.status == 200 else Trouble(symptom, _AWAY)


def _rank(loop: Loop, event: str, patience: Patience) -> bool:
    """Rank, as the loop wants it; says whether that was by slots."""
    body = {"eventId": event, "deferActivation": True, "actions": _ACTIONS}
    answer = _call(loop, patience, (201, 400), "POST", RANK, body)
    multi_slot = answer.status == 400 and "multislot/rank" in answer.message
    if multi_slot:
        slots = [{"id": _SLOT, "features": [], "baselineAction": "one"}]
        answer = _call(loop, patience, (201,), "POST", SLOTS_RANK, {**body, "slots": slots})
    document = answer.document
    if answer.status != 201:
        raise DoesNotWork(f"POST {RANK} was answered {answer.summary()}", _LOG)
    shown = document.get("slots") if multi_slot else [document]
    if document.get("eventId") != event or [
        action.get("rewardActionId") in ("one", "two") for action in shown or ()
    ] != [True]:
        raise DoesNotWork("Rank was answered 201, but not with an action of the event: is this a loop?", HOW_TO_GIVE)
    return multi_slot


def _reward(loop: Loop, event: str, multi_slot: bool, patience: Patience) -> None:
    if multi_slot:
        body: dict[str, object] = {"reward": [{"slotId": _SLOT, "value": 0}]}
        _call(loop, patience, (204,), "POST", f"{SLOTS_EVENTS}/{event}/reward", body)
    else:
        _call(loop, patience, (204,), "POST", f"{EVENTS}/{event}/reward", {"value": 0})


def _call(loop: Loop, patience: Patience, good: tuple[int, ...], method: str, path: str, body: object = None) -> Answer:
    """Make a call until it is answered, and raise `DoesNotWork` if that is not as it should be."""
    attempt: Callable[[], Answer | Trouble] = lambda: loop.try_to(method, path, body)  # noqa: E731
    answer = patience.until(attempt, DoesNotWork)
    if answer.status not in good:
        raise DoesNotWork(f"{method} {path} was answered {answer.summary()}", _LOG)
    return answer
