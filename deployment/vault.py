"""Whether Azure still keeps a deleted Key Vault of this environment, whose name a new one cannot take.

`azd down` deletes the vault, and its purge protection keeps it for 90 days, with the API keys. The next `azd up` then
has to recover it: clients go on with the keys they have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from deployment import azd
from deployment.management import MANAGEMENT, SCOPE, get, items
from localhost.setup.programs import CannotSetUp, say

RECOVER = "RANKLOOP_RECOVER_VAULT"
_NEEDED = ("AZURE_SUBSCRIPTION_ID", "AZURE_LOCATION")
_PATH = "/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-07-01"
NAME = re.compile(r"kv-rank-[a-z0-9]{13}")
"""What infra/main.bicep calls the vault."""
_NEVER_USED = ("MissingSubscriptionRegistration", "NoRegisteredProviderFound")
_UNKNOWN_SUBSCRIPTION = ("SubscriptionNotFound", "InvalidSubscriptionId")
_LATER = "If the deployment then says that the vault's name is taken"


class _ListRefused(Exception):
    """The list is not given, now or later; the text is the management service's."""


def preprovision(environment: Mapping[str, str]) -> int:
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
        vault = _find_deleted(environment)
    except _ListRefused as refusal:
        say(f"Whether a deleted Key Vault has to be recovered cannot be seen: {refusal}")
        say(f"  {_LATER}: azd env set {RECOVER} true, and azd provision. Afterwards: azd env set {RECOVER} false.")
        return 0
    if vault:
        say(f"Azure keeps the deleted Key Vault {vault} of this environment: it is recovered, with its API keys.")
    azd.set_value(RECOVER, "true" if vault else "false", environment)
    return 0


def _find_deleted(environment: Mapping[str, str]) -> str | None:
    """Give the name of the environment's deleted vault, if there is one; others may have the environment's tag too."""
    token = azd.token(SCOPE, environment)
    wanted = (environment["AZURE_ENV_NAME"].lower(), _plain(environment["AZURE_LOCATION"]))
    url = f"{MANAGEMENT}/subscriptions/{quote(environment['AZURE_SUBSCRIPTION_ID'], safe='')}{_PATH}"
    for vault in items(url, lambda page: _page(page, token, environment), "The list of deleted Key Vaults"):
        properties = vault.get("properties") or {}
        tags, name = properties.get("tags") or {}, str(vault.get("name", ""))
        match = (str(tags.get("azd-env-name", "")).lower(), _plain(str(properties.get("location", ""))))
        if NAME.fullmatch(name) and match == wanted:
            return name
    return None


def _plain(location: str) -> str:
    """A region as azd writes it: `West Europe` is `westeurope`."""
    return location.replace(" ", "").lower()


def _page(url: str, token: str, environment: Mapping[str, str]) -> dict[str, Any]:
    answer = get(url, token)
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
