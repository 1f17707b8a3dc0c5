"""Bearer tokens of Entra ID: who signs them is a server of the test's own, with real keys."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import jwt
import pytest

from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.authority import AUDIENCE, TENANT, Authority, key, public
from tests.http.conftest import NEVER
from tests.http.loops import make_loop
from tests.storages import NewStorage

SERVICE = "/personalizer/v1.0/configurations/service"


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with Authority() as started:
        yield started


@pytest.fixture(scope="module")
def trusting(new_storage: NewStorage, authority: Authority) -> Iterator[HostProcess]:
    """A host that takes tokens of the authority, and a key."""
    settings = {"API_KEY_1": "test-key-1", **NEVER, **authority.settings}
    with HostProcess(new_storage(), env=settings) as started:
        yield started


@pytest.fixture(scope="module")
def nobody(trusting: HostProcess) -> Api:
    """The host, without a key."""
    return Api.at(trusting.url, None)


def call(api: Api, token: str, scheme: str = "Bearer") -> Answer:
    return api.get(SERVICE, {"Authorization": f"{scheme} {token}"})


def encode_unsigned(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, signature])


def forge(authority: Authority) -> str:
    """A token signed with the public key, as if that were a secret that both sides share."""
    body = encode_unsigned({"alg": "HS256", "kid": "first"}, claims_of(authority.token())).rpartition(".")[0]
    signature = hmac.digest(public("first").encode(), body.encode(), "sha256")
    return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def tamper(token: str) -> str:
    head, _, signature = token.split(".")
    return ".".join([head, encode_unsigned({}, claims_of(token) | {"sub": "someone else"}).split(".")[1], signature])


def sign_again(authority: Authority, name: str, algorithm: str, header: dict[str, str]) -> str:
    return jwt.encode(claims_of(authority.token()), key(name), algorithm, headers=header)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": f"{AUDIENCE}/"},
        {"iss": f"https://login.example/{TENANT}/v2.0"},
        {"iss": f"https://sts.chinacloudapi.cn/{TENANT}/"},
        {"lasts": -20},
        {"nbf": None},
    ],
    ids=str,
)
def test_a_good_token_opens(nobody: Api, authority: Authority, claims: dict[str, Any]) -> None:
    """Of both kinds that a tenant issues, whatever the case of the scheme, with clocks a little apart."""
    assert [call(nobody, authority.token(**claims), scheme).status for scheme in ("Bearer", "bearer")] == [200, 200]


WRONG: dict[str, Callable[[Authority], str]] = {
    "nothing": lambda _: "",
    "no token": lambda _: "x",
    "not ASCII": lambda _: "é.é.é",
    "no parts": lambda _: "...",
    "another audience": lambda authority: authority.token(aud="https://storage.azure.com"),
    "no audience": lambda authority: authority.token(aud=None),
    "another tenant": lambda authority: authority.token(
        iss="https://sts.windows.net/11111111-2222-3333-4444-555555555555/"
    ),
    "no issuer": lambda authority: authority.token(iss=None),
    "expired": lambda authority: authority.token(lasts=-120),
    "for ever": lambda authority: authority.token(exp=None),
    "not yet": lambda authority: authority.token(nbf=int(time.time()) + 600),
    "another key": lambda authority: authority.token("stranger"),
    "another key under a known name": lambda authority: sign_again(authority, "stranger", "RS256", {"kid": "first"}),
    "tampered": lambda authority: tamper(authority.token()),
    "unsigned": lambda authority: encode_unsigned({"alg": "none", "kid": "first"}, claims_of(authority.token())),
    "signed with the public key": forge,
    "another algorithm": lambda authority: sign_again(authority, "first", "RS512", {"kid": "first"}),
    "without a key's name": lambda authority: sign_again(authority, "first", "RS256", {}),
}


@pytest.mark.parametrize("why", WRONG)
def test_any_other_token_is_refused(nobody: Api, authority: Authority, trusting: HostProcess, why: str) -> None:
    """With 401, what to send instead, and nothing of the token in the answer or the log."""
    token = WRONG[why](authority)

    answer = nobody.get(SERVICE, {"Authorization": f"Bearer {token}".encode().decode("latin-1")})

    assert (answer.status, answer.error["code"]) == (401, "401")
    assert "ApiKey " in answer.headers["www-authenticate"]
    assert f'authorization_uri="{authority.url}/{TENANT}"' in answer.headers["www-authenticate"]
    assert len(token) < 20 or token not in answer.body.decode() + trusting.log()


def test_a_key_opens_whatever_the_token(nobody: Api) -> None:
    """Clients with a key need no token."""
    headers = {"Ocp-Apim-Subscription-Key": "test-key-1", "Authorization": "Bearer x"}

    assert nobody.get(SERVICE, headers).status == 200


def test_a_wrong_key_beside_a_good_token_does_no_harm(nobody: Api, authority: Authority) -> None:
    """Either opens."""
    headers = {"Ocp-Apim-Subscription-Key": "old", "Authorization": f"Bearer {authority.token()}"}

    assert nobody.get(SERVICE, headers).status == 200


def test_a_host_that_trusts_nobody_takes_no_token(api: Api, authority: Authority) -> None:
    """And says that a key is what it wants."""
    answer = call(Api(api.host, api.port, None), authority.token())

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("ApiKey ")
    assert "Bearer" not in answer.headers["www-authenticate"]


def trusting_host(start_host: StartHost, authority: Authority) -> Api:
    return Api.at(start_host(API_KEY_1="test-key-1", **NEVER, **authority.settings).url, None)


def test_keys_are_fetched_once_and_again_for_one_that_is_new(start_host: StartHost) -> None:
    """The tenant changes its keys; unknown names of keys, which anyone can make up, cause one fetch a minute."""
    with Authority() as authority:
        host = trusting_host(start_host, authority)
        with ThreadPoolExecutor(8) as clients:
            before = list(clients.map(lambda _: call(host, authority.token()).status, range(16)))
        at_first = authority.key_requests
        authority.names = ["second"]
        changed = [call(host, authority.token(name)).status for name in ("second", "second", "first")]
        strange = {call(host, authority.token("stranger")).status for _ in range(5)}

        assert (set(before), at_first) == ({200}, 1)
        assert (changed, strange) == ([200, 200, 401], {401})
        assert authority.key_requests == 2


def test_while_the_authority_is_away_only_tokens_wait(start_host: StartHost) -> None:
    """A caller with a token may come back later; one with a key notices nothing."""
    with Authority() as authority:
        host = trusting_host(start_host, authority)
    refused = call(host, authority.token())

    assert (refused.status, refused.error["code"]) == (503, "OperationNotAllowed")
    assert int(refused.headers["retry-after"]) > 0
    assert host.get(SERVICE, {"Ocp-Apim-Subscription-Key": "test-key-1"}).status == 200


def test_while_the_authority_is_slow_calls_with_a_key_are_answered(start_host: StartHost) -> None:
    """The event loop goes on; and who waited is let in."""
    with Authority() as authority:
        authority.pause = 3
        host = trusting_host(start_host, authority)
        with ThreadPoolExecutor(1) as client:
            waits = client.submit(call, host, authority.token())
            time.sleep(0.3)
            with_key = host.get(SERVICE, {"Ocp-Apim-Subscription-Key": "test-key-1"})
            still_waits = not waits.done()

            assert (with_key.status, still_waits) == (200, True)
            assert waits.result().status == 200


def test_tokens_alone_make_a_host_ready(start_host: StartHost) -> None:
    """A deployment need not have keys."""
    with Authority() as authority:
        host = Api.at(start_host(**NEVER, **authority.settings).url, None)

        assert host.get("/ready").status == 200
        assert call(host, authority.token()).status == 200


def test_the_page_is_served_whatever_is_wrong_with_the_settings(new_storage: NewStorage) -> None:
    """It shows what the API says of them."""
    settings = {**NEVER, "AUTH_TENANT": "contoso.com", "AUTH_AUDIENCE": AUDIENCE}
    with HostProcess(new_storage(), env=settings, ready_path="/rankloop") as host:
        page, sign_in = (Api.at(host.url, None).get(f"/rankloop/{name}") for name in ("main.js", "sign-in.json"))
        ready = Api.at(host.url, None).get("/ready")

    assert (page.status, sign_in.status, sign_in.json, ready.status) == (200, 200, {}, 503)
    assert ready.json["missing"][0].startswith("Setting AUTH_TENANT")


STATUS, LOOPS, POLICY = "/rankloop/v1/status", "/rankloop/v1/loops", "/personalizer/v1.0/configurations/policy"
REWARD = "/personalizer/v1.0/events/none/reward"


@pytest.fixture(scope="module")
def with_roles(new_storage: NewStorage, authority: Authority) -> Iterator[Api]:
    """A host whose tokens are made out for an application of the owner's own, and another loop."""
    settings = {"API_KEY_1": "test-key-1", **NEVER, **authority.settings, "AUTH_AUDIENCE": "api://shop"}
    with HostProcess(new_storage(), env=settings) as started:
        make_loop(Api.at(started.url, "test-key-1", tries=4), "news")
        yield Api.at(started.url, None)


@pytest.mark.parametrize(
    ("roles", "opened"),
    [
        (None, []),
        ([], []),
        ("admin", []),
        (["owner", "Rank.All", "rank.", ".news", 1], []),
        (["rank"], [("", "rank"), ("/news", "rank")]),
        (["read.news"], [("/news", "read")]),
        (["rank.news", "read"], [("", "read"), ("/news", "rank"), ("/news", "read")]),
        (["admin.news"], [("/news", "rank"), ("/news", "read"), ("/news", "admin")]),
        (
            ["admin"],
            [(loop, role) for loop in ("", "/news") for role in ("rank", "read", "admin", "owner")],
        ),
    ],
    ids=str,
)
def test_a_token_opens_what_its_app_roles_say(
    with_roles: Api, authority: Authority, roles: object, opened: list[tuple[str, str]]
) -> None:
    """For all loops, or for one; a token without any of them opens nothing."""
    header = {"Authorization": f"Bearer {authority.token(aud='api://shop', roles=roles)}"}
    calls = {
        "rank": ("POST", REWARD, {"value": 1}, 204),
        "read": ("GET", STATUS, None, 200),
        "admin": ("DELETE", POLICY, None, 200),
        "owner": ("GET", LOOPS, None, 200),
    }

    for loop in ("", "/news"):
        for role, (method, path, body, done) in calls.items():
            answer = replace(with_roles, loop=loop).call(method, path, body, header)
            assert answer.status == (done if (loop, role) in opened else 403), (loop, role, answer.body)
            if path == STATUS and answer.status == 200:
                assert answer.json["caller"]["role"] == [role for at, role in opened if at == loop][-1]
