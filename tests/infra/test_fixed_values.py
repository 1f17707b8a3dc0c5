"""What the platform asks for: values without which it refuses a resource, or which it takes and does not heed."""

import re
from collections.abc import Iterator

import pytest

from tests.infra.bicep.expressions import Array, Call, Each, Literal, Member, Name, Object, Text, walk
from tests.infra.bicep.template import Resource, Value
from tests.infra.project import template

_STORAGE, _VAULT, _SITE = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Web/sites"
_UNIQUE = "abcdefghijklm"
"""As long as all that `uniqueString` makes: 13 letters and digits, in lower case."""


# Values


@pytest.mark.parametrize(
    ("kind", "path", "wanted", "reason"),
    [
        ("Microsoft.Web/serverfarms", "sku.name", "FC1", "the only size of Flex Consumption"),
        ("Microsoft.Web/serverfarms", "sku.tier", "FlexConsumption", "another one is another plan"),
        ("Microsoft.Web/serverfarms", "kind", "functionapp", "a plan for functions"),
        ("Microsoft.Web/serverfarms", "properties.reserved", True, "which means Linux, the only system of the plan"),
        (_SITE, "kind", "functionapp,linux", "azd looks for functionapp, and the plan has Linux only"),
        (_SITE, "properties.publicNetworkAccess", "Enabled", "callers are anywhere; keys and tokens guard the API"),
        (_SITE, "properties.functionAppConfig.runtime.name", "python", "the language of the app"),
        (_SITE, "properties.functionAppConfig.deployment.storage.type", "blobContainer", "the only kind there is"),
        (_VAULT, "properties.publicNetworkAccess", "Enabled", "references to a closed vault are not resolved"),
        (_VAULT, "properties.sku.family", "A", "the only one"),
        (_STORAGE, "kind", "StorageV2", "blobs, tables and lifecycle rules in one account"),
        ("Microsoft.Insights/workbooks", "properties.category", "workbook", "else the portal does not list it"),
        ("Microsoft.Insights/workbooks", "kind", "shared", "else only its maker sees it"),
        ("Microsoft.Insights/scheduledQueryRules", "kind", "LogAlert", "a query that makes an alert"),
        ("Microsoft.Insights/components", "properties.Application_Type", "web", "what takes requests"),
    ],
)
def test_a_value_is_the_one_that_the_platform_asks_for(kind: str, path: str, wanted: str | bool, reason: str) -> None:
    """Its models take any text there, and the failure comes when half of the deployment is done."""
    value = template().only(kind).body.get(*path.split("."))

    assert value == (Text((wanted,)) if isinstance(wanted, str) else Literal(wanted)), reason


def test_what_has_no_region_is_global_and_nothing_else_is() -> None:
    """The platform refuses either mistake."""
    located = [resource for resource in template().resources() if resource.get("location")]
    types = {resource.type for resource in located if template().render(resource.get("location")) == "global"}

    assert types == {
        "Microsoft.Insights/actionGroups",
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    }


# Diagnostic settings


def test_what_is_collected_has_the_names_that_the_platform_knows() -> None:
    """Another one is refused. What is collected beyond would be paid for: a line for each Rank."""
    collected = {
        _scope(resource): _categories(resource)
        for resource in template().resources("Microsoft.Insights/diagnosticSettings")
    }

    assert collected == {
        _SITE: {"metrics": ["AllMetrics"]},
        _VAULT: {"logs": ["AuditEvent"]},
        f"{_STORAGE}/blobServices": {"logs": ["StorageDelete"], "metrics": ["Transaction"]},
        f"{_STORAGE}/tableServices": {"logs": ["StorageDelete"], "metrics": ["Transaction"]},
    }


def _scope(resource: Resource) -> str:
    scope = resource.body.get("scope")
    assert isinstance(scope, Name)
    declared = resource.file.get(scope.name, "resource")
    assert declared is not None
    return declared.target.partition("@")[0]


def _categories(resource: Resource) -> dict[str, list[str]]:
    """The categories that are switched on, by kind."""
    arrays = {kind: resource.body.get("properties", kind) for kind in ("logs", "metrics")}
    return {kind: [*_list_enabled(array)] for kind, array in arrays.items() if isinstance(array, Array)}


def _list_enabled(array: Array) -> Iterator[str]:
    for item in array.items:
        assert isinstance(item, Object)
        category = item.get("category")
        assert isinstance(category, Text)
        if item.get("enabled") == Literal(value=True):
            yield category.plain or ""


# Names


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (_STORAGE, r"[a-z0-9]{3,24}"),
        (_VAULT, r"(?=.{3,24}$)[a-z](-?[a-z0-9])+"),
        (_SITE, r"(?=.{2,32}$)[a-z0-9](-?[a-z0-9])+"),
        ("Microsoft.Web/serverfarms", r"[\w-]{1,40}"),
        ("Microsoft.OperationalInsights/workspaces", r"[a-z0-9][a-z0-9-]{2,61}[a-z0-9]"),
        ("Microsoft.ManagedIdentity/userAssignedIdentities", r"[a-z0-9][\w-]{2,127}"),
        ("Microsoft.Network/virtualNetworks", r"[a-z0-9][\w.-]{0,62}\w"),
        ("Microsoft.Network/privateEndpoints", r"[a-z0-9][\w.-]{0,62}\w"),
    ],
)
def test_a_name_has_the_length_and_the_letters_that_are_allowed(kind: str, allowed: str) -> None:
    """Of an app the host heeds the first 32 letters only."""
    names = [
        _example(name, item)
        for resource in template().resources(kind)
        for item in _rounds(resource)
        if (name := resource.get("name")) is not None
    ]
    assert names

    assert [example for example in names if not re.fullmatch(allowed, example)] == []


def _rounds(resource: Resource) -> list[str]:
    """What the loop that makes a resource goes through; one empty text if there is no loop."""
    loop = resource.declaration.value
    if not isinstance(loop, Each):
        return [""]
    over = template().origin(Value(resource.file, loop.over)).expression
    return [text.plain or "" for text in walk(over) if isinstance(text, Text)]


def _example(name: Value, item: str) -> str:
    """A name as Azure would make it."""
    origin = template().origin(name)
    match origin.expression:
        case Text(parts=parts):
            return "".join(
                part if isinstance(part, str) else _example(Value(origin.file, part), item) for part in parts
            )
        case Call(function="uniqueString"):
            return _UNIQUE
        case Name() if item:
            return item
    raise AssertionError(f"it is not known how long {origin.expression} is")


def test_a_name_is_free_everywhere() -> None:
    """Loops differ in subscription, environment or region; but a capital letter or a space make no other region."""
    suffix = template().main.get("nameSuffix", "variable")
    assert suffix is not None
    assert isinstance(suffix.value, Call)
    expressions = [
        template().origin(Value(template().main, argument)).expression for argument in suffix.value.arguments
    ]

    assert suffix.value.function == "uniqueString"
    assert expressions == [
        Member(Call("subscription"), "subscriptionId"),
        Call("toLower", (Name("environmentName"),)),
        Call(
            "toLower",
            (
                Call(
                    "replace",
                    (Name("location"), Text((" ",)), Text()),
                ),
            ),
        ),
    ]


@pytest.mark.parametrize("kind", [_STORAGE, _VAULT, _SITE])
def test_a_name_that_the_whole_world_shares_ends_in_what_makes_it_unique(kind: str) -> None:
    """Else it would be taken."""
    name = template().only(kind).get("name")
    assert name is not None
    text = template().origin(name).expression
    assert isinstance(text, Text)
    last = text.parts[-1]
    assert isinstance(last, Name)

    assert template().render(Value(template().origin(name).file, last)) == "{main.uniqueString()}"
