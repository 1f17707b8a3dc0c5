"""Writes down which flags az has for each command that the pages name; needs azure-cli, and is run by hand:

    python -m tests.infra.az_commands az

The argument is what starts azure-cli, such as `az`. What is known of azd stays as it is: no package of azd lists them.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.infra.page_commands import calls
from tests.unit.pages import pages

COMMANDS_FILE = Path(__file__).with_name("commands.json")
_FLAG = re.compile(r"^ {4}(?P<names>-[\w-]+(?: -[\w-]+)*) *(?P<required>\[Required\])?", re.MULTILINE)


def help_of(az: Sequence[str], command: str) -> dict[str, Any]:
    """The flags of a command, and those that it cannot do without, from its own help.

    Raises:
        subprocess.CalledProcessError: There is no such command.
    """
    help_command = [*az, *command.split(), "--help"]
    output = subprocess.run(help_command, capture_output=True, text=True, check=True).stdout
    matches = [(match["names"].split(), bool(match["required"])) for match in _FLAG.finditer(output)]
    flags = sorted({name for names, _ in matches for name in names})
    return {"flags": flags, "required": [names for names, required in matches if required]}


def list_commands() -> list[str]:
    """The commands of az that the pages name."""
    return sorted({" ".join(call.plain) for page in pages() for call in calls(page, "az")})


def main(az: Sequence[str]) -> None:
    """Ask azure-cli for all of them."""
    document = json.loads(COMMANDS_FILE.read_text(encoding="utf-8"))
    output = subprocess.run([*az, "version", "--output", "json"], capture_output=True, text=True, check=True).stdout
    version = json.loads(output)["azure-cli"]
    document["az"] = {
        "source": f"The help of azure-cli {version}, as written down by tests/infra/az_commands.py",
        "commands": {command: help_of(az, command) for command in list_commands()},
    }
    lines = json.dumps(document, indent=1, ensure_ascii=False)
    COMMANDS_FILE.write_text(re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", _join_lines, lines) + "\n", encoding="utf-8")


def _join_lines(match: re.Match[str]) -> str:
    return "[" + re.sub(r"\s+", " ", match[1]) + "]"


if __name__ == "__main__":
    main(shlex.split(sys.argv[1]))
