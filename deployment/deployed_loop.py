"""A deployed loop, and calls of it: what may pass is told from what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deployment.calls import Answer, Unreachable, ask
from deployment.patience import Patience, Trouble
from localhost.setup.programs import CannotSetUp

AWAY = (
    "If the deployment has just ended, wait a minute and run it again. "
    "Else see in the portal whether the function app runs."
)
LOG = "Look into the log of the function app; the answer's apim-request-id is named there."
_NOT_READY = (
    "It says itself what is missing. Roles and references to Key Vault take some minutes: run it again. "
    "If it stays, look into the log of the function app."
)
_KEY = (
    "The app has another key than the one that was sent: "
    "let it read Key Vault again and restart it, as docs/deploy.md tells under Rotating keys, or send one of its keys."
)


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
            return Trouble(f"{self.endpoint} cannot be reached: {error}", AWAY)
        if answer.status == 401 and self.key:
            return Trouble("The key is refused (401)", _KEY)
        if answer.status == 429 or answer.status >= 500:
            return Trouble(f"{method} {path} was answered {answer.summary()}", _NOT_READY)
        return answer

    def call(
        self, patience: Patience, expected: tuple[int, ...], method: str, path: str, body: object = None
    ) -> Answer:
        """Make a call until it is answered.

        Raises:
            DoesNotWork: It is answered with another status than the expected ones, or not in time.
        """
        attempt: Callable[[], Answer | Trouble] = lambda: self.try_to(method, path, body)  # noqa: E731
        answer = patience.until(attempt, DoesNotWork)
        if answer.status not in expected:
            raise DoesNotWork(f"{method} {path} was answered {answer.summary()}", LOG)
        return answer
