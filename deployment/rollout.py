"""Waiting until a package answers, and no instance with another one beside it.

An update replaces instances one after the other, takes minutes, and nobody says when it has ended.
"""

from __future__ import annotations

import time

from deployment.calls import Answer
from deployment.deployed_loop import DoesNotWork, Loop
from deployment.patience import Patience, Trouble

STATUS = "/status"
SUCCESSIVE = 10
"""So many answers in a row must be the package's."""
_NEXT_STEP = (
    "An update may take minutes: run the check again. If it stays, the deployment has not reached the app: deploy it "
    "again, and restart the app. If another package was deployed, name its folder or ZIP file by --package."
)


def await_package(loop: Loop, package: str, patience: Patience) -> None:
    """Wait until a package gives all answers of a series.

    Args:
        package: Its id.

    Raises:
        DoesNotWork: It does not within the time.
    """
    patience.until(lambda: _ask_in_succession(loop, package, patience.pause / 5), DoesNotWork)


def _ask_in_succession(loop: Loop, package: str, pause: float) -> Answer | Trouble:
    for number in range(SUCCESSIVE):
        if number:
            time.sleep(pause)
        answer = loop.try_to("GET", STATUS)
        if isinstance(answer, Trouble):
            return answer
        if (symptom := _find_other(answer, package, number)) is not None:
            return Trouble(symptom, _NEXT_STEP)
    return answer


def _find_other(answer: Answer, package: str, number: int) -> str | None:
    """What answers in place of the package, after so many answers of the package; None if it is the package."""
    other = answer.document.get("package")
    if answer.status != 200:
        return f"GET {STATUS} was answered {answer.summary()}"
    if other == package:
        return None
    if not isinstance(other, str):
        return f"Not {package} answers, but older code, which tells no package"
    return f"{package} answers, but {other} does too" if number else f"Not {package} answers, but {other}"
