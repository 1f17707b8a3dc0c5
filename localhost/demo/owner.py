"""The loop's owner at work with the administration client that was published for the old service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from localhost.demo.failures import DemoFailed, refusal
from shared.metrics.intervals import Interval


@dataclass(frozen=True, slots=True)
class Likeness:
    """How well the loop has imitated the application of late.

    Attributes:
        events: How many of the last events count.
        matched: In how many of them the model would have shown what the application did.
        match_rate: Their share.
        interval: Of that share, with 95 % confidence.
        ceiling: What the share would be on average if the model had learned all it can; exploration is what is missing.
        achievement: Which part of all rewards came in those events; None while there is no reward.
    """

    events: int
    matched: int
    match_rate: float
    interval: Interval
    ceiling: float
    achievement: float | None


class Owner:
    """The calls of the loop's owner, over one connection."""

    def __init__(self, address: str, key: str) -> None:
        """Take the address of the service and one of its keys: all that a script has to change."""
        from azure.ai.personalizer import PersonalizerAdministrationClient
        from azure.core.credentials import AzureKeyCredential

        self._client: Any = PersonalizerAdministrationClient(address, AzureKeyCredential(key))

    def __enter__(self) -> Self:
        """Keep the connection open between the calls."""
        self._client.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._client.__exit__()

    def set_mode(self, learning_mode: str) -> None:
        """Set the learning mode; raises `DemoFailed`."""
        answer = _ask(
            "The change of mode", lambda: self._client.update_service_configuration({"learningMode": learning_mode})
        )
        if answer["learningMode"] != learning_mode:
            raise DemoFailed(f"The loop was set to {learning_mode}, and says that it is {answer['learningMode']}.")

    def likeness(self) -> Likeness:
        """Ask how well the loop has imitated of late; raises `DemoFailed`."""
        metrics = _ask("The configuration", self._client.get_service_configuration).get("latestApprenticeModeMetrics")
        if metrics is None:
            raise DemoFailed("The loop has learned events, and tells no metrics of the apprentice that it is.")
        last = metrics["lastBatchMetrics"]
        return Likeness(
            events=last["numberOfEvents"],
            matched=last["numberOfImitatedEvents"],
            match_rate=last["matchRate"],
            interval=Interval(*last["matchRateInterval"]),
            ceiling=last["matchRateCeiling"],
            achievement=last["rewardAchievementRatio"],
        )


def _ask(what: str, call: Callable[[], Any]) -> Any:
    """Make a call; the client itself repeats one that is answered 503."""
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        return call()
    except HttpResponseError as error:
        raise refusal(what, error.status_code or 0, error.response.text() if error.response else "") from error
    except AzureError as error:
        raise DemoFailed(f"{what} got no answer: {error}") from error
