"""`loop` and `key` on a real deployment: what they do, what they print, and what they refuse."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from localhost.azurite.emulator import Azurite
from tests.dev.test_report import run
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop.conftest import KEY, NEVER

STATUS = "/rankloop/v1/status"


@pytest.fixture(scope="module")
def owner(azurite: Azurite) -> Iterator[Api]:
    with HostProcess(azurite.new_account().connection_string, env=NEVER) as host:
        yield Api.at(host.url, KEY, tries=4)


def test_a_loop_is_made_listed_and_deleted(owner: Api) -> None:
    """The lines say where it is called, and what comes next."""
    code, made = run("loop", "make", "news", "--copy-settings-from", "default", endpoint=owner.url)
    assert (code, f"endpoint for its clients: {owner.url}/news" in made) == (0, True)
    assert "was there already" in run("loop", "make", "news", endpoint=owner.url)[1]
    assert run("loop", "list", endpoint=owner.url) == (0, "default\nnews\n")

    code, refused = run("loop", "delete", "news", endpoint=owner.url)
    assert (code, "Next step: If that is what you want, add --yes." in refused) == (2, True)
    assert run("loop", "delete", "news", "--yes", endpoint=owner.url)[0] == 0
    assert run("loop", "list", endpoint=owner.url) == (0, "default\n")


def test_a_key_is_made_rotated_listed_and_revoked(owner: Api) -> None:
    run("loop", "make", "shop", endpoint=owner.url)
    loop = replace(owner, loop="/shop")
    assert "no keys of its own" in run("key", "list", endpoint=loop.url)[1]
    code, made = run("key", "make", "board", "--role", "read", "--expires", "2090-01-01T00:00:00Z", endpoint=loop.url)
    keys = re.findall(r"rankloop-\w+-\w+", made)
    assert (code, [replace(loop, key=key).get(STATUS).status for key in keys]) == (0, [200])

    keys += re.findall(r"rankloop-\w+-\w+", run("key", "rotate", "board", endpoint=loop.url)[1])
    assert [replace(loop, key=key).get(STATUS).status for key in keys] == [200, 200]
    _, listed = run("key", "list", endpoint=loop.url)
    assert [line.split()[:2] for line in listed.splitlines()[2:]] == [["board", "read"], ["board", "read"]]
    assert not any(key in listed for key in keys)
    assert run("key", "revoke", "board", endpoint=loop.url)[0] == 0
    assert "no keys of its own" in run("key", "list", endpoint=loop.url)[1]


@pytest.mark.parametrize(
    ("arguments", "problem", "step"),
    [
        (("loop", "make", "A_b"), "a loop's name has 1 to 40", "Correct what the message names."),
        (("loop", "delete", "none", "--yes"), "404", "Correct what the message names."),
        (("key", "revoke", "none"), "no key of that name", "Correct what the message names."),
        (("key", "rotate", "none", "--keep-old-for", "soon"), "keepOldFor", "Correct what the message names."),
    ],
)
def test_what_cannot_be_done_is_told_with_the_next_step(
    owner: Api, arguments: tuple[str, ...], problem: str, step: str
) -> None:
    code, output = run(*arguments, endpoint=owner.url)

    assert (code, problem in output, step in output, "Traceback" in output) == (2, True, True, False), output


def test_a_key_without_the_role_is_told_so(owner: Api) -> None:
    _, made = run("key", "make", "client", "--role", "rank", endpoint=owner.url)
    (key,) = re.findall(r"rankloop-\w+-\w+", made)

    code, output = run("loop", "list", endpoint=owner.url, key=key)

    assert (code, "needs a key of the deployment" in output, "RANKLOOP_KEY" in output) == (2, True, True)
