"""Who may do what: the identity gets what the code needs, and no more; the doors beside the identity are shut."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Final
from uuid import UUID, uuid5

import pytest

from deployment.contents import APP, app_folders
from localhost.environment import ROOT
from tests.infra.bicep import INFRA, NAMES
from tests.infra.page_commands import Call, calls
from tests.infra.snapshots import (
    CONTAINERS,
    DEFAULTS,
    EVERYTHING,
    GIVEN,
    INSIGHTS,
    PIPELINE,
    SITE,
    STORAGE,
    VAULT,
    WORKSPACE,
    Resource,
    app_settings,
    deployment,
    modules,
)
from tests.unit.pages import Page, page, pages

ROLES: Final = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
    "19e7f393-937e-4f77-808e-94535e297925": "Storage Queue Data Reader",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
}
_FOR_SERVICE: Final = {
    "blob": "Storage Blob Data Owner",
    "table": "Storage Table Data Contributor",
    "queue": "Storage Queue Data Contributor",
}
_LIBRARIES: Final = {"azure.storage.blob": "blob", "azure.data.tables": "table", "azure.storage.queue": "queue"}
_BINDINGS: Final = {"timer": "blob", "queue": "queue", "blob": "blob", "table": "table"}
"""The host keeps the lock and the status of a timer in a blob."""
_RUNS, _STORES = "id-rankloop", "id-rankloop-code"
"""The identity that the app runs as, and the one that its code is stored and fetched as."""
_DEPLOYERS: Final = {
    DEFAULTS: ("deployer().objectId", "User"),
    GIVEN: ("deployer().objectId", "User"),
    EVERYTHING: ("00000000-0000-0000-0000-00000000000d", "Group"),
    PIPELINE: ("00000000-0000-0000-0000-00000000000e", "ServicePrincipal"),
}
"""Who deploys, and what that is; of those that give a role to them."""
_GUIDS: Final = UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
"""What Azure's function `guid` puts before the text that it makes one of."""
_EACH = pytest.mark.parametrize("name", NAMES)


def _assignments(name: str = DEFAULTS) -> list[Resource]:
    return deployment(name).of("Microsoft.Authorization/roleAssignments")


def _role(assignment: Resource) -> str:
    definition = re.fullmatch(
        r"/subscriptions/[\w-]+/providers/Microsoft\.Authorization/roleDefinitions/([\w-]+)",
        assignment.get("properties.roleDefinitionId"),
    )
    assert definition is not None, assignment.body
    return definition[1]


def _principal(name: str, identity: str) -> str:
    return f"{{{deployment(name).identity(identity).name}.principalId}}"


def _grants(name: str, principal: str) -> list[tuple[str, str]]:
    """The roles of a principal, each with the type of the resource that it is on."""
    return sorted(
        (ROLES[_role(each)], deployment(name).at(each.scope).type)
        for each in _assignments(name)
        if each.get("properties.principalId") == principal
    )


@cache
def services_used() -> set[str]:
    """The storage services that the app speaks to: by the libraries, by its own REST client, by bindings."""
    paths = [ROOT / APP, *(path for folder in app_folders(ROOT) for path in (ROOT / folder).rglob("*.py"))]
    return {service for path in paths for service in _find_services(path.read_text("utf-8"))}


def _find_services(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=str(module)) if module in _LIBRARIES:
                yield _LIBRARIES[module]
            case ast.Import(names=names):
                yield from (_LIBRARIES[name.name] for name in names if name.name in _LIBRARIES)
            case ast.Attribute(value=ast.Attribute(attr="endpoints"), attr=service) if service in _FOR_SERVICE:
                yield service
            case ast.Attribute(attr=name) if name.endswith(("_trigger", "_input", "_output")):
                yield from (service for word, service in _BINDINGS.items() if name.startswith(f"{word}_"))


def _list_needed_roles() -> Iterator[tuple[str, str]]:
    """The roles that the app cannot do without, each with the type of the resource that it is on."""
    yield from ((_FOR_SERVICE[service], STORAGE) for service in services_used())
    if any(value.startswith("@Microsoft.KeyVault(") for value in app_settings().values()):
        yield "Key Vault Secrets User", VAULT
    if deployment().only(INSIGHTS).get("properties.DisableLocalAuth") is True:
        yield "Monitoring Metrics Publisher", INSIGHTS


# Roles


@_EACH
def test_the_identity_has_the_roles_that_the_app_needs_and_no_more(name: str) -> None:
    """What is missing fails in Azure only, and what is too much, or on more, goes unnoticed."""
    assert _grants(name, _principal(name, _RUNS)) == sorted(_list_needed_roles())


def test_the_app_uses_blobs_tables_and_queues() -> None:
    """If this changes, so do the roles; if nothing is found, the search for it is broken."""
    assert services_used() == {"blob", "table", "queue"}


@pytest.mark.parametrize("name", _DEPLOYERS)
def test_who_deploys_may_change_the_keys_and_write_where_the_code_is(name: str) -> None:
    """An owner of the subscription may not, without these roles. Who says so may read all data, and change none."""
    read = [(f"Storage {kind} Data Reader", STORAGE) for kind in ("Blob", "Queue", "Table")]

    assert _grants(name, _DEPLOYERS[name][0]) == [
        ("Key Vault Secrets Officer", VAULT),
        ("Storage Blob Data Contributor", CONTAINERS),
        *(read if name == EVERYTHING else []),
    ]


@_EACH
def test_a_role_on_a_container_is_one_on_that_of_the_code(name: str) -> None:
    """Both who deploys and the platform write there."""
    scopes = {each.scope for each in _assignments(name) if deployment(name).at(each.scope).type == CONTAINERS}
    container = deployment(name).only(SITE).get("properties.functionAppConfig.deployment.storage.value")

    assert {deployment(name).at(scope).name.rpartition("/")[2] for scope in scopes} == {container.rpartition("}")[2]}


@_EACH
def test_the_deployed_code_has_an_identity_of_its_own_for_its_container_alone(name: str) -> None:
    """The platform writes there what was deployed, as the identity that it also reads it as."""
    principal = _principal(name, _STORES)
    (assignment,) = [each for each in _assignments(name) if each.get("properties.principalId") == principal]

    assert _grants(name, principal) == [("Storage Blob Data Contributor", CONTAINERS)]
    assert assignment.scope.endswith("/containers/deployments")


@_EACH
def test_the_app_may_touch_all_blobs_but_those_of_its_code(name: str) -> None:
    """Whatever gets the app to write where it should not: code that it changed would run, and stay."""
    conditions = {ROLES[_role(each)]: each.get("properties.condition") for each in _assignments(name)}
    actions = ("read", "write", "add/action", "delete", "runAsSuperUser/action")
    none = " AND ".join(f"!(ActionMatches{{'{CONTAINERS}/blobs/{action}'}})" for action in actions)
    (owner,) = [each for each in _assignments(name) if ROLES[_role(each)] == "Storage Blob Data Owner"]

    assert {role: condition for role, condition in conditions.items() if condition is not None} == {
        "Storage Blob Data Owner": f"(({none}) OR (@Resource[{CONTAINERS}:name] StringNotEquals 'deployments'))"
    }
    assert owner.get("properties.conditionVersion") == "2.0"


@_EACH
def test_nobody_else_has_a_role(name: str) -> None:
    """Neither another identity nor one that is written down; and who deploys has none if nobody is named."""
    deployer = [_DEPLOYERS[name][0]] if name in _DEPLOYERS else []

    assert {each.get("properties.principalId") for each in _assignments(name)} == {
        _principal(name, _RUNS),
        _principal(name, _STORES),
        *deployer,
    }


def test_no_page_gives_by_hand_what_the_templates_give_who_deploys() -> None:
    """They could not give it once more: that account's next `azd provision` would end with `RoleAssignmentExists`."""
    given = {call.words[call.words.index("--role") + 1] for each in pages() for call in _calls_that_give(each)}

    assert "Key Vault Secrets User" in given
    assert given & {role for name in _DEPLOYERS for role, _ in _grants(name, _DEPLOYERS[name][0])} == set()


def _calls_that_give(each: Page) -> Iterator[Call]:
    return (call for call in calls(each, "az") if call.plain == ("role", "assignment", "create") and call.whole)


def test_who_deploys_gets_a_role_if_azure_knows_who_that_is() -> None:
    """These are the only resources of which only Azure knows whether they are made."""
    conditions = [(each, each.get("condition")) for name in NAMES for each in deployment(name).resources]
    conditional = [(each.get("properties.principalId"), condition) for each, condition in conditions if condition]

    assert conditional == [("deployer().objectId", "not(empty(deployer().objectId))")] * 4


@_EACH
def test_an_assignment_is_named_after_what_it_says(name: str) -> None:
    """By scope, principal and role: two of one name are one, and one of two names is refused."""
    names = [each.name for each in _assignments(name)]

    assert [each.name for each in _assignments(name) if each.name not in _list_guids(each)] == []
    assert len(set(names)) == len(names)


def _list_guids(assignment: Resource) -> tuple[str, str]:
    """The name that an assignment should have, as it is spelled if only Azure knows its principal, and computed."""
    scope, principal, role = assignment.scope, assignment.get("properties.principalId"), _role(assignment)
    return f"guid('{scope}', {principal}, '{role}')", str(uuid5(_GUIDS, f"{scope}-{principal}-{role}"))


@_EACH
def test_an_assignment_says_what_it_is_for(name: str) -> None:
    """An identity is found only by its kind while it is new; a pipeline that deploys is no user."""
    identities = {_principal(name, _RUNS): "ServicePrincipal", _principal(name, _STORES): "ServicePrincipal"}
    wanted = identities | dict([_DEPLOYERS[name]] if name in _DEPLOYERS else [])
    kinds = {(each.get("properties.principalId"), each.get("properties.principalType")) for each in _assignments(name)}

    assert kinds == set(wanted.items())


def test_a_pipeline_that_provisions_may_give_the_roles_of_the_templates_and_no_others() -> None:
    """Such as Owner, to itself. One that is missing would fail in Azure only."""
    condition = (INFRA / "given-roles.condition").read_text(encoding="utf-8")
    lists = [set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", part)) for part in condition.split("AND")]

    assert lists == [{_role(assignment) for name in NAMES for assignment in _assignments(name)}] * 2
    assert re.findall(r"roleAssignments/(\w+)'\}|@(\w+)", condition) == [
        ("write", ""),
        ("", "Request"),
        ("delete", ""),
        ("", "Resource"),
    ]
    assert '--condition "$(cat infra/given-roles.condition)"' in page("docs/deploy.md").text


def test_a_pipeline_that_provisions_has_no_rights_outside_of_the_group_but_to_start_deployments() -> None:
    """The templates are deployed in the subscription, and what they make is checked by the rights where it is made."""
    provisions = [
        {word: call.words[at + 1] for at, word in enumerate(call.words) if word in ("--role", "--scope")}
        for call in _calls_that_give(page("docs/deploy.md"))
        if "$PROVISIONS" in call.words
    ]
    role = json.loads((INFRA / "subscription-role.json").read_text(encoding="utf-8"))

    assert provisions == [
        {"--role": role["Name"], "--scope": "$SUBSCRIPTION"},
        {"--role": "Contributor", "--scope": "$GROUP_ID"},
        {"--role": "Role Based Access Control Administrator", "--scope": "$GROUP_ID"},
    ]
    assert [action for action in role["Actions"] if not action.endswith("/read")] == [
        f"Microsoft.Resources/deployments/{verb}" for verb in ("write", "validate/action", "whatIf/action")
    ]
    assert role.keys() == {"Name", "Description", "Actions", "AssignableScopes"}
    assert role["AssignableScopes"] == ["SUBSCRIPTION"]


def test_a_role_that_bicep_names_has_the_id_of_that_name() -> None:
    """Names are what people read."""
    variables = [modules()[name]["properties"]["template"]["variables"] for name in ("storageAccess", "access")]

    assert variables[0]["roles"] | variables[1]["roles"] == {
        _camel(ROLES[role]): role for name in NAMES for role in map(_role, _assignments(name))
    }


def _camel(name: str) -> str:
    joined = name.replace(" ", "")
    return joined[0].lower() + joined[1:]


# The identity


@_EACH
def test_the_app_is_one_identity_everywhere_and_its_code_is_another(name: str) -> None:
    """It runs as it, reads its keys as it, and signs in to storage and to telemetry as it."""
    app = deployment(name).only(SITE)
    runs, stores = (deployment(name).identity(prefix).id for prefix in (_RUNS, _STORES))

    assert app.get("identity") == {"type": "UserAssigned", "userAssignedIdentities": {runs: {}, stores: {}}}
    assert app.get("properties.keyVaultReferenceIdentity") == runs
    assert app.get("properties.functionAppConfig.deployment.storage.authentication") == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": stores,
    }


@_EACH
def test_the_app_signs_in_as_that_identity(name: str) -> None:
    """By its client id, which is neither its resource id nor its principal's."""
    settings = app_settings(name)
    client = f"{{{deployment(name).identity(_RUNS).name}.clientId}}"

    assert settings["AzureWebJobsStorage__credential"] == "managedidentity"
    assert settings["AzureWebJobsStorage__clientId"] == client
    assert settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == f"ClientId={client};Authorization=AAD"


# Doors that are shut


@pytest.mark.parametrize(
    ("kind", "path", "wanted"),
    [
        (STORAGE, "properties.allowSharedKeyAccess", False),
        (STORAGE, "properties.allowBlobPublicAccess", False),
        (STORAGE, "properties.allowCrossTenantReplication", False),
        (STORAGE, "properties.supportsHttpsTrafficOnly", True),
        (STORAGE, "properties.minimumTlsVersion", "TLS1_2"),
        (CONTAINERS, "properties.publicAccess", "None"),
        (VAULT, "properties.enableRbacAuthorization", True),
        (VAULT, "properties.enableSoftDelete", True),
        (VAULT, "properties.softDeleteRetentionInDays", 90),
        (VAULT, "properties.enablePurgeProtection", True),
        (INSIGHTS, "properties.DisableLocalAuth", True),
        (WORKSPACE, "properties.features.disableLocalAuth", True),
        (SITE, "properties.httpsOnly", True),
        (SITE, "properties.siteConfig.minTlsVersion", "1.2"),
        (f"{SITE}/basicPublishingCredentialsPolicies", "properties.allow", False),
    ],
)
def test_what_must_be_shut_is_shut(kind: str, path: str, wanted: bool | int | str) -> None:
    """Set explicitly: a default may change with the next API version."""
    assert {resource.get(path) for name in NAMES for resource in deployment(name).of(kind)} == {wanted}


@_EACH
def test_neither_way_to_deploy_by_password_is_left(name: str) -> None:
    """FTP is one, the deployment site is the other."""
    app, doors = deployment(name).only(SITE), deployment(name).of(f"{SITE}/basicPublishingCredentialsPolicies")

    assert [door.name for door in doors] == [f"{app.name}/scm", f"{app.name}/ftp"]
