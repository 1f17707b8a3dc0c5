"""Which model of the management libraries describes which resource type."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

from tests.infra.bicep.shapes import TEXT, ListOf, Record, Scalar, declare_record, record


@dataclass(frozen=True, slots=True)
class Model:
    """The shapes of a resource: as it is written in a template, and as it is read."""

    write: Record
    read: Record


class NoModel(KeyError):
    """A resource type of which nothing is known."""


@cache
def model(kind: str, name: str | None = None) -> Model:
    """The model of a resource type; for the parts of a site's configuration it depends on the name.

    Raises:
        NoModel: There is none in the lists below.
    """
    if kind in WRITTEN_HERE:
        return Model(WRITTEN_HERE[kind], WRITTEN_HERE[kind])
    entry = _MODELS.get(f"{kind}/{name}") or _MODELS.get(kind)
    if entry is None:
        raise NoModel(kind)
    library, *classes = entry
    write, read = classes[0], classes[-1]
    return Model(_record(library, write), _record(library, read))


def _record(library: str, name: str) -> Record:
    model_class: Any = getattr(import_module(f"azure.mgmt.{library}.models"), name)
    return record(model_class)


_MODELS: Final[dict[str, tuple[str, ...]]] = {
    "Microsoft.Authorization/roleAssignments": (
        *("authorization", "RoleAssignmentCreateParameters"),
        "RoleAssignment",
    ),
    "Microsoft.Insights/actionGroups": ("monitor", "ActionGroupResource"),
    "Microsoft.Insights/components": ("applicationinsights", "ApplicationInsightsComponent"),
    "Microsoft.Insights/scheduledQueryRules": ("monitor", "ScheduledQueryRuleResource"),
    "Microsoft.Insights/workbooks": ("applicationinsights", "Workbook"),
    "Microsoft.KeyVault/vaults": ("keyvault", "VaultCreateOrUpdateParameters", "Vault"),
    "Microsoft.KeyVault/vaults/secrets": ("keyvault", "SecretCreateOrUpdateParameters", "Secret"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("msi", "Identity"),
    "Microsoft.Network/privateDnsZones": ("privatedns", "PrivateZone"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ("privatedns", "VirtualNetworkLink"),
    "Microsoft.Network/privateEndpoints": ("network", "PrivateEndpoint"),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": ("network", "PrivateDnsZoneGroup"),
    "Microsoft.Network/virtualNetworks": ("network", "VirtualNetwork"),
    "Microsoft.Network/virtualNetworks/subnets": ("network", "Subnet"),
    "Microsoft.OperationalInsights/workspaces": ("loganalytics", "Workspace"),
    "Microsoft.Resources/resourceGroups": ("resource.resources", "ResourceGroup"),
    "Microsoft.Storage/storageAccounts": ("storage", "StorageAccountCreateParameters", "StorageAccount"),
    "Microsoft.Storage/storageAccounts/blobServices": ("storage", "BlobServiceProperties"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": ("storage", "BlobContainer"),
    "Microsoft.Storage/storageAccounts/managementPolicies": ("storage", "ManagementPolicy"),
    "Microsoft.Storage/storageAccounts/tableServices": ("storage", "TableServiceProperties"),
    "Microsoft.Web/serverfarms": ("web", "AppServicePlan"),
    "Microsoft.Web/sites": ("web", "Site"),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": ("web", "CsmPublishingCredentialsPoliciesEntity"),
    "Microsoft.Web/sites/config/appsettings": ("web", "StringDictionary"),
}
_ENABLED: Final = {"category": TEXT, "categoryGroup": TEXT, "enabled": Scalar("truth")}
WRITTEN_HERE: Final[dict[str, Record]] = {
    # azure-mgmt-monitor 7 has none of the classes for diagnostic settings that 6 had
    "Microsoft.Insights/diagnosticSettings": declare_record(
        "DiagnosticSettings",
        properties=declare_record(
            "DiagnosticSettings.properties",
            workspaceId=TEXT,
            logAnalyticsDestinationType=TEXT,
            logs=ListOf(declare_record("LogSettings", **_ENABLED)),
            metrics=ListOf(declare_record("MetricSettings", category=TEXT, enabled=Scalar("truth"), timeGrain=TEXT)),
        ),
    ),
}
"""What no library has, and why; the names are those of the REST interface's documentation."""
