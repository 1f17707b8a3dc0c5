"""Where the smoke check has its key from: a variable, or, as a hook of azd, the Key Vault of the deployment.

azd can resolve the reference itself before it starts a hook. It does so once, and fails if the role that reads the
vault, made minutes ago, has no effect yet. So it is read here, with azd's login, where one can wait.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from deployment import azd
from deployment.calls import Answer, Unreachable, ask
from deployment.patience import Patience, Trouble
from localhost.setup.programs import CannotSetUp

REFERENCE = "akvs://"
_REFERENCE = re.compile(r"akvs://[^/]+/(?P<vault>[A-Za-z0-9-]{3,24})/(?P<secret>[A-Za-z0-9-]{1,127})")
_SHOWN = "azd env get-value RANKLOOP_SHOW_KEYS tells the command that shows them"
_SET = f"Set the variable RANKLOOP_KEY to one of the loop's keys; {_SHOWN}."
_ROLE = (
    "Roles take some minutes: wait, then run it again. "
    "If it stays, give your account the role Key Vault Secrets User there."
)
_REACH = "Check the network connection and the vault's firewall, then run it again."


def key(environment: Mapping[str, str], patience: Patience) -> str:
    """Give the key: RANKLOOP_KEY, or the secret that a reference of azd's environment names.

    Where azd has resolved the reference itself, the key stands in its place. So neither value is ever shown.

    Raises:
        CannotSetUp: There is none, or it cannot be read.
    """
    own, given = (environment.get(name, "").strip() for name in ("RANKLOOP_KEY", "RANKLOOP_KEY_REFERENCE"))
    value = own if own.startswith(REFERENCE) or not given else given
    if not value:
        raise CannotSetUp("There is no key to check with: the variable RANKLOOP_KEY is empty", _SET)
    if value.startswith(REFERENCE):
        value = _from_vault(value, environment, patience)
    if not (value.isascii() and value.isprintable()):
        raise CannotSetUp("The key has characters that no header can hold", _SET)
    return value


def _from_vault(reference: str, environment: Mapping[str, str], patience: Patience) -> str:
    named = _REFERENCE.fullmatch(reference)
    if named is None:
        raise CannotSetUp("In the place of the key there is a reference of azd's, and it names no secret", _SET)
    place = f"Secret {named['secret']} of Key Vault {named['vault']}"
    url = f"https://{named['vault']}.vault.azure.net/secrets/{named['secret']}?api-version=7.4"
    headers = {"Authorization": f"Bearer {azd.token('https://vault.azure.net/.default', environment)}"}

    def attempt() -> Answer | Trouble:
        try:
            answer = ask("GET", url, headers)
        except Unreachable as error:
            return Trouble(f"{place} cannot be reached: {error}", _REACH)
        if answer.status in (403, 429) or answer.status >= 500:
            return Trouble(f"{place} cannot be read yet: {answer.summary()}", _ROLE)
        return answer

    answer = patience.until(attempt, CannotSetUp)
    value = answer.document.get("value")
    if answer.status != 200 or not isinstance(value, str):
        raise CannotSetUp(f"{place} was answered {answer.summary()}", f"azd provision, or: {_SET}")
    return value.strip()
