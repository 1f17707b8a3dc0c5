"""What storage deletes by itself, and what it keeps of what was deleted."""

from collections.abc import Mapping
from typing import Any

import pytest

from shared.storage import paths
from shared.storage.paths import this_loop
from tests.infra.bicep import NAMES
from tests.infra.snapshots import CONTAINERS, DEFAULTS, EVERYTHING, GIVEN, PIPELINE, RECOVERED, STORAGE, deployment


@pytest.mark.parametrize("name", NAMES)
def test_storage_deletes_nothing_but_log(name: str) -> None:
    """Models, the trainer's state and exports are older than any number of days; and nothing is moved."""
    actions = _rule(name)["definition"]["actions"]

    assert _rule(name)["definition"]["filters"] == {"blobTypes": ["blockBlob"], "prefixMatch": [this_loop().logs]}
    assert ([*actions], [*actions["baseBlob"]]) == (["baseBlob"], ["delete"])


@pytest.mark.parametrize(("name", "days"), [(EVERYTHING, 500), (PIPELINE, 1)])
def test_storage_deletes_log_after_as_many_days_as_somebody_says(name: str, days: int) -> None:
    """From the first day on."""
    assert (_rule(name)["enabled"], _delete(name)) == (True, {"daysAfterModificationGreaterThan": days})


@pytest.mark.parametrize("name", [DEFAULTS, GIVEN, RECOVERED])
def test_storage_deletes_no_log_unless_somebody_says_so(name: str) -> None:
    """By default the loop alone decides. A rule that a deployment leaves out stays, so it is there, switched off.

    Zero days would be refused even then.
    """
    assert (_rule(name)["enabled"], _delete(name)) == (False, {"daysAfterModificationGreaterThan": 1})


@pytest.mark.parametrize("name", NAMES)
def test_no_earlier_state_of_a_blob_is_kept(name: str) -> None:
    """A redaction has to take out what it takes out, and the trainer's state is written anew again and again."""
    blob_service = deployment(name).only(f"{STORAGE}/blobServices")

    assert blob_service.get("properties.isVersioningEnabled") is False
    assert blob_service.get("properties.deleteRetentionPolicy") == {"enabled": False}


@pytest.mark.parametrize("name", NAMES)
def test_a_deleted_container_comes_back_for_a_week(name: str) -> None:
    """A slip of a person, who alone deletes containers."""
    policy = deployment(name).only(f"{STORAGE}/blobServices").get("properties.containerDeleteRetentionPolicy")

    assert policy == {"enabled": True, "days": 7}


@pytest.mark.parametrize("name", NAMES)
def test_the_containers_are_those_of_the_loop_and_the_platforms(name: str) -> None:
    """A role can then be given on one of them before the first Rank."""
    used = {paths.split_path(path)[0] for path in (this_loop().state, this_loop().exports)}
    containers = {container.name.rpartition("/")[2] for container in deployment(name).of(CONTAINERS)}

    assert used | {"deployments"} == containers


@pytest.mark.parametrize("name", NAMES)
def test_the_account_is_locked_if_somebody_says_so(name: str) -> None:
    """Against removal alone: a lock against writes would stop deployments."""
    locks = [
        (each.scope, each.get("properties.level")) for each in deployment(name).of("Microsoft.Authorization/locks")
    ]

    assert locks == ([(deployment(name).only(STORAGE).id, "CanNotDelete")] if name == EVERYTHING else [])


def _rule(name: str) -> Mapping[str, Any]:
    """The one rule of the account."""
    (rule,) = deployment(name).only(f"{STORAGE}/managementPolicies").get("properties.policy.rules")
    fields: Mapping[str, Any] = rule
    return fields


def _delete(name: str) -> Mapping[str, Any]:
    """When the rule deletes a blob."""
    condition: Mapping[str, Any] = _rule(name)["definition"]["actions"]["baseBlob"]["delete"]
    return condition
