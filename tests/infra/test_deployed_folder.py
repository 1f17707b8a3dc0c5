"""The functions from the deployment folder alone, signed in to storage as the platform's identity.

On Linux with the very wheels that go to Azure, elsewhere with those of this machine.
"""

import platform
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from deployment import package_id
from deployment.folder import Order, package
from localhost.failures import StartFailure
from localhost.host.host_process import HostProcess
from shared.storage.paths import EVALUATION_QUEUE
from tests.http.api import Api
from tests.http.local_host.test_queues_by_identity import Sender
from tests.identity.endpoint import CLIENT_ID, IdentityEndpoint, identity_endpoint
from tests.identity.storage import SecuredAzurite, run_secured_azurite
from tests.infra.conftest import PLACES, Built
from tests.infra.lonely_host import LonelyHost, lonely_host
from tests.loop.traffic import LIKED, USERS, V1, rank_body

KEY = "deployed-key"
OF_THE_PLATFORM = sys.platform == "linux" and platform.machine() == "x86_64"
SERVICE = {"rewardWaitTime": "PT5S", "modelExportFrequency": "PT5S"}
QUICK = {"WRITE_DEADLINE": "PT2S", "JOIN_GRACE": "PT3S", "TRAIN_SCHEDULE": "* * * * * *"}


@pytest.fixture(scope="module")
def lonely(built: Built, tmp_path_factory: pytest.TempPathFactory) -> LonelyHost:
    folder = built.folder
    if not OF_THE_PLATFORM:
        folder = tmp_path_factory.mktemp("here") / "dist"
        package(PLACES, Order(folder, platform=None))
    return lonely_host(tmp_path_factory.mktemp("lonely"), folder)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredAzurite]:
    with run_secured_azurite(tmp_path_factory.mktemp("secured")) as started:
        yield started


@pytest.fixture
def identities() -> Iterator[IdentityEndpoint]:
    with identity_endpoint() as started:
        yield started


def settings(storage: SecuredAzurite, identities: IdentityEndpoint, **changed: str) -> dict[str, str]:
    """What the deployment's template sets, and what the platform adds."""
    by_identity = {
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": CLIENT_ID,
        "AzureWebJobsStorage__blobServiceUri": storage.blob,
        "AzureWebJobsStorage__queueServiceUri": storage.queue,
        "AzureWebJobsStorage__tableServiceUri": storage.table,
    }
    return {**by_identity, **storage.trust, **identities.variables, **QUICK, "API_KEY_1": KEY, **changed}


@pytest.fixture(scope="module")
def host(lonely: LonelyHost, secured: SecuredAzurite) -> Iterator[HostProcess]:
    with identity_endpoint() as identities, lonely.process(settings(secured, identities)) as started:
        yield started
        print(started.log())  # noqa: T201 - pytest shows it if a test has failed


class TestLoop:
    """A loop that is served from the folder."""

    def test_it_ranks_trains_and_ranks_by_what_it_has_learned(self, host: HostProcess) -> None:
        """The training child gets no package from anywhere but the folder either."""
        api = Api.at(host.url, KEY)
        assert api.put(f"{V1}/configurations/service", SERVICE).status == 200
        for number in range(60):
            self.live(api, f"event-{number}", USERS[number % len(USERS)])

        model_id = self.wait_for_model(api)

        ranked = api.post(f"{V1}/rank", rank_body("by-model", "ann"))
        chances = {action["id"]: action["probability"] for action in ranked.json["ranking"]}
        assert ranked.status == 201
        assert api.get("/rankloop/v1/status").json["instance"]["modelId"] >= model_id
        assert max(chances, key=chances.__getitem__) == LIKED["ann"]

    def test_it_tells_the_folders_id(self, host: HostProcess, lonely: LonelyHost) -> None:
        """For whoever has to know whether it is this folder that answers."""
        expected = package_id.read(lonely.folder)
        answer = Api.at(host.url, None).get("/status")

        assert (answer.json["package"], answer.headers["rankloop-package"]) == (expected, expected)

    def test_it_serves_the_page_with_its_libraries(self, host: HostProcess) -> None:
        """Which no package of Python has: the folder holds them."""
        anyone = Api.at(host.url, None)
        document = anyone.get("/rankloop").body.decode()
        names = [
            *re.findall(r'(?:src|href)="rankloop/([^"]+)"', document),
            "libraries/preact.mjs",
            "libraries/hooks.mjs",
        ]

        assert "libraries/uplot.js" in names
        assert {name: anyone.get(f"/rankloop/{name}").status for name in names} == dict.fromkeys(names, 200)
        assert anyone.get("/rankloop/libraries/.made-from").status == 404

    def live(self, api: Api, event_id: str, user: str) -> None:
        """One event of a user, rewarded by what the user likes."""
        ranked = api.post(f"{V1}/rank", rank_body(event_id, user))
        value = float(ranked.json["rewardActionId"] == LIKED[user])
        assert ranked.status == 201
        assert api.post(f"{V1}/events/{event_id}/reward", {"value": value}).status == 204

    def wait_for_model(self, api: Api) -> str:
        """The id of the first model that has learned all and is in use."""
        until = time.monotonic() + 60
        while True:
            body: dict[str, Any] = api.get("/rankloop/v1/status").json
            model = body["model"] or {"id": "", "learnedEvents": 0}
            if model["learnedEvents"] >= 60 and body["instance"]["modelId"] == model["id"]:
                return str(model["id"])
            assert time.monotonic() < until, body
            time.sleep(0.2)

    @pytest.mark.skipif(sys.platform != "linux", reason="only there a process tells which files it has open")
    def test_what_it_runs_on_is_the_folders(self, host: HostProcess, lonely: LonelyHost) -> None:
        """Nothing that this clone or its environment has: it would not be there in Azure.

        But for what the host itself is made of, and what moves its clock.
        """
        maps = Path(f"/proc/{host.pid}/maps").read_text(encoding="utf-8").splitlines()
        loaded = {Path(line.split(maxsplit=5)[5]) for line in maps if line.endswith(".so")}

        modules = {path for path in loaded if ".cpython-313" in path.name and "lib-dynload" not in path.parts}
        assert {path.name.partition(".")[0] for path in modules} >= {"pylibvw", "_pydantic_core", "parser", "orjson"}
        others = [path for path in modules if not path.is_relative_to(lonely.folder)]
        assert [path for path in others if "uvloop" not in path.parts and "_time_machine" not in path.name] == []


class TestEvaluation:
    """An evaluation by what the folder has; here it is the test that takes messages and has functions run for them."""

    def test_it_is_carried_out(self, host: HostProcess, secured: SecuredAzurite) -> None:
        """The queue is reached with a token, and the processes of a task get no package from anywhere else."""
        api = Api.at(host.url, KEY)
        fields = {"startTime": "2026-01-01T00:00:00Z", "endTime": "2099-01-01T00:00:00Z"}
        own_policy = {"name": "mine", "arguments": "--cb_explore_adf --epsilon 0.1"}
        created = api.post(f"{V1}/evaluations", {"name": "deployed", "policies": [own_policy], **fields})
        assert created.status == 201, created

        evaluation = self.carry_out(api, f"{V1}/evaluations/{created.json['id']}", host, secured)

        assert evaluation["status"] == "completed", evaluation
        assert {policy["name"] for policy in evaluation["policyResults"]} == {
            "online",
            "baseline1",
            "baselineRand",
            "mine",
        }

    def carry_out(self, api: Api, path: str, host: HostProcess, secured: SecuredAzurite) -> dict[str, Any]:
        """Be the platform's part, until the evaluation has ended."""
        until, trust = time.monotonic() + 60, {"connection_verify": str(secured.certificate)}
        with QueueClient(secured.queue, EVALUATION_QUEUE, credential=Sender(), **trust) as queue:
            while (evaluation := dict(api.get(path).json))["status"] == "pending":
                assert time.monotonic() < until, evaluation
                for message in queue.receive_messages():
                    host.run("evaluate_work", message.content)
                    queue.delete_message(message)
        return evaluation


class TestIdentity:
    """Who the app signs in as."""

    def read_missing(self, lonely: LonelyHost, variables: Mapping[str, str]) -> str:
        """What `/ready` says, with its 503, instead of becoming ready."""
        with lonely.process(variables, ready_path="/admin/host/status") as host:
            answer = Api.at(host.url, None).get("/ready")
        assert answer.status == 503
        return answer.body.decode()

    def test_tokens_of_the_identity_that_is_named_are_asked_for(
        self, lonely: LonelyHost, secured: SecuredAzurite, identities: IdentityEndpoint
    ) -> None:
        """One for the hot path and each SDK, if they begin at once: the platform limits how many tokens it gives."""
        with lonely.process(settings(secured, identities)):
            pass

        assert identities.refused == []
        assert 1 <= identities.granted <= 4

    def test_an_identity_that_the_app_does_not_have_is_reported(
        self, lonely: LonelyHost, secured: SecuredAzurite, identities: IdentityEndpoint
    ) -> None:
        wrong = settings(secured, identities, AzureWebJobsStorage__clientId="99999999-2222-3333-4444-555555555555")

        answer = self.read_missing(lonely, wrong)

        assert "no token for storage could be had" in answer
        assert set(identities.refused) == {"no identity with this client_id"}

    def test_a_token_that_storage_refuses_is_reported(
        self, lonely: LonelyHost, secured: SecuredAzurite, identities: IdentityEndpoint
    ) -> None:
        """As it does while the identity's roles are missing, or not in effect yet."""
        identities.audience = "https://vault.azure.net"

        answer = self.read_missing(lonely, settings(secured, identities))

        assert "storage answered 403" in answer

    def test_storage_that_nobody_vouches_for_is_not_trusted(
        self, lonely: LonelyHost, secured: SecuredAzurite, identities: IdentityEndpoint
    ) -> None:
        """Else a machine in between could get a token."""
        variables = settings(secured, identities)
        trusting = {name: value for name, value in variables.items() if name not in secured.trust}

        assert "storage cannot be reached" in self.read_missing(lonely, trusting)


def test_without_its_packages_the_folder_does_not_start(lonely: LonelyHost, tmp_path: Path) -> None:
    """So nothing else than the folder can have provided them above."""
    for path in lonely.folder.iterdir():
        if path.name != ".python_packages":
            (tmp_path / path.name).symlink_to(path)

    with pytest.raises(StartFailure, match="No module named"):
        LonelyHost(lonely.place, tmp_path).process({"API_KEY_1": KEY}).start()
