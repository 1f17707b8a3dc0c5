"""A second opinion: checkov's rules for Azure, over the resources of each deployment.

Its own reader of Bicep parses none of the files, and into the modules of a compiled template it does not look, so it
gets the resources that the compiler made, as one flat template.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from localhost.environment import ROOT
from tests.infra.bicep import DEPLOYMENTS, NAMES
from tests.infra.snapshots import DEFAULTS, EVERYTHING, GIVEN, PIPELINE, PLAN, SECRETS, SITE, STORAGE, VAULT

SKIPPED: Final[Mapping[str, Mapping[str, str]]] = {
    SITE: {
        "CKV_AZURE_17": "the old service's clients have keys, and no certificates",
        "CKV_AZURE_78": "the policy `ftp` forbids it, and Flex Consumption has no FTP",
        "CKV_AZURE_212": "Flex Consumption has no number of workers, but always-ready instances, which are a parameter",
        "CKV_AZURE_213": "Flex Consumption has no path for health checks: the platform watches the host itself",
        "CKV_AZURE_222": "callers are anywhere; keys and tokens guard the API",
    },
    # checkov takes the list of app settings for the site's configuration, and misses there what no such list has.
    f"{SITE}/config": {
        "CKV_AZURE_13": "clients show a key or a token, which the app checks; App Service's own sign-in knows no keys",
        "CKV_AZURE_63": "Flex Consumption has no web server's log on disk; Application Insights gets the requests",
        "CKV_AZURE_65": "Flex Consumption has no pages about errors on disk",
        "CKV_AZURE_66": "Flex Consumption has no tracing of failed requests",
        "CKV_AZURE_80": "the app is Python's",
        "CKV_AZURE_88": "Flex Consumption takes its code from a container of blobs, and mounts no share",
        "CKV_AZURE_222": "callers are anywhere; keys and tokens guard the API",
    },
    VAULT: {
        "CKV_AZURE_109": "references to a vault behind a firewall are not resolved; roles guard it",
        "CKV_AZURE_189": "references to a vault that only a network reaches are not resolved; roles guard it",
    },
    SECRETS: {
        "CKV_AZURE_41": "a key that expires without anybody who makes the next one ends every client's calls at once",
    },
    STORAGE: {
        "CKV_AZURE_206": "it wants a copy in another region, which no app would use; zones are a parameter",
    },
}
"""What does not fit this app, by the type of the resource, and why."""
CHOSEN: Final[Mapping[tuple[str, str], str]] = {
    ("CKV_AZURE_35", STORAGE): "privateNetworking",
    ("CKV_AZURE_59", STORAGE): "privateNetworking without allowedAddresses",
    ("CKV_AZURE_225", PLAN): "zoneRedundant",
}
"""What costs more, and so is there for those who choose it by a parameter."""
_HAS_CHOSEN: Final[Mapping[str, Sequence[str]]] = {
    EVERYTHING: ("privateNetworking",),
    GIVEN: ("privateNetworking", "privateNetworking without allowedAddresses"),
    PIPELINE: ("zoneRedundant",),
}
_CARELESS = "careless"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What checkov says of the resources of one file.

    Attributes:
        passed: Names of checks, each with the type of the resource.
        failed: The same.
    """

    passed: frozenset[tuple[str, str]]
    failed: frozenset[tuple[str, str]]


@pytest.fixture(scope="module")
def opinions(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Opinion]:
    """Of each deployment, and of one whose storage anybody may read without encryption; checkov is run once for all."""
    folder = tmp_path_factory.mktemp("templates")
    for name in NAMES:
        _write(folder / f"{name}.json", _resources(name))
    _write(folder / f"{_CARELESS}.json", map(_careless, _resources(DEFAULTS)))
    command = [sys.executable, "-m", "tests.infra.checkov_run", str(folder)]
    done = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=240).stdout)
    assert done["unread"] == []
    names = (*NAMES, _CARELESS)
    return {name: Opinion(_rows(name, done["passed"]), _rows(name, done["failed"])) for name in names}


def _resources(name: str) -> list[dict[str, Any]]:
    document = json.loads((DEPLOYMENTS / f"{name}.snapshot.json").read_text(encoding="utf-8"))
    resources: list[dict[str, Any]] = document["predictedResources"]
    return resources


def _careless(resource: dict[str, Any]) -> dict[str, Any]:
    opened = {"supportsHttpsTrafficOnly": False, "minimumTlsVersion": "TLS1_0"}
    return {**resource, "properties": resource["properties"] | opened} if resource["type"] == STORAGE else resource


def _write(path: Path, resources: Iterable[Mapping[str, Any]]) -> None:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    template = {"$schema": schema, "contentVersion": "1.0.0.0", "resources": list(resources)}
    path.write_text(json.dumps(template), encoding="utf-8")


def _rows(of: str, rows: Iterable[tuple[str, str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset((check, kind) for file, check, kind in rows if file == of)


@pytest.mark.parametrize("name", NAMES)
def test_a_check_fails_only_for_a_reason(name: str, opinions: Mapping[str, Opinion]) -> None:
    """And a reason whose check passes is gone: it would hide the next failure."""
    skipped = {(check, kind) for kind, checks in SKIPPED.items() for check in checks}
    not_chosen = {check for check, parameter in CHOSEN.items() if parameter not in _HAS_CHOSEN.get(name, ())}

    assert opinions[name].failed == skipped | not_chosen


@pytest.mark.parametrize("name", NAMES)
def test_checkov_has_found_something_to_check(name: str, opinions: Mapping[str, Opinion]) -> None:
    """A template that it cannot read, or looks at from outside, has no failure either."""
    passed = opinions[name].passed

    assert len(passed) >= 20
    assert {STORAGE, f"{STORAGE}/blobServices/containers", VAULT, SECRETS, SITE} <= {kind for _, kind in passed}


def test_checkov_finds_what_is_wrong(opinions: Mapping[str, Opinion]) -> None:
    """Each of two mistakes in one resource, and nothing else."""
    new = opinions[_CARELESS].failed - opinions[DEFAULTS].failed

    assert new == {("CKV_AZURE_3", STORAGE), ("CKV_AZURE_44", STORAGE)}
