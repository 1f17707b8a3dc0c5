"""How long ago the roles on the storage account were given: it takes minutes until they have an effect everywhere."""

from __future__ import annotations

import time
from calendar import timegm
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from deployment import azd
from deployment.management import MANAGEMENT, SCOPE, get, items
from localhost.setup.programs import say

_ACCOUNT = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Storage/storageAccounts/{}"
_LIST = "/blobServices/default/containers/{}/providers/Microsoft.Authorization/roleAssignments"
_QUERY = "api-version=2022-04-01&$filter=atScope()"
_TIME = "%Y-%m-%dT%H:%M:%S"


class _ListRefused(Exception):
    """The list is not given; the text is the management service's."""


def read_age(environment: Mapping[str, str], account: str, container: str) -> float | None:
    """Give for how many seconds the newest assignment has been there that is about a container or its account.

    Returns:
        At least 0, by this machine's clock; None if it cannot be seen, after saying so.

    Raises:
        CannotSetUp: azd's login is no good, or there is no network.
    """
    named = (environment["AZURE_SUBSCRIPTION_ID"], environment["AZURE_RESOURCE_GROUP"], account)
    on_account = _ACCOUNT.format(*(quote(name, safe="") for name in named))
    url = f"{MANAGEMENT}{on_account}{_LIST.format(container)}?{_QUERY}"
    token = azd.token(SCOPE, environment)
    try:
        assignments = items(url, lambda page: _page(page, token), "The list of role assignments")
        given = [_read_time(properties) for properties in map(_properties, assignments) if _is_on(properties, account)]
    except _ListRefused as refusal:
        say(f"How long ago the roles on storage were given cannot be seen: {refusal}")
        return None
    if not given:
        say("No role on storage is listed, so it cannot be seen how long ago they were given.")
        return None
    return max(0.0, time.time() - max(given))


def _page(url: str, token: str) -> dict[str, Any]:
    answer = get(url, token)
    if answer.status != 200:
        raise _ListRefused(answer.summary())
    return answer.document


def _properties(assignment: Mapping[str, Any]) -> dict[str, Any]:
    properties = assignment.get("properties")
    return properties if isinstance(properties, dict) else {}


def _is_on(properties: Mapping[str, Any], account: str) -> bool:
    """Whether an assignment is about the account or what is in it, and not about all of a group or a subscription."""
    return f"/storageaccounts/{account}" in str(properties.get("scope", "")).lower()


def _read_time(properties: Mapping[str, Any]) -> float:
    """Seconds since 1970; Azure writes seven digits behind the second, which are left out."""
    try:
        return timegm(time.strptime(str(properties.get("createdOn"))[:19], _TIME))
    except ValueError:
        return 0.0
