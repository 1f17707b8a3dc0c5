"""Whether Azure still keeps a deleted Key Vault of this environment, whose name a new one cannot take.

`azd down` deletes the vault, and its purge protection keeps it for 90 days, with the API keys. The next `azd up` then
has to recover it: clients go on with the keys they have.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from deployment import azd
from deployment.calls import Answer, Unreachable, ask
from localhost.setup.programs import CannotSetUp, say

MANAGEMENT = "https://management.azure.com"
RECOVER = "RANKLOOP_RECOVER_VAULT"
_NEEDED = ("AZURE_SUBSCRIPTION_ID", "AZURE_LOCATION")
_PATH = "/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-07-01"
_TRIES, _PAUSE_SECONDS, _MOST_PAGES = 3, 2.0, 100
_NETWORK = "Check the network connection (or this machine's proxy), then run it again."
NAME = re.compile(r"kv-rank-[a-z0-9]{13}")
"""What infra/main.bicep calls the vault."""
_NEVER_USED = ("MissingSubscriptionRegistration", "NoRegisteredProviderFound")
_UNKNOWN_SUBSCRIPTION = ("SubscriptionNotFound", "InvalidSubscriptionId")
_LATER = "If the deployment then says that the vault's name is taken"


class _ListRefused(Exception):
    """The list is not given, now or later; the text is the management service's."""


def preprovision(environment: Mapping[str, str], management: str = MANAGEMENT) -> int:
    """Write into azd's environment whether the deployment has to recover a vault, and give the exit code.

    What would make the deployment itself fail (no login, no network, a subscription that is not there) ends it here,
    where a next step helps. Another refusal, of missing rights above all, does not: a first deployment needs no
    such rights, since there is no vault yet.

    Raises:
        CannotSetUp: It cannot be found out, or azd has not started this.
    """
    azd.environment_name(environment, "azd provision, which is part of azd up,")
    missing = [name for name in _NEEDED if not environment.get(name)]
    if missing:
        say(f"azd does not know {' and '.join(missing)} yet, so deleted Key Vaults were not looked for.")
        say(f"  {_LATER}: azd provision once more. It is looked for then.")
        return 0
    try:
        vault = _find_deleted(environment, management)
    except _ListRefused as refusal:
        say(f"Whether a deleted Key Vault has to be recovered cannot be seen: {refusal}")
        say(f"  {_LATER}: azd env set {RECOVER} true, and azd provision. Afterwards: azd env set {RECOVER} false.")
        return 0
    if vault:
        say(f"Azure keeps the deleted Key Vault {vault} of this environment: it is recovered, with its API keys.")
    azd.set_value(RECOVER, "true" if vault else "false", environment)
    return 0


def _find_deleted(environment: Mapping[str, str], management: str) -> str | None:
    """Give the name of the environment's deleted vault, if there is one; others may have the environment's tag too."""
    token = azd.token(f"{management}/.default", environment)
    wanted = (environment["AZURE_ENV_NAME"].lower(), _plain(environment["AZURE_LOCATION"]))
    url = f"{management}/subscriptions/{quote(environment['AZURE_SUBSCRIPTION_ID'], safe='')}{_PATH}"
    for vault in _list_deleted(url, token, environment, management):
        properties = vault.get("properties") or {}
        tags, name = properties.get("tags") or {}, str(vault.get("name", ""))
        match = (str(tags.get("azd-env-name", "")).lower(), _plain(str(properties.get("location", ""))))
        if NAME.fullmatch(name) and match == wanted:
            return name
    return None


def _plain(location: str) -> str:
    """A region as azd writes it: `West Europe` is `westeurope`."""
    return location.replace(" ", "").lower()


def _list_deleted(url: str, token: str, environment: Mapping[str, str], management: str) -> Iterator[dict[str, Any]]:
    for _ in range(_MOST_PAGES):
        page = _page(url, token, environment)
        yield from (vault for vault in page.get("value") or () if isinstance(vault, dict))
        url = str(page.get("nextLink") or "")
        if not url:
            return
        if urlsplit(url)[:2] != urlsplit(management)[:2]:  # the token is for nobody else
            raise CannotSetUp(f"The list of deleted Key Vaults goes on at {urlsplit(url).netloc}", _NETWORK)
    raise CannotSetUp("The list of deleted Key Vaults has no end", "Run it again.")


def _page(url: str, token: str, environment: Mapping[str, str]) -> dict[str, Any]:
    answer = _get(url, token)
    if answer.status == 200:
        return answer.document
    if answer.code in _NEVER_USED:  # no resource of this kind was ever made in the subscription
        return {}
    what = f"The list of deleted Key Vaults was answered {answer.summary()}"
    if answer.status == 401:
        raise CannotSetUp(what, azd.sign_in(environment.get("AZURE_TENANT_ID", "")))
    if answer.code in _UNKNOWN_SUBSCRIPTION:
        raise CannotSetUp(
            what, "azd env set AZURE_SUBSCRIPTION_ID with one that azd's account sees, then run it again."
        )
    if answer.status == 429 or answer.status >= 500:
        raise CannotSetUp(what, "Wait a minute, then run it again.")
    raise _ListRefused(f"{answer.status} {answer.code}: {answer.message}".rstrip(": "))


def _get(url: str, token: str) -> Answer:
    """Ask, and ask again if the network or the service was out of step."""
    for _ in range(_TRIES - 1):
        try:
            answer = ask("GET", url, {"Authorization": f"Bearer {token}"})
            if answer.status != 429 and answer.status < 500:
                return answer
        except Unreachable as error:
            say(f"  trying again: {error}")
        time.sleep(_PAUSE_SECONDS)
    try:
        return ask("GET", url, {"Authorization": f"Bearer {token}"})
    except Unreachable as error:
        raise CannotSetUp(f"Azure's management service cannot be reached: {error}", _NETWORK) from error
