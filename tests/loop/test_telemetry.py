"""What a run tells Application Insights: a real process sends to a real endpoint."""

import base64
import gzip
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shared.configuration.service_configuration import LearningMode
from shared.times import HOUR, MINUTE
from tests.identity.endpoint import CLIENT_ID, IdentityEndpoint, identity_endpoint
from tests.identity.storage import certificate_and_key
from tests.loop import past
from tests.loop.conftest import StartTrainer
from tests.loop.kept import Kept
from tests.loop.test_metrics import bins, busy
from tests.loop.trainers import PAST

INSTRUMENTATION_KEY = "01234567-89ab-cdef-0123-456789abcdef"


@dataclass
class Insights:
    """An endpoint of Application Insights.

    Attributes:
        status: What it answers.
        seconds: How long it takes to do so.
        authorizations: What callers signed in with, one for each body.
    """

    status: int = 200
    seconds: float = 0.0
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """Those of a trainer that sends to it."""
        connection = f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint={self.url}"
        return {**PAST, "telemetry": connection}

    def figures(self) -> dict[str, Any]:
        """Name and value of each metric of the one call that came; with its count where it is a sum of values."""
        (body,) = self.bodies
        found = {}
        for item in json.loads(body):
            (metric,) = item["data"]["baseData"]["metrics"]
            assert item["iKey"] == INSTRUMENTATION_KEY
            found[metric["name"]] = metric["value"] if metric["count"] == 1 else (metric["value"], metric["count"])
        return found


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Insights]:
    """One that listens; with a context, over HTTPS."""
    told = Insights()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            told.bodies.append(gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data)
            told.authorizations.append(self.headers.get("Authorization"))
            count = len(json.loads(told.bodies[-1]))
            answer = json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode()
            time.sleep(told.seconds)
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def insights() -> Iterator[Insights]:
    """One that listens."""
    with listening() as told:
        yield told


def happened(kept: Kept, *modes: LearningMode) -> None:
    """An hour of the past."""
    past.configure(kept, past.configuration(reward_wait_time="PT10M", learning_mode=modes[-1]))
    start_us = past.minutes_ago(200)
    busy(9, start_us, start_us + HOUR, 120, modes).write(kept)


def test_a_run_tells_its_figures_under_the_old_names(kept: Kept, trainer: StartTrainer, insights: Insights) -> None:
    """In one call, and a run with nothing to do tells nothing; there is no id and no feature in it."""
    happened(kept, LearningMode.ONLINE)

    for _ in range(2):
        with trainer(changed=insights.settings) as one:
            one.succeed()

    counted, found = kept.document("state.json")["counters"], list(bins(kept).values())
    events, rewards = sum(one.events for one in found), sum(one.rewards for one in found)
    assert insights.figures() == {
        "TotalEvents": sum(one.joined for one in found),
        "LearnedEvents": counted["learned"],
        "NonActivatedEvents": counted["not_activated"],
        "ObservedRewards": counted["rewards"] + counted["late"] + counted["dangling"],
        "MatchedRewards": counted["rewards"],
        "Reward": (pytest.approx(rewards), events),
        "OnlineReward": pytest.approx(rewards),
        "OnlineEventCount": events,
        "UserBaselineReward": pytest.approx(sum(one.first.rewards for one in found)),
        "UserBaselineEventCount": events,
        "BaselineRandomReward": pytest.approx(sum(one.random.rewards for one in found)),
        "BaselineRandomEventCount": events,
    }
    (body,) = insights.bodies
    assert all(item["data"]["baseData"]["properties"] == {"Mode": "Online"} for item in json.loads(body))
    for word in (b"9-1", b"ann", b"letter"):
        assert word not in body


def test_of_an_apprentice_nothing_is_told_of_random_actions(
    kept: Kept, trainer: StartTrainer, insights: Insights
) -> None:
    """For nothing is known of them."""
    happened(kept, LearningMode.APPRENTICE)

    with trainer(changed=insights.settings) as one:
        one.succeed()

    assert "UserBaselineReward" in insights.figures()
    assert "BaselineRandomReward" not in insights.figures()


@pytest.mark.parametrize(("status", "seconds"), [(500, 0.0), (200, 8.0), (400, 0.0)])
def test_no_trouble_with_it_is_trouble_of_the_run(
    kept: Kept, trainer: StartTrainer, insights: Insights, status: int, seconds: float
) -> None:
    """It is told in the log, without the connection string, and never sent again."""
    insights.status, insights.seconds = status, seconds
    happened(kept, LearningMode.ONLINE)
    started = time.monotonic()

    with trainer(changed=insights.settings) as one:
        one.succeed()

    assert "were not sent to Application Insights" in one.said()
    assert INSTRUMENTATION_KEY not in one.said()
    assert len(insights.bodies) == 1
    assert time.monotonic() - started < MINUTE / 1e6
    assert kept.document("state.json")["counters"]["learned"] > 0


@pytest.mark.parametrize("connection", ["nonsense", "InstrumentationKey=secret;IngestionEndpoint=http://127.0.0.1:9/"])
def test_a_wrong_connection_string_is_told_but_not_repeated(kept: Kept, trainer: StartTrainer, connection: str) -> None:
    """It is a secret, and may be meant for another place."""
    happened(kept, LearningMode.ONLINE)

    with trainer(changed={**PAST, "telemetry": connection}) as one:
        one.succeed()

    assert "were not sent to Application Insights" in one.said()
    assert "nonsense" not in one.said()
    assert "secret" not in one.said()


# By identity, where the resource takes no connection string alone


@dataclass(frozen=True)
class Signed:
    """What takes figures over HTTPS, and who hands out the tokens for it."""

    insights: Insights
    identities: IdentityEndpoint
    certificate: Path

    @property
    def settings(self) -> dict[str, Any]:
        """Those of a trainer that sends with an identity."""
        return {**self.insights.settings, "telemetry_identity": CLIENT_ID}

    @property
    def variables(self) -> dict[str, str]:
        """The environment of an app with that identity."""
        return {**self.identities.variables, "REQUESTS_CA_BUNDLE": str(self.certificate)}


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Signed]:
    """Both listen."""
    certificate, key = certificate_and_key(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with listening(context) as told, identity_endpoint() as identities:
        identities.resource = identities.audience = "https://monitor.azure.com"
        yield Signed(told, identities, certificate)


def test_figures_are_sent_with_a_token_of_the_identity(kept: Kept, trainer: StartTrainer, signed: Signed) -> None:
    """Which the process that sends them is handed, for it has nothing of the environment; nobody else sees it."""
    happened(kept, LearningMode.ONLINE)

    with trainer(changed=signed.settings, variables=signed.variables) as one:
        one.succeed()

    (authorization,) = signed.insights.authorizations
    kind, token = str(authorization).split()
    assert kind == "Bearer"
    assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["aud"] == "https://monitor.azure.com"
    assert signed.insights.figures()["TotalEvents"] > 0
    assert "Application Insights" not in one.said()
    assert token not in one.said()


def test_without_a_token_nothing_is_sent(kept: Kept, trainer: StartTrainer, signed: Signed) -> None:
    """It would be refused; the log says why, and learning goes on."""
    happened(kept, LearningMode.ONLINE)

    with trainer(changed={**signed.settings, "telemetry_identity": "another"}, variables=signed.variables) as one:
        one.succeed()

    assert "were not sent to Application Insights: no token could be had" in one.said()
    assert signed.identities.refused
    assert signed.insights.bodies == []
    assert kept.document("state.json")["counters"]["learned"] > 0
