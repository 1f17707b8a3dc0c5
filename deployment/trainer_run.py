"""Waiting until the trainer has run under the package that answers.

The platform's timer may stand still while calls are answered. So a run is waited for: until the time that the schedule
names, and some minutes more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployment.calls import Answer
from deployment.deployed_loop import LOG, DoesNotWork, Loop
from deployment.patience import Patience, Trouble
from localhost.setup.programs import say

STATUS = "/rankloop/v1/status"
_MOST_AHEAD = 15 * 60.0
"""A run that is further ahead, in seconds, is not waited for."""
_OLDER = "Deploy this version, or take the check of the version that is deployed."
_SILENT = """\
See in the log of the function app whether train_timer was called, and what it said. If it was not called, the
  platform's timer stands still: keep an instance ready (azd env set RANKLOOP_ALWAYS_READY_INSTANCES 1, then azd
  provision; with az the parameter alwaysReadyInstances=1), and run the check again. Until then nothing is learned,
  unless you call the trainer by hand:
"""
_AHEAD = "Run the check again after that time, or call the trainer by hand before:\n"
_BY_HAND = """\
    az functionapp keys list --resource-group {group} --name {app} --query masterKey --output tsv |
      sed "s/^/x-functions-key: /" |
      curl -X POST {endpoint}/admin/functions/train_timer -H @- -H "Content-Type: application/json" -d '{{}}'"""


class TrainerCheck:
    """Whether the trainer of a loop has run under the package that answers."""

    def __init__(self, loop: Loop, package: str | None, environment: Mapping[str, str]) -> None:
        """Take the loop, the id of the package, None for none, and what azd knows: the names of app and group."""
        self._loop = loop
        self._package = package
        group, app = (environment.get(name, "") for name in ("AZURE_RESOURCE_GROUP", "RANKLOOP_FUNCTION_APP"))
        self._by_hand = _BY_HAND.format(group=group or "$GROUP", app=app or "$APP", endpoint=loop.endpoint)

    def wait(self, patience: Patience, further_seconds: float) -> dict[str, Any]:
        """Wait for a run, and give the status of the loop.

        Args:
            patience: For the first answer.
            further_seconds: How long to wait after the time that the schedule names.

        Raises:
            DoesNotWork: The trainer has not run by then, or the schedule names a time too far ahead to wait for.
        """
        answer = self._loop.call(patience, (200,), "GET", STATUS)
        ahead = _read_trainer(answer).get("nextRunInSeconds") or 0.0
        if not self._has_run(answer) and ahead > _MOST_AHEAD:
            in_time = f"by its schedule it runs in {ahead / 3600:,.1f} hours"
            raise DoesNotWork(f"{self._symptom}, and {in_time}", _AHEAD + self._by_hand)
        status = Patience(ahead + further_seconds).until(self._try, DoesNotWork).document
        say(f"  the trainer has run{' under this package' if self._package else ''}, first at {_first_run_at(status)}")
        return status

    def _try(self) -> Answer | Trouble:
        answer = self._loop.try_to("GET", STATUS)
        if isinstance(answer, Trouble) or self._has_run(answer):
            return answer
        return Trouble(self._symptom, _SILENT + self._by_hand)

    @property
    def _symptom(self) -> str:
        under = f" under package {self._package}" if self._package else ""
        return f"Ranks and Rewards are answered, but the trainer has not run{under} yet"

    def _has_run(self, answer: Answer) -> bool:
        run = _read_trainer(answer).get("firstRun")
        return isinstance(run, dict) and run.get("package") == self._package


def _read_trainer(answer: Answer) -> dict[str, Any]:
    """What the status says of the trainer.

    Raises:
        DoesNotWork: It is the status of a version that says nothing of it, or of something else.
    """
    status = answer.document
    if not isinstance(status.get("because"), str):
        raise DoesNotWork(f"GET {STATUS} did not tell whether the loop learns", LOG)
    trainer = status.get("trainer")
    if not isinstance(trainer, dict):
        raise DoesNotWork(f"GET {STATUS} does not tell whether the trainer runs: older code answers", _OLDER)
    return trainer


def _first_run_at(status: Mapping[str, Any]) -> str:
    return str(status["trainer"]["firstRun"].get("startedAt"))
