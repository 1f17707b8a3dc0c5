"""Who may do what: the identity gets what the code needs, and no more; the doors beside the identity are shut."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from deployment.contents import APP, app_folders
from localhost.environment import ROOT
from tests.infra.bicep.expressions import Call, Expression, Literal, Name, Object, Text, walk
from tests.infra.bicep.template import Resource, Value
from tests.infra.project import INFRA, app_settings, template
from tests.unit.pages import page

ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
}
_STORAGE, _VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
_INSIGHTS = "Microsoft.Insights/components"
_FOR_SERVICE = {
    "blob": "Storage Blob Data Owner",
    "table": "Storage Table Data Contributor",
    "queue": "Storage Queue Data Contributor",
}
_LIBRARIES = {"azure.storage.blob": "blob", "azure.data.tables": "table", "azure.storage.queue": "queue"}
_BINDINGS = {"timer": "blob", "queue": "queue", "blob": "blob", "table": "table"}
"""The host keeps the lock and the status of a timer in a blob."""
IDENTITY, DEPLOYER = "{identity.identity.properties.principalId}", "{main.principalId}"
CODE = "{identity.deployment.properties.principalId}"
"""Stores the deployed code, and fetches it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a principal has on a resource of a type."""

    who: str
    role: str
    on: str


@cache
def _read_grants() -> dict[str, Grant]:
    """The role assignments, by place."""
    return {
        resource.place: _grant(resource) for resource in template().resources("Microsoft.Authorization/roleAssignments")
    }


def _grant(resource: Resource) -> Grant:
    who = template().render(resource.get("properties", "principalId"))
    return Grant(who, ROLES.get(_role(resource), "a role that is not known here"), _on(resource))


def _role(resource: Resource) -> str:
    definition = resource.body.get("properties", "roleDefinitionId")
    assert isinstance(definition, Call), resource.place
    assert definition.function == "subscriptionResourceId"
    kind, role = definition.arguments
    assert kind == Text(("Microsoft.Authorization/roleDefinitions",)), resource.place
    return template().render(Value(resource.file, role))


def _on(resource: Resource) -> str:
    scope = resource.body.get("scope")
    assert isinstance(scope, Name), f"{resource.place} is not on a resource of its file, but on more"
    declared = resource.file.get(scope.name, "resource")
    assert declared is not None
    return declared.target.partition("@")[0]


@cache
def services_used() -> set[str]:
    """The storage services that the app speaks to: by the libraries, by its own REST client, by bindings."""
    modules = [ROOT / APP, *(path for folder in app_folders(ROOT) for path in (ROOT / folder).rglob("*.py"))]
    return {service for path in modules for service in _find_services(path.read_text("utf-8"))}


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
    yield from ((_FOR_SERVICE[service], _STORAGE) for service in services_used())
    if any(template().render(value).startswith("@Microsoft.KeyVault(") for value in app_settings().values()):
        yield "Key Vault Secrets User", _VAULT
    if template().only(_INSIGHTS).body.get("properties", "DisableLocalAuth") == Literal(True):
        yield "Monitoring Metrics Publisher", _INSIGHTS


# Roles


def test_the_identity_has_the_roles_that_the_app_needs_and_no_more() -> None:
    """What is missing fails in Azure only, and what is too much goes unnoticed."""
    has = [(grant.role, grant.on) for grant in _read_grants().values() if grant.who == IDENTITY]

    assert len(has) == len(set(has))
    assert set(has) == set(_list_needed_roles())


def test_the_app_uses_blobs_tables_and_queues() -> None:
    """If this changes, so do the roles; if nothing is found, the search for it is broken."""
    assert services_used() == {"blob", "table", "queue"}


def test_who_deploys_may_read_and_change_the_keys_and_nothing_else() -> None:
    """An owner of the subscription may not, without this role."""
    has = {(grant.role, grant.on) for grant in _read_grants().values() if grant.who == DEPLOYER}

    assert has == {("Key Vault Secrets Officer", _VAULT)}


def test_the_deployed_code_has_an_identity_of_its_own_for_its_container_alone() -> None:
    """The platform writes there what was deployed, as the identity that it also reads it as."""
    has = {(grant.role, grant.on) for grant in _read_grants().values() if grant.who == CODE}

    assert has == {("Storage Blob Data Contributor", f"{_STORAGE}/blobServices/containers")}
    assert _written_container() == "deployments"


def test_the_app_may_touch_all_blobs_but_those_of_its_code() -> None:
    """Whatever gets the app to write where it should not: code that it changed would run, and stay."""
    (owner,) = [each for each in _ASSIGNMENTS if _grant(each).who == IDENTITY and "Blob" in _grant(each).role]
    condition = template().render(owner.get("properties", "condition"))
    actions = re.findall(
        r"!\(ActionMatches\{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/(.+?)'\}\)", condition
    )
    rest = re.sub(r"!\(ActionMatches\{'[^']*'\}\)", "none", condition)

    assert set(actions) == {"read", "write", "add/action", "delete", "runAsSuperUser/action"}
    assert rest == (
        "((none AND none AND none AND none AND none) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/"
        "containers:name] StringNotEquals '{access.deploymentContainer.name}'))"
    )
    assert template().render(owner.get("properties", "conditionVersion")) == "2.0"


def _written_container() -> str:
    """The container whose role the identity of the code has, which is the one that the app's package is in."""
    (named,) = template().resources(f"{_STORAGE}/blobServices/containers", existing=True)
    return template().render(named.get("name"))


def test_nobody_else_has_a_role() -> None:
    """Neither the identity of another module nor one that is written down."""
    assert {grant.who for grant in _read_grants().values()} == {IDENTITY, CODE, DEPLOYER}


_ASSIGNMENTS = template().resources("Microsoft.Authorization/roleAssignments")


@pytest.mark.parametrize("assignment", _ASSIGNMENTS, ids=lambda assignment: assignment.place)
def test_an_assignment_is_named_after_what_it_says(assignment: Resource) -> None:
    """By scope, principal and role: two of one name are one, and one of two names is refused."""
    name, scope = assignment.body.get("name"), assignment.body.get("scope")
    assert isinstance(name, Call)
    assert isinstance(scope, Name)
    parts = [template().render(Value(assignment.file, part)) for part in name.arguments]

    assert name.function == "guid"
    assert parts == [
        f"{{{assignment.file.path.stem}.{scope.name}.id}}",
        template().render(assignment.get("properties", "principalId")),
        _role(assignment),
    ]


@pytest.mark.parametrize("assignment", _ASSIGNMENTS, ids=lambda assignment: assignment.place)
def test_an_assignment_says_what_it_is_for(assignment: Resource) -> None:
    """An identity is found only by its kind while it is new; a pipeline that deploys is no user."""
    kind = {IDENTITY: "ServicePrincipal", CODE: "ServicePrincipal", DEPLOYER: "{main.principalType}"}

    assert template().render(assignment.get("properties", "principalType")) == kind[_grant(assignment).who]


def test_a_pipeline_that_provisions_may_give_the_roles_of_the_templates_and_no_others() -> None:
    """Such as Owner, to itself. One that is missing would fail in Azure only."""
    condition = (INFRA / "given-roles.condition").read_text(encoding="utf-8")
    lists = [set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", part)) for part in condition.split("AND")]

    assert lists == [{_role(assignment) for assignment in _ASSIGNMENTS}] * 2
    assert re.findall(r"roleAssignments/(\w+)'\}|@(\w+)", condition) == [
        ("write", ""),
        ("", "Request"),
        ("delete", ""),
        ("", "Resource"),
    ]
    assert '--condition "$(cat infra/given-roles.condition)"' in page("docs/deploy.md").text


def test_a_role_that_bicep_names_has_the_id_of_that_name() -> None:
    """Names are what people read."""
    named = {
        text.name: text.value
        for file in template().files
        for variable in file.all("variable")
        for text in _texts(variable.value)
    }
    ids = {_camel(name): id_ for id_, name in ROLES.items()}
    roles = {name: text for name, text in named.items() if text in ROLES}

    assert set(roles.values()) == {_role(assignment) for assignment in _ASSIGNMENTS}
    assert {name: ids.get(name) for name in roles} == roles


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    value: str


def _texts(value: Expression | None) -> Iterator[_Named]:
    for property_ in value.properties if isinstance(value, Object) else ():
        if isinstance(property_.value, Text) and property_.value.plain is not None:
            yield _Named(property_.name, property_.value.plain)


def _camel(name: str) -> str:
    joined = name.replace(" ", "")
    return joined[0].lower() + joined[1:]


# The identity


def test_the_app_is_one_identity_everywhere_and_its_code_is_another() -> None:
    """It runs as it, reads its keys as it, and signs in to storage and to telemetry as it."""
    app = template().only("Microsoft.Web/sites")
    used = app.body.get("identity", "userAssignedIdentities")
    assert isinstance(used, Object)
    keys = [identity.key for identity in used.properties if identity.key is not None]

    authentication = ("properties", "functionAppConfig", "deployment", "storage", "authentication")
    assert app.body.get("identity", "type") == Text(("UserAssigned",))
    assert app.body.get(*authentication, "type") == Text(("UserAssignedIdentity",))
    own, code = [template().render(Value(app.file, key)) for key in keys]
    assert template().render(app.get("properties", "keyVaultReferenceIdentity")) == own == "{identity.identity.id}"
    stored = template().render(app.get(*authentication, "userAssignedIdentityResourceId"))
    assert stored == code == "{identity.deployment.id}"


def test_the_app_signs_in_as_that_identity() -> None:
    """By its client id, which is neither its resource id nor its principal's."""
    settings = {name: template().render(value) for name, value in app_settings().items()}
    client = "{identity.identity.properties.clientId}"

    assert settings["AzureWebJobsStorage__credential"] == "managedidentity"
    assert settings["AzureWebJobsStorage__clientId"] == client
    assert settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == f"ClientId={client};Authorization=AAD"


# Doors that are shut


@pytest.mark.parametrize(
    ("kind", "path", "wanted"),
    [
        (_STORAGE, "properties.allowSharedKeyAccess", False),
        (_STORAGE, "properties.allowBlobPublicAccess", False),
        (_STORAGE, "properties.supportsHttpsTrafficOnly", True),
        (_STORAGE, "properties.minimumTlsVersion", "TLS1_2"),
        (f"{_STORAGE}/blobServices/containers", "properties.publicAccess", "None"),
        (_VAULT, "properties.enableRbacAuthorization", True),
        (_VAULT, "properties.enableSoftDelete", True),
        (_VAULT, "properties.softDeleteRetentionInDays", 90),
        (_VAULT, "properties.enablePurgeProtection", True),
        (_INSIGHTS, "properties.DisableLocalAuth", True),
        ("Microsoft.Web/sites", "properties.httpsOnly", True),
        ("Microsoft.Web/sites", "properties.siteConfig.minTlsVersion", "1.2"),
        ("Microsoft.Web/sites/basicPublishingCredentialsPolicies", "properties.allow", False),
    ],
)
def test_what_must_be_shut_is_shut(kind: str, path: str, wanted: bool | int | str) -> None:
    """Set explicitly: a default may change with the next API version."""
    values = [resource.body.get(*path.split(".")) for resource in template().resources(kind)]
    expected = Text((wanted,)) if isinstance(wanted, str) else Literal(wanted)

    assert values
    assert all(value == expected for value in values)


def test_neither_way_to_deploy_by_password_is_left() -> None:
    """FTP is one, the deployment site is the other."""
    doors = template().resources("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    names = {text.plain for door in doors for text in _all_texts(door)}

    assert {"scm", "ftp"} <= names


def _all_texts(resource: Resource) -> Iterator[Text]:
    value = resource.declaration.value
    yield from (part for part in walk(value) if isinstance(part, Text)) if value else ()
