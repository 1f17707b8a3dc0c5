"""The template as a whole: its parameters beside those of azd, its modules, where everything is and how it is found."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.infra.azd_parameters import read_parameters, variables
from tests.infra.bicep import INFRA, NAMES
from tests.infra.snapshots import PIPELINE, RECOVERED, SITE, STORAGE, VAULT, WORKSPACE, deployment, template, templates
from tests.unit.pages import page

_ENVIRONMENTS = {RECOVERED: "Shop"}
_GROUP = re.compile(r"/resourceGroups/([^/']+)|resourceId\('[\w-]+', '([^']+)'")


def _parameters() -> Mapping[str, Any]:
    parameters: Mapping[str, Any] = template()["parameters"]
    return parameters


# Region and tags


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_in_the_region_that_the_user_chose(name: str) -> None:
    """Only what has no region is global."""
    locations = {resource.get("location") for resource in deployment(name).resources} - {None, "global"}

    assert locations == {"westeurope"}


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_carries_the_tag_by_which_azd_finds_it(name: str) -> None:
    """Those that can: what is a part of another has neither region nor tags."""
    taggable = [resource for resource in deployment(name).resources if resource.get("location")]

    assert len(taggable) > 10
    assert {resource.get("tags.azd-env-name") for resource in taggable} == {_ENVIRONMENTS.get(name, "shop")}


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_is_in_the_group(name: str) -> None:
    """And the group is named as the user says, or after the environment."""
    group = {PIPELINE: "group-of-the-pipeline", RECOVERED: "rg-Shop"}.get(name, "rg-shop")
    groups = {match for each in deployment(name).resources for match in _GROUP.findall(each.id)}

    assert deployment(name).only("Microsoft.Resources/resourceGroups").name == group
    assert {spelled or quoted for spelled, quoted in groups} == {group}


# Parameters


def test_azd_asks_for_a_region_by_a_list() -> None:
    """It knows by the parameter's metadata that one is wanted, and shows those that the parameter allows."""
    location = _parameters()["location"]
    regions = template()["definitions"][location["$ref"].removeprefix("#/definitions/")]["allowedValues"]

    assert location["metadata"]["azd"] == {"type": "location"}
    assert "defaultValue" not in location, "azd does not ask for what has one"
    assert len(regions) > 25
    assert [name for name in regions if not re.fullmatch(r"[a-z]+\d?", name)] == [], "azd compares short names"


def test_a_parameter_that_is_given_is_one() -> None:
    """And no secret is in a file; what has no default is given."""
    secret = {name for name, declared in _parameters().items() if declared.get("type", "").startswith("secure")}
    needed = {name for name, declared in _parameters().items() if "defaultValue" not in declared}

    assert secret == {"apiKey1", "apiKey2"}
    assert set(read_parameters()) <= set(_parameters()) - secret
    assert needed <= set(read_parameters())


def test_a_default_is_the_same_with_azd_and_without() -> None:
    """It is written twice: in the file of parameters, and in Bicep."""
    given = {name: variables(value) for name, value in read_parameters().items() if isinstance(value, str)}
    by_azd = {name: default for name, found in given.items() for default in found.values() if default is not None}
    without = {name: _parameters()[name]["defaultValue"] for name in by_azd}

    assert len(by_azd) > 10
    assert {name: _as_azd_writes(value) for name, value in without.items()} == by_azd


def _as_azd_writes(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("name", NAMES)
def test_the_outputs_say_what_was_made(name: str) -> None:
    """Hooks, pipelines and people go by them. None holds a key: two lead to the first one."""
    made, outputs = deployment(name), deployment(name).outputs
    subscription = made.only(SITE).id.split("/")[2]

    assert outputs == {
        "AZURE_KEY_VAULT_NAME": made.only(VAULT).name,
        "AZURE_RESOURCE_GROUP": made.only("Microsoft.Resources/resourceGroups").name,
        "AZURE_TENANT_ID": "00000000-0000-0000-0000-00000000000b",
        "RANKLOOP_DEPLOYMENT_CONTAINER": f"{{{made.only(STORAGE).name}.primaryEndpoints.blob}}deployments",
        "RANKLOOP_ENDPOINT": f"https://{{{made.only(SITE).name}.defaultHostName}}",
        "RANKLOOP_FUNCTION_APP": made.only(SITE).name,
        "RANKLOOP_KEY_REFERENCE": f"akvs://{subscription}/{made.only(VAULT).name}/api-key-1",
        "RANKLOOP_SHOW_KEYS": (
            f"az keyvault secret show --vault-name {made.only(VAULT).name} --name api-key-1 --query value --output tsv"
        ),
        "RANKLOOP_STORAGE_ACCOUNT": made.only(STORAGE).name,
        "SERVICE_LOOP_ENDPOINTS": f"createArray(format('https://{{0}}', {{{made.only(SITE).name}.defaultHostName}}))",
        "SERVICE_LOOP_NAME": made.only(SITE).name,
    }


def test_no_variable_of_a_parameter_is_an_output() -> None:
    """What azd writes there would change the next deployment; and `azd down` would take away what the user has set."""
    outputs = set(template()["outputs"])

    assert outputs == set(deployment().outputs)
    assert set() == outputs & set(variables(read_parameters()))


@pytest.mark.parametrize("name", sorted(variables(read_parameters())))
def test_a_variable_of_azd_is_on_its_page(name: str) -> None:
    """A user can only set a variable that the page names."""
    assert name in page("docs/deploy.md").spans


# What the compiler does not look for


_FILES: Final = templates()


def test_every_file_is_a_part_of_the_template() -> None:
    """A module is named like its file, and a file that no other one calls is deployed by nobody; or it has a type."""
    imported = [each["metadata"].get("__bicep_imported_from!", {}) for each in template()["definitions"].values()]
    of_types = {each["sourceTemplate"].removesuffix(".bicep") for each in imported if each}

    assert {path.stem for path in INFRA.rglob("*.bicep")} == set(_FILES) | of_types


@pytest.mark.parametrize("name", _FILES)
def test_what_a_user_or_another_file_gives_and_gets_is_described(name: str) -> None:
    """Parameters, outputs and the members of types; the compiler has no rule for that."""
    file = _FILES[name]
    declared = {**file["parameters"], **{f"output {key}": value for key, value in file.get("outputs", {}).items()}}
    for kind in file.get("definitions", {}).values():
        declared |= kind.get("properties", {})

    assert declared
    assert [key for key, value in declared.items() if not value.get("metadata", {}).get("description")] == []


def test_every_output_of_a_module_is_read() -> None:
    """The compiler only reports parameters and variables that nothing uses."""
    outputs = {(name, output) for name, file in _FILES.items() if name != "main" for output in file.get("outputs", {})}
    read = set(re.findall(r"reference\('(\w+)'\)\.outputs\.(\w+)\.value", json.dumps(template())))

    assert outputs == read


def test_a_type_has_one_version_of_its_api() -> None:
    """Also where a resource is only looked up: two would be raised one by one, and differ in what they know."""
    versions: dict[str, set[str]] = defaultdict(set)
    for file in _FILES.values():
        for resource in file["resources"].values():
            versions[resource["type"].lower()].add(resource["apiVersion"])

    assert len(versions) > 15
    assert {kind: found for kind, found in versions.items() if len(found) > 1} == {}


def test_the_workspace_has_an_api_that_knows_how_to_refuse_its_keys() -> None:
    """With an older one the platform takes `disableLocalAuth`, and need not heed it."""
    workspaces = [
        resource["apiVersion"]
        for file in _FILES.values()
        for resource in file["resources"].values()
        if resource["type"] == WORKSPACE and not resource.get("existing")
    ]

    assert [version >= "2025" for version in workspaces] == [True]
