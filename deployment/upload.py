"""Whether the package can be uploaded: the hook that waits until the roles on storage have an effect.

The first `azd up` uploads the package seconds after the templates have given these roles. The platform stores it as an
identity of its own, as which nobody else can try anything. So the hook goes by two things: how old the assignments are,
and whether the container takes a write of who deploys, whose role there was given at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from time import sleep
from typing import NamedTuple

from deployment import azd
from deployment.assignments import read_age
from deployment.calls import Answer, Unreachable, ask
from deployment.patience import Patience, Trouble
from localhost.setup.programs import CannotSetUp, say

PATIENCE_SECONDS = 300.0
_SETTLED_SECONDS, _OLD_SECONDS = 120.0, 600.0
"""When roles mostly have an effect, and when they have one for certain."""
_CONTAINER_URL = "RANKLOOP_DEPLOYMENT_CONTAINER"
_NEEDED = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", _CONTAINER_URL)
_CONTAINER = re.compile(r"https://(?P<account>[a-z0-9]{3,24})\.blob\.[a-z0-9.-]+/(?P<name>[a-z0-9-]{3,63})")
_PROBE = "rankloop-can-write"
_VERSION = "2021-12-02"
_SCOPE = "https://storage.azure.com/.default"
_NETWORK_CODES = ("AuthorizationFailure", "PublicAccessNotPermitted")
"""How storage says that it lets nobody in from this network, whatever their roles."""
_OWN = "Who deploys need not: the platform stores the package as an identity of its own. So the deployment goes on."
_LATER = "If the upload is refused with 403, wait some minutes and run azd deploy again: docs/deploy.md, Trouble."
_AGAIN = (
    "azd deploy, in some minutes: ten minutes after the roles were given it goes on without this write. "
    "docs/deploy.md tells more, under Trouble."
)


class _Container(NamedTuple):
    url: str
    account: str
    name: str


class _Refused(CannotSetUp):
    """The container takes no write of who deploys."""


def predeploy(environment: Mapping[str, str], seconds: float = PATIENCE_SECONDS) -> int:
    """Wait until the package can be uploaded, and give the exit code.

    Args:
        seconds: How long a write is tried at most, once the assignments have their two minutes.

    Raises:
        CannotSetUp: azd has not started it, its login is no good, there is no container, or new roles have no effect.
    """
    azd.environment_name(environment, "azd deploy, which is part of azd up,")
    missing = [name for name in _NEEDED if not environment.get(name)]
    if missing:
        say(
            f"azd does not know {' and '.join(missing)} (azd provision tells), so roles on storage were not waited for."
        )
        say(f"  {_LATER}")
        return 0
    container = _read_container(environment[_CONTAINER_URL])
    _wait_for_roles(container, environment, seconds)
    return 0


def _read_container(url: str) -> _Container:
    """Take the address apart; a token goes there, so it has to be storage's."""
    named = _CONTAINER.fullmatch(url.rstrip("/"))
    if named is None:
        raise CannotSetUp(f"{_CONTAINER_URL} is no address of a container: {url}", "azd env refresh, then azd deploy.")
    return _Container(named[0], named["account"], named["name"])


def _wait_for_roles(container: _Container, environment: Mapping[str, str], seconds: float) -> None:
    age = read_age(environment, container.account, container.name)
    _wait_until_settled(age)
    is_private = environment.get("RANKLOOP_PRIVATE_NETWORKING", "").lower() == "true"
    if is_private and not environment.get("RANKLOOP_ALLOWED_ADDRESSES", "").strip():
        say("Storage is reached by a private network only, so a write was not tried from here.")
        return
    young_for = 0.0 if age is None else max(0.0, _OLD_SECONDS - age)
    try:
        _try_to_write(container, environment, min(seconds, young_for))
    except _Refused as refusal:
        if seconds < young_for:
            raise
        say(f"{str(refusal).splitlines()[0]}\n  {_OWN}")


def _wait_until_settled(age: float | None) -> None:
    left = _SETTLED_SECONDS - (age or 0.0)
    if left > 0:
        say(f"Waiting {left:.0f} s: roles on storage that were just given need two minutes before they have an effect.")
        sleep(left)


def _try_to_write(container: _Container, environment: Mapping[str, str], seconds: float) -> None:
    """Write until it works, and say what came of it.

    Raises:
        CannotSetUp: There is no such container, or azd's login is no good.
        _Refused: It did not work in time.
    """
    headers = {"Authorization": f"Bearer {azd.token(_SCOPE, environment)}", "x-ms-version": _VERSION}
    try:
        answer = Patience(seconds).until(lambda: _write(container, headers), _Refused)
    except Unreachable as error:
        say(f"{container.account} cannot be reached from here, so a write was not tried: {error}. {_LATER}")
    else:
        _conclude(container, answer)


def _write(container: _Container, headers: Mapping[str, str]) -> Answer | Trouble:
    """Write a small blob and delete it again; it is no matter whether the latter works."""
    url = f"{container.url}/{_PROBE}"
    answer = ask("PUT", url, {**headers, "x-ms-blob-type": "BlockBlob"}, b"Whether it can be written.")
    if answer.status == 201:
        with suppress(Unreachable):
            ask("DELETE", url, headers)
    refused = answer.status == 403 and _code(answer) not in _NETWORK_CODES
    if refused or answer.status == 429 or answer.status >= 500:
        return Trouble(
            f"The container {container.name} of {container.account} takes no write of yours: {_text(answer)}", _AGAIN
        )
    return answer


def _conclude(container: _Container, answer: Answer) -> None:
    place = f"The container {container.name} of {container.account}"
    if answer.status == 404:
        raise CannotSetUp(f"{place} is not there: {_text(answer)}", "azd provision, then azd deploy.")
    if answer.status == 201:
        say("The roles on storage have an effect: the package can be uploaded.")
    else:
        say(f"{place} lets no write in from here: {_text(answer)}. {_LATER}")


def _code(answer: Answer) -> str:
    """The code of a refusal, which storage writes as XML."""
    code = re.search(rb"<Code>(\w{1,100})</Code>", answer.body)
    return code[1].decode() if code else ""


def _text(answer: Answer) -> str:
    return f"{answer.status} {_code(answer)}".rstrip()
