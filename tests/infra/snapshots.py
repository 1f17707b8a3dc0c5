"""What Azure would be asked for: the resources of each deployment in `deployments`, as Bicep's compiler made them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.infra.bicep import DEPLOYMENTS, TEMPLATE

DEFAULTS, EVERYTHING, GIVEN, PIPELINE, RECOVERED = "defaults", "everything", "given", "pipeline", "recovered"
STORAGE: Final = "Microsoft.Storage/storageAccounts"
CONTAINERS: Final = f"{STORAGE}/blobServices/containers"
VAULT: Final = "Microsoft.KeyVault/vaults"
SECRETS: Final = f"{VAULT}/secrets"
SITE: Final = "Microsoft.Web/sites"
INSIGHTS: Final = "Microsoft.Insights/components"
WORKSPACE: Final = "Microsoft.OperationalInsights/workspaces"
PLAN: Final = "Microsoft.Web/serverfarms"
IDENTITY: Final = "Microsoft.ManagedIdentity/userAssignedIdentities"
ALERTS: Final = "Microsoft.Insights/scheduledQueryRules"

_REFERENCE = re.compile(r"reference\('(?P<id>[^']+)', '[\w-]+'\)\.(?P<path>[\w.]+)")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    Attributes:
        type: Such as `Microsoft.Storage/storageAccounts`.
        name: With the names of those that it is a part of before it, and slashes between.
        scope: The id of the resource that it is laid on; its own for those that stand alone.
        body: All of it. What only Azure knows stands in braces: `{id-rankloop-x.clientId}`.
    """

    type: str
    name: str
    id: str
    scope: str
    body: Mapping[str, Any]

    def get(self, path: str) -> Any:
        """The value at a path of names with dots between; None if there is none."""
        value: Any = self.body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value


@dataclass(frozen=True, slots=True)
class Deployment:
    """What one deployment makes.

    Attributes:
        text: The compiler's file.
    """

    resources: tuple[Resource, ...]
    outputs: Mapping[str, str]
    text: str

    def of(self, kind: str) -> list[Resource]:
        """The resources of a type."""
        return [resource for resource in self.resources if resource.type == kind]

    def only(self, kind: str) -> Resource:
        """The one resource of its type."""
        (resource,) = self.of(kind)
        return resource

    def at(self, place: str) -> Resource:
        """The resource of an id; fails for all that is no resource of this deployment."""
        (resource,) = [resource for resource in self.resources if resource.id == place]
        return resource

    def identity(self, prefix: str) -> Resource:
        """One of the identities, by how its name begins."""
        (identity,) = [each for each in self.of(IDENTITY) if re.fullmatch(f"{prefix}-[a-z0-9]{{13}}", each.name)]
        return identity


@cache
def deployment(name: str = DEFAULTS) -> Deployment:
    """One of the deployments."""
    text = (DEPLOYMENTS / f"{name}.snapshot.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert document["diagnostics"] == [], "the compiler could not evaluate a part of it"
    resources = tuple(_resource(raw) for raw in document["predictedResources"])
    return Deployment(resources, _readable(document["outputs"]), text)


@cache
def template() -> Mapping[str, Any]:
    """The compiled template: what no resource shows, such as the order and which parameters are secret."""
    document: Mapping[str, Any] = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    return document


def modules() -> Mapping[str, Any]:
    """The modules of the compiled template, by name; each has its own template within."""
    return {name: each for name, each in template()["resources"].items() if "template" in each.get("properties", {})}


def templates() -> Mapping[str, Mapping[str, Any]]:
    """The compiled file of each Bicep file, by the file's name."""
    return {"main": template(), **{name: module["properties"]["template"] for name, module in modules().items()}}


def app_settings(name: str = DEFAULTS) -> Mapping[str, str]:
    """The settings of the Function App."""
    settings: Mapping[str, str] = deployment(name).only(f"{SITE}/config").get("properties")
    return settings


def alerts(name: str = DEFAULTS) -> Mapping[str, Resource]:
    """The rules of the alerts, by the name that each has within its whole name: `no-model`."""
    return {re.sub(r"alert-rankloop-(.*)-\w+", r"\1", rule.name): rule for rule in deployment(name).of(ALERTS)}


def _resource(raw: Mapping[str, Any]) -> Resource:
    return Resource(raw["type"], _readable_text(raw["name"]), raw["id"], _scope(raw), _readable(raw))


def _scope(raw: Mapping[str, Any]) -> str:
    """What is laid on another resource has that one's id in its own."""
    spelled = re.match(r"\[extensionResourceId\('([^']+)'", raw["id"])
    if spelled is not None:
        return spelled[1]
    before, _, own = raw["id"].rpartition("/providers/")
    return before if "/providers/" in before and own.startswith(raw["type"]) else raw["id"]


def _readable(value: Any) -> Any:
    match value:
        case str():
            return _readable_text(value)
        case list():
            return [_readable(item) for item in value]
        case dict():
            return {key: _readable(item) for key, item in value.items()}
    return value


def _readable_text(text: str) -> str:
    """A text in which each property that only Azure knows stands in braces, after the name of its resource."""
    if not re.fullmatch(r"\[(?!\[).*\]", text, re.DOTALL):
        return text
    known = _REFERENCE.sub(lambda match: f"{{{match['id'].rpartition('/')[2]}.{match['path']}}}", text[1:-1])
    filled = re.fullmatch(r"format\('([^']*)', ((?:'[^']*'|\{[^}]*\}|, )+)\)", known)
    if filled is None:
        return known
    parts = [part.strip("'") for part in re.findall(r"'[^']*'|\{[^}]*\}", filled[2])]
    return re.sub(r"\{(\d+)\}", lambda match: parts[int(match[1])], filled[1])
