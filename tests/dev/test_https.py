"""`--https`: clients that trust the certificate are served, others and those without TLS are not."""

import json
import os
import re
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
from azure.cognitiveservices.personalizer import PersonalizerClient
from azure.cognitiveservices.personalizer.models import RankableAction, RankRequest
from msrest.authentication import CognitiveServicesCredentials
from msrest.exceptions import ClientRequestError

from localhost.azurite.node import node
from localhost.certificate import Certificate, keep_certificate
from localhost.demo.calls import Calls
from localhost.demo.loop import Loop
from localhost.demo.owner import Owner
from localhost.demo.purchases import load
from localhost.demo.servers import stage
from shared.times import to_datetime
from tests import clock
from tests.dev.test_report import run
from tests.dev.test_up import RANK, RunningUp, Starter, report

NODE_CALLS = """
const [address, key] = process.argv.slice(1);
const headers = {"Ocp-Apim-Subscription-Key": key, "Content-Type": "application/json"};
const actions = [{id: "tea", features: [{hot: true}]}];
async function post(path, body) {
  const sent = {method: "POST", headers, body: JSON.stringify(body)};
  return (await fetch(`${address}/personalizer/v1.0/${path}`, sent)).status;
}
async function call() {
  return [await post("rank", {eventId: "from-node", actions}), await post("events/from-node/reward", {value: 1})];
}
call().catch((error) => error.cause.code).then((came) => console.log(JSON.stringify(came)));
"""


@pytest.fixture(scope="module", autouse=True)
def machine_time() -> Iterator[None]:
    with clock.follow_machine():
        yield


@pytest.fixture(scope="module")
def serving(machine_time: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """One that listens as most do."""
    starter = Starter(tmp_path_factory.mktemp("https") / "data")
    yield starter("--https")
    starter.end()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path / "data")
    yield starter
    starter.end()


def certificate_of(serving: RunningUp) -> str:
    return str(Certificate(serving.data).file)


def call(serving: RunningUp, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """A call over TLS that is verified as strictly as Python does."""
    api, context = serving.api, Certificate(serving.data).client_context()
    connection = HTTPSConnection(api.host, api.port, timeout=30, context=context)
    sent = {"Ocp-Apim-Subscription-Key": api.key or "", **headers}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None
    finally:
        connection.close()


def python_calls(address: str, key: str | None) -> str:
    """Rank and Reward by the published client; gives the action."""
    with PersonalizerClient(address, CognitiveServicesCredentials(key)) as client:
        client.config.retry_policy.policy.total = 0
        actions = [RankableAction(id="tea", features=[{"hot": True}])]
        answer = client.rank(RankRequest(event_id="from-python", actions=actions))
        client.events.reward(answer.event_id, value=1)
        return str(answer.reward_action_id)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_python_ranks_and_rewards_where_it_trusts_the_certificate(
    serving: RunningUp, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published client, told as users are; without that it sends no key to whoever answers there."""
    address = f"https://{host}:{serving.api.port}"
    with pytest.raises(ClientRequestError, match="CERTIFICATE_VERIFY_FAILED"):
        python_calls(address, serving.api.key)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate_of(serving))
    assert python_calls(address, serving.api.key) == "tea"


def test_javascript_ranks_and_rewards_where_it_trusts_the_certificate(serving: RunningUp) -> None:
    def node_calls(**trust: str) -> Any:
        command = [node(), "-e", NODE_CALLS, f"https://127.0.0.1:{serving.api.port}", str(serving.api.key)]
        ended = subprocess.run(command, env={**os.environ, **trust}, capture_output=True, timeout=60, check=True)
        return json.loads(ended.stdout)

    assert node_calls() == "DEPTH_ZERO_SELF_SIGNED_CERT"
    assert node_calls(NODE_EXTRA_CA_CERTS=certificate_of(serving)) == [201, 204]


def test_what_it_says_is_how_to_trust_the_certificate(serving: RunningUp) -> None:
    """The first calls name the certificate, and so does what tells of trust; the key to it is nowhere."""
    path = certificate_of(serving)
    commands = [line.strip() for line in serving.output.splitlines() if line.startswith("  curl ")]
    printed = [line for line in serving.output.splitlines() if path in line and "curl" not in line]
    _, again = report(serving.data, "welcome")
    secret = Certificate(serving.data).key_file.read_text(encoding="ascii").splitlines()[1]

    assert f"Rankloop serves at https://127.0.0.1:{serving.api.port}\n" in serving.output
    assert [re.split(r"[ :]+", line.strip())[0] for line in printed] == ["A", "Certificate", "Python,", "Java"]
    for variable in ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"):
        assert f"{variable}={path}" in printed[2]
    assert f"keytool -importcert -noprompt -alias rankloop -file {path} " in printed[3]
    assert [each.partition("127.0.0.1")[0] for each in commands] == [f"curl --cacert {path} -X POST https://"] * 2
    assert again.strip() in serving.output
    assert secret not in serving.output


def test_commands_read_it_by_the_certificate_of_its_folder_or_by_a_variable(
    serving: RunningUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its address has another name of this machine."""
    address, key = f"https://localhost:{serving.api.port}", str(serving.api.key)
    foreign = run("status", f"--data={tmp_path}", endpoint=address, key=key)
    named = run("status", f"--data={serving.data}", endpoint=address, key=key)
    of_folder = run("loop", "list", f"--data={serving.data}", key="")
    monkeypatch.setenv("SSL_CERT_FILE", certificate_of(serving))
    by_variable = run("status", f"--data={tmp_path}", endpoint=address, key=key)

    assert (named[0], of_folder, by_variable[0]) == (0, (0, "default\n"), 0), (named, by_variable)
    assert (foreign[0], f"{address} is not trusted: self-signed certificate." in foreign[1]) == (2, True), foreign
    assert "Next step: Put the path of its certificate into the variable SSL_CERT_FILE" in foreign[1]


def test_addresses_in_answers_are_https_and_its_own_page_is_known_by_it(serving: RunningUp) -> None:
    """A page of the same host without TLS is another origin."""
    call(serving, "PUT", "/rankloop/v1/loops/news", {})
    _, page = call(serving, "GET", "/rankloop/v1/loops?maxpagesize=1")
    origin = f"https://127.0.0.1:{serving.api.port}"
    origins = (origin, origin.replace("https", "http"))

    assert page["nextLink"].startswith(f"{origin}/rankloop/v1/loops?")
    assert [call(serving, "GET", "/admin/host/status", Origin=name)[0] for name in origins] == [200, 403]


def test_a_call_without_tls_ends_and_harms_nobody(serving: RunningUp) -> None:
    """Such as one of a client whose address has the old scheme."""
    before = len(serving.output)
    with socket.create_connection((serving.api.host, serving.api.port), 30) as plain:
        plain.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert plain.recv(100)[:4] != b"HTTP"
    status, _ = call(serving, "GET", "/rankloop/v1/events/after")
    lines = serving.read_until("/rankloop/v1/events/after 200")[before:].splitlines()

    assert status == 200
    assert [line for line in lines if not line.endswith(" ms")] == []


def test_a_folder_is_served_with_and_without_and_the_certificate_stays(up: Starter) -> None:
    """Storage does not depend on it; and an open connection that sleeps does not hold up the end."""
    plain = up()
    plain.api.post("/personalizer/v1.0/rank", RANK)
    plain.end()
    assert not Certificate(up.data).file.exists()

    first = up("--https")
    before = Certificate(up.data).file.read_bytes()
    context = Certificate(up.data).client_context()
    sleeping = HTTPSConnection(first.api.host, first.api.port, timeout=30, context=context)
    sleeping.request("GET", "/ready")
    sleeping.getresponse().read()
    assert call(first, "POST", "/personalizer/v1.0/events/lunch/reward", {"value": 1})[0] == 204
    assert (first.end(), "ERROR" in first.output) == (0, False), first.output
    sleeping.close()

    again = up("--https")
    assert call(again, "GET", "/rankloop/v1/events/lunch")[1]["events"][0]["observations"][0]["value"] == 1
    assert Certificate(up.data).file.read_bytes() == before
    assert "was made" not in again.output
    assert again.end() == 0


@pytest.mark.parametrize(
    ("arguments", "problem", "step"),
    [
        (("--host", "127.0.0.2"), "The certificate of --https is for localhost, 127.0.0.1, ::1", "Leave out --host"),
        ((), "certificate.pem is no certificate to serve by: it cannot be read.", "Move it and certificate-key.pem"),
    ],
)
def test_what_nobody_could_trust_is_not_served(
    up: Starter, arguments: tuple[str, ...], problem: str, step: str
) -> None:
    up.data.mkdir(0o700)
    Certificate(up.data).file.write_text("none", encoding="ascii")

    serving = up("--https", *arguments)

    assert serving.process.wait(30) == 1
    assert problem in serving.output
    assert f"Next step: {step}" in serving.output
    assert "Traceback" not in serving.output


def test_the_demo_trusts_its_own_certificate(tmp_path: Path) -> None:
    """All of its clients, those that were published and its own, whatever the process has trusted before."""
    urllib.request.install_opener(urllib.request.build_opener())
    certificate, _ = keep_certificate(tmp_path, to_datetime(clock.now_us()))
    before = dict(os.environ)
    with stage(certificate, TRAIN_SCHEDULE="0 0 0 1 1 *") as here:
        with Calls(here.address, here.key) as calls, Owner(here.address, here.key) as owner:
            brand = calls.rank("bought", load("yogurt")[0])
            calls.reward("bought", 1)
            owner.set_mode("Apprentice")
        learned = Loop(here.address, here.key).standing().learned

    assert (here.address[:8], bool(brand), learned) == ("https://", True, 0)
    assert dict(os.environ) == before
