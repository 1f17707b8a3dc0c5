"""PyPI `azure-cognitiveservices-personalizer` 0.1.1, the client of most existing applications, as it is."""

from collections.abc import Iterator

import pytest
from azure.cognitiveservices.personalizer import PersonalizerClient
from azure.cognitiveservices.personalizer.models import ErrorResponseException, RankableAction, RankRequest
from msrest.authentication import CognitiveServicesCredentials
from msrest.exceptions import HttpOperationError

from tests.http.api import Api
from tests.http.loops import make_key, make_loop

ACTIONS = [
    RankableAction(id="tea", features=[{"hot": True}, {"price": 2.5}]),
    RankableAction(id="juice", features=[{"hot": False}, {"price": 3}]),
]


@pytest.fixture(scope="module")
def meals(api: Api) -> Api:
    """Another loop, opened with a key for applications."""
    return make_key(make_loop(api, "meals"), "app", "rank")


@pytest.fixture(params=["api", "meals"])
def client(request: pytest.FixtureRequest) -> Iterator[PersonalizerClient]:
    """The client, made with nothing but endpoint and key."""
    loop: Api = request.getfixturevalue(request.param)
    with PersonalizerClient(loop.url, CognitiveServicesCredentials(loop.key)) as made:
        yield made


def test_rank_reward_and_activate(client: PersonalizerClient) -> None:
    """An application's whole round."""
    request = RankRequest(
        context_features=[{"time": {"part": "morning"}}], actions=ACTIONS, event_id="a/b ü", defer_activation=True
    )

    response = client.rank(request)
    client.events.activate(response.event_id)
    client.events.reward(response.event_id, value=0.5)

    assert response.event_id == "a/b ü"
    assert response.reward_action_id == response.ranking[0].id
    assert [action.probability for action in response.ranking] == [0.5, 0.5]


def test_an_event_id_is_made(client: PersonalizerClient) -> None:
    """When the application sends none."""
    assert client.rank(RankRequest(actions=ACTIONS)).event_id


def test_excluded_actions(client: PersonalizerClient) -> None:
    """They come back with probability 0, and are never chosen."""
    response = client.rank(RankRequest(actions=ACTIONS, excluded_actions=["tea"]))

    assert [(action.id, action.probability) for action in response.ranking] == [("tea", 0), ("juice", 1)]
    assert response.reward_action_id == "juice"


def test_a_mistake_becomes_the_clients_own_exception(client: PersonalizerClient) -> None:
    """With the code and the message of the API."""
    with pytest.raises(ErrorResponseException) as refusal:
        client.rank(RankRequest(actions=[]))

    assert refusal.value.error.error.code == "InvalidRankRequest"
    assert "actions" in refusal.value.error.error.message
    assert refusal.value.response.status_code == 400


def test_a_wrong_reward_becomes_the_clients_own_exception(client: PersonalizerClient) -> None:
    """Reward and activate raise another class than Rank."""
    with pytest.raises(HttpOperationError) as refusal:
        client.events.reward("e", value=2000)

    assert refusal.value.response.status_code == 400


def test_a_wrong_key_becomes_the_clients_own_exception(api: Api) -> None:
    """As the old gateway's 401 did."""
    with (
        PersonalizerClient(api.url, CognitiveServicesCredentials("wrong")) as client,
        pytest.raises(ErrorResponseException) as refusal,
    ):
        client.rank(RankRequest(actions=ACTIONS))

    assert refusal.value.response.status_code == 401
    assert refusal.value.error.error.code == "401"
