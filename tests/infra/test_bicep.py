"""The files that Bicep's compiler made of `infra`: all other tests read them, with the compiler or without."""

import json
from subprocess import CompletedProcess

from tests.infra import bicep
from tests.infra.bicep import DEPLOYMENTS, INFRA, MADE_OF, NAMES


def test_what_the_compiler_made_is_of_these_files() -> None:
    """All other tests read what it made. Whoever changes `infra` has to make it again, and so needs the compiler."""
    made_of, now = json.loads(MADE_OF.read_text(encoding="utf-8")), bicep.fingerprints()
    differing = sorted(name for name in made_of.keys() | now.keys() if made_of.get(name) != now.get(name))

    assert differing == [], bicep.MAKE_AGAIN


def test_every_deployment_has_been_made() -> None:
    """And no file is left of one that is gone."""
    assert {path.name.removesuffix(".snapshot.json") for path in DEPLOYMENTS.glob("*.snapshot.json")} == set(NAMES)


# Where nothing is to be heard


def test_a_compiler_that_fails_without_a_word_is_a_complaint() -> None:
    """It may have crashed."""
    assert bicep.complaints(CompletedProcess(["bicep"], 139, stdout="", stderr="")) == "exit code 139"


# The linter's rules

_RULES = """
adminusername-should-not-be-literal artifacts-parameters decompiler-cleanup explicit-values-for-loc-params max-asserts
max-outputs max-params max-resources max-variables nested-deployment-template-scoping no-conflicting-metadata
no-deployments-resources no-explicit-any no-hardcoded-env-urls no-hardcoded-location no-loc-expr-outside-params
no-module-name no-unnecessary-dependson no-unused-existing-resources no-unused-imports no-unused-params no-unused-vars
outputs-should-not-contain-secrets prefer-interpolation prefer-unquoted-property-names protect-commandtoexecute-secrets
secure-parameter-default secure-params-in-nested-deploy secure-secrets-in-params simplify-interpolation
simplify-json-null stacks-extensibility-compat use-parent-property use-recent-api-versions
use-recent-az-powershell-version use-recent-module-versions use-resource-id-functions use-resource-symbol-reference
use-safe-access use-secure-value-for-secure-inputs use-stable-resource-identifiers use-stable-vm-image
use-user-defined-types what-if-short-circuiting
"""
"""All that the compiler has: it says nothing of a name that it does not know."""


def test_every_rule_of_the_linter_is_on_and_stops_no_deployment() -> None:
    """A newer compiler may find what this one does not: that is for these tests, and not for who deploys a release.

    A rule that is left out has the compiler's own level, which may be none.
    """
    core = json.loads((INFRA / "bicepconfig.json").read_text(encoding="utf-8"))["analyzers"]["core"]
    levels = {name: rule["level"] for name, rule in core["rules"].items()}

    assert core["enabled"] is True
    assert levels == dict.fromkeys(_RULES.split(), "warning")
