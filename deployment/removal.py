"""What `azd down` deletes and what stays; azd asks only whether so many resources are to go, not what was in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from deployment import azd
from localhost.setup.places import WINDOWS
from localhost.setup.programs import quietly, say

_DELETED = """azd down deletes the resource group{group} with everything in it:
  * the function app{endpoint};
  * the storage account: the log, the models, the configuration, the waiting events. That is all that was learned,
    and it does not come back;
  * the measurements, the alerts and the workbook.
What stays: the Key Vault{vault} with the API keys. Azure keeps it for 90 days, also after azd down --purge,
and the next azd up of this environment in the same region brings it back, so that clients keep their keys."""
_COPY = """
To keep a copy, answer no and, with an account that has the role Storage Blob Data Reader, run first:
  curl -X POST {endpoint}/rankloop/v1/exports -H "Ocp-Apim-Subscription-Key: $({show_keys})"
  account=$(az storage account list --resource-group {group} --query "[0].name" --output tsv)
  mkdir copy
  az storage blob download-batch --account-name $account --auth-mode login --source loops --destination copy
  az storage blob download-batch --account-name $account --auth-mode login --source exports --destination copy
The waiting events are not in it: they lie in tables until they are learned."""
_PRIVATE = """Storage is reached by a private network only, so run the lines with az on a machine inside it."""
_OUTPUTS = ("AZURE_RESOURCE_GROUP", "RANKLOOP_ENDPOINT", "RANKLOOP_SHOW_KEYS", "AZURE_KEY_VAULT_NAME")
_UNASKED = {"--force", "--force=true", "--no-prompt", "--no-prompt=true"}
_MOST_PARENTS = 8


def predown(environment: Mapping[str, str]) -> int:
    """Say what will be lost, ask whether it may be, and give the exit code: 1 stops azd.

    It asks where somebody can answer: not without a terminal, and not after `azd down --force` or `--no-prompt`. On
    Windows that cannot be found out, and azd's own question, which follows, is the only one.

    Raises:
        CannotSetUp: azd has not started it.
    """
    name = azd.environment_name(environment, "azd down")
    _print_losses(environment)
    if WINDOWS or not (sys.stdin.isatty() and sys.stdout.isatty()) or _is_forced():
        return 0
    return _confirm(name)


def _print_losses(environment: Mapping[str, str]) -> None:
    """Say it with the names that azd knows; without them nothing may be there yet, and commands would be of no use."""
    group, endpoint, show_keys, vault = (environment.get(name, "") for name in _OUTPUTS)
    there = f": {endpoint} answers no more" if endpoint else ""
    say(_DELETED.format(group=group and f" {group}", endpoint=there, vault=vault and f" {vault}"))
    if group and endpoint and show_keys:
        say(_COPY.format(group=group, endpoint=endpoint, show_keys=show_keys))
        if environment.get("RANKLOOP_PRIVATE_NETWORKING", "").lower() == "true":
            say(_PRIVATE)


def _confirm(name: str) -> int:
    try:
        typed = input(f"\nTo delete all that was learned, type the environment's name ({name}): ")
    except EOFError:
        typed = ""
    if typed.strip() == name:
        return 0
    say("Nothing was deleted.")
    return 1


def _is_forced() -> bool:
    """Whether azd, which has started the shell that has started this, runs with an option to ask nothing."""
    process = os.getppid()
    for _ in range(_MOST_PARENTS):
        code, output = quietly(["ps", "-o", "ppid=", "-o", "args=", "-p", str(process)], timeout=10)
        parent, *arguments = output.split() if code == 0 else ["0"]
        if "down" in arguments and _UNASKED & set(arguments):
            return True
        if not parent.isdigit() or int(parent) <= 1:
            return False
        process = int(parent)
    return False
