"""What azd gives to the deployment: `main.parameters.json`, taken apart."""

import json
import re
from typing import Any

from tests.infra.bicep import INFRA

_VARIABLE = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")


def read_parameters() -> dict[str, Any]:
    """What `main.parameters.json` gives, by the parameter's name."""
    document = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))
    return {name: entry["value"] for name, entry in document["parameters"].items()}


def variables(value: Any) -> dict[str, str | None]:
    """The variables of azd in a value, each with the default that it has there."""
    return {name: default if "=" in whole else None for whole, name, default in _match_variables(json.dumps(value))}


def _match_variables(text: str) -> list[tuple[str, str, str]]:
    return [(match[0], match[1], match[2] or "") for match in _VARIABLE.finditer(text)]
