"""What the platform asks for: values without which it refuses a resource, or which it takes and does not heed."""

import re
from typing import Any, Final

import pytest

from tests.infra.bicep import NAMES
from tests.infra.snapshots import (
    ALERTS,
    DEFAULTS,
    EVERYTHING,
    GIVEN,
    IDENTITY,
    INSIGHTS,
    PIPELINE,
    PLAN,
    RECOVERED,
    SITE,
    STORAGE,
    VAULT,
    WORKSPACE,
    Resource,
    deployment,
    template,
)

_WORKBOOK: Final = "Microsoft.Insights/workbooks"
_EACH = pytest.mark.parametrize("name", NAMES)


def _everywhere(kind: str) -> list[Resource]:
    """The resources of a type, in all deployments."""
    return [resource for name in NAMES for resource in deployment(name).of(kind)]


# Values


@pytest.mark.parametrize(
    ("kind", "path", "wanted", "reason"),
    [
        (PLAN, "sku.name", "FC1", "the only size of Flex Consumption"),
        (PLAN, "sku.tier", "FlexConsumption", "another one is another plan"),
        (PLAN, "kind", "functionapp", "a plan for functions"),
        (PLAN, "properties.reserved", True, "which means Linux, the only system of the plan"),
        (SITE, "kind", "functionapp,linux", "azd looks for functionapp, and the plan has Linux only"),
        (SITE, "properties.publicNetworkAccess", "Enabled", "callers are anywhere; keys and tokens guard the API"),
        (SITE, "properties.functionAppConfig.runtime.name", "python", "the language of the app"),
        (SITE, "properties.functionAppConfig.deployment.storage.type", "blobContainer", "the only kind there is"),
        (VAULT, "properties.publicNetworkAccess", "Enabled", "references to a closed vault are not resolved"),
        (VAULT, "properties.sku.family", "A", "the only one"),
        (STORAGE, "kind", "StorageV2", "blobs, tables and lifecycle rules in one account"),
        (_WORKBOOK, "properties.category", "workbook", "else the portal does not list it"),
        (_WORKBOOK, "kind", "shared", "else only its maker sees it"),
        (ALERTS, "kind", "LogAlert", "a query that makes an alert"),
        (
            ALERTS,
            "properties.skipQueryValidation",
            True,
            "a new workspace has no tables to query yet",
        ),
        (INSIGHTS, "properties.Application_Type", "web", "what takes requests"),
    ],
)
def test_a_value_is_the_one_that_the_platform_asks_for(kind: str, path: str, wanted: str | bool, reason: str) -> None:
    """Its models take any text there, and the failure comes when half of the deployment is done."""
    assert {resource.get(path) for resource in _everywhere(kind)} == {wanted}, reason


@_EACH
def test_what_belongs_together_names_each_other(name: str) -> None:
    """The app and its plan, telemetry and the workspace that the alerts look into, the vault and its tenant."""
    made = deployment(name)

    assert made.only(SITE).get("properties.serverFarmId") == made.only(PLAN).id
    assert made.only(INSIGHTS).get("properties.WorkspaceResourceId") == made.only(WORKSPACE).id
    assert made.only(_WORKBOOK).get("properties.sourceId") == made.only(WORKSPACE).id
    assert made.only(VAULT).get("properties.tenantId") == made.outputs["AZURE_TENANT_ID"]


@pytest.mark.parametrize(
    ("name", "plan", "sku"),
    [
        (DEFAULTS, False, "Standard_LRS"),
        (EVERYTHING, False, "Standard_LRS"),
        (GIVEN, False, "Standard_LRS"),
        (PIPELINE, True, "Standard_ZRS"),
        (RECOVERED, False, "Standard_LRS"),
    ],
)
def test_plan_and_storage_span_zones_together(name: str, plan: bool, sku: str) -> None:
    """An app that goes on in another zone needs its storage there."""
    assert deployment(name).only(PLAN).get("properties.zoneRedundant") is plan
    assert deployment(name).only(STORAGE).get("sku.name") == sku


def test_what_has_no_region_is_global_and_nothing_else_is() -> None:
    """The platform refuses either mistake."""
    located = [each for name in NAMES for each in deployment(name).resources if each.get("location")]
    without_region = {each.type for each in located if each.get("location") == "global"}

    assert without_region == {
        "Microsoft.Insights/actionGroups",
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    }
    assert set() == without_region & {each.type for each in located if each.get("location") != "global"}


# Diagnostic settings


@_EACH
def test_what_is_collected_has_the_names_that_the_platform_knows(name: str) -> None:
    """Another one is refused. What is collected beyond is paid for: a line for each Rank, metrics each minute."""
    settings = deployment(name).of("Microsoft.Insights/diagnosticSettings")
    collected = [(deployment(name).at(each.scope).type, _categories(each)) for each in settings]
    metrics = {"metrics": ["Transaction"] if name == EVERYTHING else []}

    assert sorted(collected) == [
        (VAULT, {"logs": ["AuditEvent"]}),
        (f"{STORAGE}/blobServices", {"logs": ["StorageDelete"], **metrics}),
        (f"{STORAGE}/tableServices", {"logs": ["StorageDelete"], **metrics}),
        *([(SITE, {"metrics": ["AllMetrics"]})] if name == EVERYTHING else []),
    ]
    assert {each.get("properties.workspaceId") for each in settings} == {deployment(name).only(WORKSPACE).id}


def test_metrics_that_are_no_longer_wanted_are_switched_off() -> None:
    """A deployment takes away nothing that it merely leaves out."""
    settings = deployment().of("Microsoft.Insights/diagnosticSettings")

    assert [each.get("properties.metrics") for each in settings if each.scope.endswith("Services/default")] == [
        [{"category": "Transaction", "enabled": False}]
    ] * 2


def _categories(setting: Resource) -> dict[str, list[Any]]:
    """The categories that are switched on, by kind."""
    kinds = {kind: setting.get(f"properties.{kind}") for kind in ("logs", "metrics")}
    return {
        kind: [each.get("category") for each in entries if each.get("enabled") is True]
        for kind, entries in kinds.items()
        if entries is not None
    }


# Names


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (STORAGE, r"[a-z0-9]{3,24}"),
        (VAULT, r"(?=.{3,24}$)[a-z](-?[a-z0-9])+"),
        (SITE, r"(?=.{2,32}$)[a-z0-9](-?[a-z0-9])+"),
        (PLAN, r"[\w-]{1,40}"),
        (WORKSPACE, r"[a-z0-9][a-z0-9-]{2,61}[a-z0-9]"),
        (IDENTITY, r"[a-z0-9][\w-]{2,127}"),
        ("Microsoft.Network/virtualNetworks", r"[a-z0-9][\w.-]{0,62}\w"),
        ("Microsoft.Network/privateEndpoints", r"[a-z0-9][\w.-]{0,62}\w"),
    ],
)
def test_a_name_has_the_length_and_the_letters_that_are_allowed(kind: str, allowed: str) -> None:
    """Of an app the host heeds the first 32 letters only."""
    names = {resource.name for resource in _everywhere(kind)}

    assert names
    assert [name for name in names if not re.fullmatch(allowed, name)] == []


@_EACH
def test_a_name_that_the_whole_world_shares_ends_in_what_makes_it_unique(name: str) -> None:
    """Else it would be taken. Azure makes 13 letters and digits."""
    names = [deployment(name).only(kind).name for kind in (STORAGE, VAULT, SITE)]
    (unique,) = {name[-13:] for name in names}

    assert re.fullmatch("[a-z0-9]{13}", unique)
    assert names == [f"{start}{unique}" for start in ("strankloop", "kv-rank-", "func-rankloop-")]


def test_loops_differ_in_subscription_environment_or_region() -> None:
    """Two of them with the same names would take each other's place. All deployments of these tests are one loop."""
    assert template()["variables"]["nameSuffix"] == (
        "[uniqueString(subscription().subscriptionId, toLower(parameters('environmentName')), parameters('location'))]"
    )


@pytest.mark.parametrize("name", [EVERYTHING, GIVEN, PIPELINE, RECOVERED])
def test_a_capital_letter_makes_no_other_loop(name: str) -> None:
    """And whatever else is set, it stays the same loop."""
    assert _unique_names(DEFAULTS) <= _unique_names(name)


def _unique_names(name: str) -> set[tuple[str, str]]:
    """What is named after the loop: not the group, nor what is named after that, as workbook and role assignments."""
    named_by_group = {"Microsoft.Resources/resourceGroups", "Microsoft.Authorization/roleAssignments", _WORKBOOK}
    return {(each.type, each.name) for each in deployment(name).resources if each.type not in named_by_group}
