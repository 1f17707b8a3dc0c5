"""The Azure Developer CLI, azd, of which our commands are hooks: its login, and the values of its environment."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping

from localhost.setup.programs import CannotSetUp

_SECONDS = 120
_INSTALL = "Install azd (see https://aka.ms/azd-install) so that it is on the PATH, then run it again."


def environment_name(environment: Mapping[str, str], command: str) -> str:
    """Give the name of azd's environment.

    Args:
        command: What azd runs this hook in.

    Raises:
        CannotSetUp: azd has not started this.
    """
    name = environment.get("AZURE_ENV_NAME", "")
    if not name:
        raise CannotSetUp(
            "This is a hook, and azd has not started it: there is no AZURE_ENV_NAME", f"{command} runs it."
        )
    return name


def token(scope: str, environment: Mapping[str, str]) -> str:
    """Give a token of the account that azd is signed in with.

    Args:
        scope: For which service, as in `https://vault.azure.net/.default`.
        environment: Its AZURE_TENANT_ID, if there is one, says in which tenant.

    Raises:
        CannotSetUp: There is no azd, or its login is no good.
    """
    tenant = environment.get("AZURE_TENANT_ID", "")
    chosen = ["--tenant-id", tenant] if tenant else []
    code, answer, complaint = _run("auth", "token", "--output", "json", "--scope", scope, *chosen)
    try:
        given = json.loads(answer)["token"] if code == 0 else ""
    except (ValueError, KeyError, TypeError):
        given = ""
    if not (isinstance(given, str) and given):
        complaint_text = complaint if code else "azd answered without a token"
        raise CannotSetUp("azd is not signed in, or its login has expired", sign_in(tenant), complaint_text)
    return given


def sign_in(tenant: str) -> str:
    """Say how to sign in again."""
    return f"azd auth login{f' --tenant-id {tenant}' if tenant else ''}, then run it again."


def set_value(name: str, value: str, environment: Mapping[str, str]) -> None:
    """Put a value into azd's environment; azd reads it again after the hook.

    Raises:
        CannotSetUp: azd did not take it.
    """
    code, output, complaint = _run("env", "set", "--environment", environment["AZURE_ENV_NAME"], name, value)
    if code:
        raise CannotSetUp(
            f"azd did not take {name}", f"azd env set {name} {value}, then run it again.", output + complaint
        )


def _run(*arguments: str) -> tuple[int, str, str]:
    """Run azd; its output is kept apart from what it complains about, news of its own versions among that."""
    program = shutil.which("azd")
    if program is None:
        raise CannotSetUp("There is no azd here", _INSTALL)
    command = [program, *arguments, "--no-prompt"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return -1, "", f"azd {arguments[0]} {arguments[1]} did not work: {type(error).__name__}"
    return done.returncode, done.stdout, done.stderr
