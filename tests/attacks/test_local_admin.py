"""The functions that the local host itself offers, against pages of other origins and other users of the machine."""

from collections.abc import Iterator

import pytest

from localhost.host.host_process import HostProcess
from tests.http.api import Api
from tests.http.local_host.toy_app import make_app

ALONE = """
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="open", methods=["GET"])
async def open(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("open")


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
async def seldom(timer: func.TimerRequest) -> None:
    return None
"""
RUN = "/admin/functions/seldom"
API_KEY = {"Ocp-Apim-Subscription-Key": "first"}
MASTER_KEY = {"x-functions-key": "master"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """A host with keys of the API, one of which stands for a secret that was not resolved."""
    settings = {"API_KEY_1": "first", "API_KEY_2": "@Microsoft.KeyVault(VaultName=v;SecretName=s)"}
    root = make_app(tmp_path_factory.mktemp("app"), ALONE)
    settings |= {"LOCALHOST_MASTER_KEY": "master", "LOCALHOST_FUNCTION_KEY": "function"}
    with HostProcess(env=settings, root=root, ready_path="/admin/host/status") as started:
        yield started


@pytest.fixture
def calls(host: HostProcess) -> Api:
    """Calls without a key."""
    return Api.at(host.url, None)


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"x-functions-key": ""},
        {"x-functions-key": "function"},
        {"x-functions-key": "first"},
        {"Ocp-Apim-Subscription-Key": ""},
        {"Ocp-Apim-Subscription-Key": "master"},
        {"Ocp-Apim-Subscription-Key": "@Microsoft.KeyVault(VaultName=v;SecretName=s)"},
    ],
)
def test_nothing_is_run_or_told_without_a_key(host: HostProcess, calls: Api, key: dict[str, str]) -> None:
    """A page of any origin can make a browser post; it cannot know a key. The text of a reference anyone can guess."""
    before = host.runs("seldom")
    answers = [calls.get(path, key) for path in ("/admin/functions", "/admin/host/status", RUN)]
    answers += [calls.post(RUN, {}, key), calls.post("/admin/functions/unknown", {}, key)]

    assert [(answer.status, answer.body) for answer in answers] == [(401, b"")] * 5
    assert host.runs("seldom") == before


def test_a_host_without_keys_is_not_open(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It makes a key, which only the process that started it has."""
    root = make_app(tmp_path_factory.mktemp("app"), ALONE)
    with HostProcess(root=root, ready_path="/admin/host/status") as host:
        answers = [Api.at(host.url, key).post(RUN, {}) for key in (None, "")]
        number = host.begin("seldom")

    assert [answer.status for answer in answers] == [401, 401]
    assert number == 1


@pytest.mark.parametrize("key", [API_KEY, MASTER_KEY])
def test_a_key_opens_it(calls: Api, key: dict[str, str]) -> None:
    """That of the API, which users have, or the one of the platform's own host."""
    assert [calls.get("/admin/functions", key).status, calls.post(RUN, {}, key).status] == [200, 202]


@pytest.mark.parametrize(
    "name",
    ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1:1", "127.0.0.2:{port}", ""],
)
def test_a_name_that_was_turned_to_this_machine_reaches_nothing(host: HostProcess, calls: Api, name: str) -> None:
    """To a browser, a page under such a name is of the host's own origin."""
    before = host.runs("seldom")
    answer = calls.post(RUN, {}, {**MASTER_KEY, "Host": name.format(port=calls.port)})

    assert (answer.status, answer.body) == (403, b"")
    assert host.runs("seldom") == before


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}", "http://localhost:{port}"],
)
def test_a_page_of_another_origin_reaches_nothing(host: HostProcess, calls: Api, origin: str) -> None:
    """Not even with a key, which it may have from elsewhere, such as a page of another port of this machine."""
    before = host.runs("seldom")
    answer = calls.post(RUN, {}, {**API_KEY, "Origin": origin.format(port=calls.port)})

    assert [name for name in answer.headers if name.startswith("access-control")] == []
    assert (answer.status, host.runs("seldom")) == (403, before)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_the_own_page_reaches_it_by_any_name_of_the_machine(calls: Api, name: str) -> None:
    place = f"{name}:{calls.port}"
    answer = calls.post(RUN, {}, {**API_KEY, "Host": place, "Origin": f"http://{place.lower()}"})

    assert answer.status == 202


def test_what_is_not_the_hosts_own_is_reached_by_any_name(calls: Api) -> None:
    """The API has its keys, and stands behind gateways and names of containers."""
    answer = calls.get("/toys/open", {"Host": "evil.example", "Origin": "http://evil.example"})

    assert (answer.status, answer.body) == (200, b"open")
