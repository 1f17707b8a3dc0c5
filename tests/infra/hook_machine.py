"""A machine on which azd runs the hooks of azure.yaml; azd itself only pretends."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deployment import package_id
from localhost.environment import ROOT
from tests.infra import azure_yaml
from tests.infra.cloud import VAULT_NAME

TOKEN = "a-token-of-azd"
VALUES = {
    "AZURE_ENV_NAME": "shop",
    "AZURE_SUBSCRIPTION_ID": "0d0c",
    "AZURE_LOCATION": "westeurope",
    "AZURE_TENANT_ID": "7e7a",
}
SET = "env set --environment shop RANKLOOP_RECOVER_VAULT"
PYTHON = f"""#!/bin/sh
exec {sys._base_executable} "$@"
"""  # type: ignore[attr-defined]
AZD = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["PRETEND_CALLS"], "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
print("WARNING: your version of azd is out of date", file=sys.stderr)
if "PRETEND_EXPIRED" in os.environ:
    sys.exit("ERROR: not logged in, run `azd auth login` to login")
if sys.argv[1:3] == ["auth", "token"]:
    print(json.dumps({{"token": "{TOKEN}", "expiresOn": "2030-01-01T00:00:00Z"}}))
"""


@dataclass(slots=True)
class Machine:
    """One on which azd runs hooks.

    Attributes:
        folder: Of what is pretended.
        variables: What the environment has beside azd's values.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def program(self, name: str, text: str) -> None:
        """Put a program on the PATH."""
        path = self.folder / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def environment(self, values: Mapping[str, str]) -> dict[str, str]:
        """All that a hook gets."""
        path = f"{self.folder / 'programs'}{os.pathsep}/usr/bin{os.pathsep}/bin"
        return {"PATH": path, "PRETEND_CALLS": str(self.folder / "calls"), **values, **self.variables}

    def script(self, name: str) -> str:
        """The file that azd makes of what a hook has to run."""
        path = self.folder / "hook.sh"
        path.write_text(f"#!/bin/sh\nset -e\n\n{azure_yaml.hook(name).run}\n", encoding="utf-8")
        return str(path)

    def project(self, package: str) -> Path:
        """A folder with what hooks need of this project, and a deployment folder that has an id and nothing else."""
        folder = self.folder / "project"
        (folder / "dist").mkdir(parents=True)
        (folder / "dist" / package_id.FILE).write_text(package, encoding="utf-8")
        shutil.copy(ROOT / "dev.py", folder)
        for name in ("deployment", "localhost"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        return folder

    def run(self, hook: str, values: Mapping[str, str] = VALUES, project: Path = ROOT) -> tuple[int, str]:
        """Run a hook of a project as azd does without a terminal; gives the exit code and all output."""
        command = ["/bin/sh", self.script(hook)]
        done = subprocess.run(
            command,
            cwd=project,
            env=self.environment(values),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stdout, done.stdout
        assert TOKEN not in done.stdout
        return done.returncode, done.stdout

    def calls(self) -> list[str]:
        """How azd was called."""
        path = self.folder / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def was_set(self) -> list[str]:
        """What the hook has put into azd's environment, in the variable for recovering."""
        commands = [call.removesuffix(" --no-prompt") for call in self.calls()]
        return [call.removeprefix(SET).strip() for call in commands if call.startswith(SET)]


def outputs(endpoint: str) -> dict[str, str]:
    """What azd knows after it has deployed."""
    reference = f"akvs://0d0c/{VAULT_NAME}/api-key-1"
    return {**VALUES, "RANKLOOP_ENDPOINT": endpoint, "RANKLOOP_KEY_REFERENCE": reference, "RANKLOOP_SHOW_KEYS": "az …"}
