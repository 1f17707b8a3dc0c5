"""The project's own infrastructure, read once."""

import json
import re
from functools import cache
from typing import Any

from localhost.environment import ROOT
from tests.infra.bicep.expressions import Object, Text
from tests.infra.bicep.template import Template, Value, read

INFRA = ROOT / "infra"
_VARIABLE = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")


@cache
def template() -> Template:
    """The Bicep files in `infra`."""
    return read(INFRA / "main.bicep")


@cache
def app_settings() -> dict[str, Value]:
    """The settings of the Function App, by name."""
    settings = template().only("Microsoft.Web/sites/config")
    properties = settings.body.get("properties")
    assert isinstance(properties, Object)
    return {property_.name: Value(settings.file, property_.value) for property_ in properties.properties}


def default_text(parameter: str) -> str:
    """The default of a parameter of the main file that is a text."""
    declared = template().main.get(parameter, "parameter")
    assert declared is not None
    assert isinstance(declared.value, Text)
    return declared.value.plain or ""


def read_parameters() -> dict[str, Any]:
    """What `main.parameters.json` gives, by the parameter's name."""
    document = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))
    return {name: entry["value"] for name, entry in document["parameters"].items()}


def variables(value: Any) -> dict[str, str | None]:
    """The variables of azd in a value, each with the default that it has there."""
    return {name: default if "=" in whole else None for whole, name, default in _match_variables(json.dumps(value))}


def _match_variables(text: str) -> list[tuple[str, str, str]]:
    return [(match[0], match[1], match[2] or "") for match in _VARIABLE.finditer(text)]
