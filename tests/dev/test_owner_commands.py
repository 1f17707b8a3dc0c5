"""`loop` and `key` on a real deployment: what they do, what they print, and what they refuse."""

import re
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from localhost import private_files
from localhost.azurite.emulator import Azurite
from localhost.report.welcome import Welcome
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


def test_all_loops_are_listed(owner: Api) -> None:
    """Also those that are not on the first page."""
    names = [f"many-{number}" for number in range(101)]
    with ThreadPoolExecutor(4) as pool:
        made = {answer.status for answer in pool.map(lambda name: owner.put(f"/rankloop/v1/loops/{name}", {}), names)}

    assert made == {201}
    assert set(names) < set(run("loop", "list", endpoint=owner.url)[1].split())


def test_a_loop_that_is_made_at_the_address_of_another_is_beside_it(owner: Api) -> None:
    """Such an address is in the variable of whoever works with the other loop's keys."""
    run("loop", "make", "first", endpoint=owner.url)

    _, made = run("loop", "make", "second", endpoint=f"{owner.url}/first")

    assert re.findall(r"http\S+", made) == [f"{owner.url}/second"] * 2


def test_what_is_told_to_do_next_works_with_the_key_of_the_folder_of_up(owner: Api, tmp_path: Path) -> None:
    """Whoever let `up` make a key has none in a variable."""
    Welcome(owner.url, "", is_open=False).write(tmp_path)
    private_files.write(tmp_path / "key", KEY)
    _, made = run("loop", "make", "next", f"--data={tmp_path}", key="")
    (command,) = re.findall(r"dev.py (key make NAME .*)", made)

    code, output = run(*shlex.split(command), key="")

    assert (code, "with the role rank was made" in output) == (0, True), output
    assert run("key", "list", endpoint="http://127.0.0.1:1", key="")[0] == 2


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
