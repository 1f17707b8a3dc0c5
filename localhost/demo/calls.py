"""Rank and Reward as an application makes them: with the client library that was published for the old service."""

import time
from collections.abc import Callable
from typing import Any, Self

from localhost.demo.failures import DemoFailed, refusal
from localhost.demo.purchases import Offer, Purchase

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 1.0


class Calls:
    """The calls of one application, one after the other over one connection."""

    def __init__(self, address: str, key: str) -> None:
        """Take the address of the service and one of its keys: all that an application has to change."""
        from azure.cognitiveservices.personalizer import PersonalizerClient
        from msrest.authentication import CognitiveServicesCredentials

        client: Any = PersonalizerClient
        self._client = client(address, CognitiveServicesCredentials(key))

    def __enter__(self) -> Self:
        """Keep the connection open between the calls."""
        self._client.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._client.__exit__()

    def rank(self, event_id: str, purchase: Purchase) -> str:
        """Give the brand that Rank chooses for a household; raises `DemoFailed`."""
        request = _rank_request(event_id, purchase)
        answer: Any = _patiently("Rank", lambda: self._client.rank(request))
        return str(answer.reward_action_id)

    def reward(self, event_id: str, value: float) -> None:
        """Send the reward of an event; raises `DemoFailed`."""
        _patiently("Reward", lambda: self._client.events.reward(event_id, value))


def context_features(purchase: Purchase) -> list[dict[str, object]]:
    """What is known of the customer."""
    last = {} if purchase.bought_last is None else {"boughtLast": purchase.bought_last}
    return [{"household": purchase.household, **last}]


def action_features(offer: Offer) -> list[dict[str, object]]:
    """What is known of a brand on the shelf."""
    display = {} if offer.on_display is None else {"onDisplay": offer.on_display}
    return [{"brand": offer.brand, "price": offer.price, "advertised": offer.advertised, **display}]


def _rank_request(event_id: str, purchase: Purchase) -> Any:
    from azure.cognitiveservices.personalizer.models import RankableAction, RankRequest

    return RankRequest(
        event_id=event_id,
        context_features=context_features(purchase),
        actions=[RankableAction(id=offer.brand, features=action_features(offer)) for offer in purchase.offers],
    )


def _patiently(what: str, call: Callable[[], object]) -> object:
    """Make a call; one that is answered 503 is repeated as it was, as every client of the service should."""
    from msrest.exceptions import ClientException, HttpOperationError

    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return call()
        except HttpOperationError as error:
            if error.response.status_code != 503 or time.monotonic() > end:
                raise refusal(what, error.response.status_code, error.response.text) from error
            time.sleep(_pause(error.response.headers.get("Retry-After", "")))
        except ClientException as error:
            raise DemoFailed(f"{what} got no answer: {error}") from error


def _pause(retry_after: str) -> float:
    return min(float(retry_after), 10.0) if retry_after.isdigit() else _PAUSE_SECONDS
