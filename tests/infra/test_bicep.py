"""The Bicep files as a compiler would see them, as far as that follows without one."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.infra.bicep import lint
from tests.infra.bicep.expressions import Expression, Literal, Object, Text
from tests.infra.bicep.files import File, parse
from tests.infra.bicep.secrets import find_misplaced
from tests.infra.bicep.template import Template
from tests.infra.bicep.types import find_mistyped
from tests.infra.project import INFRA, read_parameters, template, variables
from tests.unit.pages import page

_PATHS = sorted(INFRA.rglob("*.bicep"))
_RULES = """
adminusername-should-not-be-literal artifacts-parameters decompiler-cleanup explicit-values-for-loc-params max-asserts
max-outputs max-params max-resources max-variables nested-deployment-template-scoping no-conflicting-metadata
no-deployments-resources no-explicit-any no-hardcoded-env-urls no-hardcoded-location no-loc-expr-outside-params
no-unnecessary-dependson no-unused-existing-resources no-unused-imports no-unused-params no-unused-vars
outputs-should-not-contain-secrets prefer-interpolation prefer-unquoted-property-names protect-commandtoexecute-secrets
secure-parameter-default secure-params-in-nested-deploy secure-secrets-in-params simplify-interpolation
simplify-json-null stacks-extensibility-compat use-parent-property use-recent-api-versions
use-recent-az-powershell-version use-recent-module-versions use-resource-id-functions use-resource-symbol-reference
use-safe-access use-secure-value-for-secure-inputs use-stable-resource-identifiers use-stable-vm-image
use-user-defined-types what-if-short-circuiting
"""


# Each file


@pytest.mark.parametrize("path", _PATHS, ids=lambda path: path.name)
def test_a_file_is_bicep(path: Path) -> None:
    """And no more of it than the other tests know: what they cannot read, they cannot check."""
    assert parse(path).errors == ()


@pytest.mark.parametrize(
    "check", [lint.find_undefined, lint.find_doubled, lint.find_unused, lint.find_circular, lint.find_undescribed]
)
@pytest.mark.parametrize("path", _PATHS, ids=lambda path: path.name)
def test_a_file_declares_what_it_uses_and_uses_what_it_declares(
    path: Path, check: Callable[[File], Iterable[str]]
) -> None:
    """And says what each parameter is for."""
    assert list(check(parse(path))) == []


# All files together


@pytest.mark.parametrize(
    "check", [lint.find_wrong_calls, lint.find_unread_outputs, lint.find_mixed_versions, find_mistyped, find_misplaced]
)
def test_the_files_fit_together(check: Callable[[Template], Iterable[str]]) -> None:
    """Modules get the parameters that they declare; secrets go into the vault and nowhere else."""
    assert list(check(template())) == []


def test_everything_is_in_the_region_that_the_user_chose() -> None:
    """Only what has no region is global."""
    located = [
        template().render(resource.get("location")) for resource in template().resources() if resource.get("location")
    ]

    assert {"{main.location}"} == set(located) - {"global"}


def test_every_resource_carries_the_tag_by_which_azd_finds_it() -> None:
    """Those that can: what is a part of another has neither region nor tags."""
    taggable = [resource for resource in template().resources() if resource.get("location")]
    untagged = [resource.place for resource in taggable if "azd-env-name" not in template().keys(resource.get("tags"))]

    assert taggable
    assert untagged == []


def test_azd_finds_the_app() -> None:
    """By the name of the service."""
    assert "azd-service-name" in template().keys(template().only("Microsoft.Web/sites").get("tags"))


# Parameters


def test_azd_asks_for_a_region_by_a_list() -> None:
    """It knows by the parameter's metadata that one is wanted."""
    location = template().main.get("location", "parameter")
    assert location is not None
    metadata = [decorator.arguments[0] for decorator in location.decorators if decorator.function == "metadata"]

    assert [fields.get("azd", "type") for fields in metadata if isinstance(fields, Object)] == [Text(("location",))]


def test_a_parameter_that_is_given_is_one() -> None:
    """And no secret is in a file; what has no default is given."""
    parameters = template().main.all("parameter")
    names = {parameter.name for parameter in parameters}
    secret = {parameter.name for parameter in parameters if parameter.has("secure")}
    needed = {parameter.name for parameter in parameters if parameter.value is None}

    assert set(read_parameters()) <= names - secret
    assert needed <= set(read_parameters())


def test_a_default_is_the_same_with_azd_and_without() -> None:
    """It is written twice: in the file of parameters, and in Bicep."""
    variables_of = {name: variables(value) for name, value in read_parameters().items() if isinstance(value, str)}
    given = {
        name: default for name, defaults in variables_of.items() for default in defaults.values() if default is not None
    }
    own = {parameter.name: _default_text(parameter.value) for parameter in template().main.all("parameter")}

    assert given
    assert {name: own[name] for name in given} == given


def _default_text(value: Expression | None) -> str:
    match value:
        case Text(plain=str(text)):
            return text
        case Literal(value=bool(flag)):
            return str(flag).lower()
        case Literal(value=number):
            return str(number)
        case _:
            return "?"


def test_no_variable_of_a_parameter_is_an_output() -> None:
    """What azd writes there would change the next deployment; and `azd down` would take away what the user has set."""
    outputs = {output.name for output in template().main.all("output")}

    assert outputs
    assert set() == outputs & set(variables(read_parameters()))


@pytest.mark.parametrize("name", sorted(variables(read_parameters())))
def test_a_variable_of_azd_is_on_its_page(name: str) -> None:
    """A user can only set a variable that the page names."""
    assert name in page("docs/deploy.md").spans


# The linter


def test_every_rule_of_the_linter_is_an_error() -> None:
    """What is only a warning is not read."""
    core = json.loads((INFRA / "bicepconfig.json").read_text(encoding="utf-8"))["analyzers"]["core"]
    rules = {name: rule["level"] for name, rule in core["rules"].items()}

    assert core["enabled"] is True
    assert set() == set(_RULES.split()) - set(rules)
    assert {"error"} == set(rules.values())
