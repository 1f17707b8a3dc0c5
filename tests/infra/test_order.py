"""In which order Azure makes what the template describes: it makes at once what nothing says has to wait."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.snapshots import modules


def test_the_app_waits_for_its_roles() -> None:
    """It loads its package and reads its keys as soon as it is there."""
    assert {"storageAccess", "access"} <= _find_awaited("functions")


def test_roles_on_storage_wait_only_for_storage_and_for_who_gets_them() -> None:
    """They take minutes to have an effect, and without it the package cannot be uploaded."""
    assert _find_awaited("storageAccess") == {"identity", "storage"}


def _resources(name: str) -> Iterator[Any]:
    yield from modules()[name]["properties"]["template"]["resources"].values()


def _makers(name: str) -> set[str]:
    """The other modules that make the existing resources of a module."""
    wanted = {resource["type"] for resource in _resources(name) if resource.get("existing")}
    return {maker for maker in modules() if maker != name and wanted & _list_types(maker)}


def _list_types(name: str) -> set[str]:
    """The types of resources that a module makes."""
    return {resource["type"] for resource in _resources(name) if not resource.get("existing")}


_MAKERS = {name: makers for name in modules() if (makers := _makers(name))}
"""The makers of the existing resources of each module that has some."""


def test_roles_diagnostics_and_network_look_up_what_others_make() -> None:
    """Else the test below says nothing."""
    assert {
        "access": {"vault", "monitoring"},
        "diagnostics": {"storage", "vault", "functions"},
        "network": {"storage"},
        "storageAccess": {"storage"},
    } == _MAKERS


@pytest.mark.parametrize("name", _MAKERS)
def test_a_module_waits_for_what_it_looks_up(name: str) -> None:
    """A resource that it only names is no reason to wait for its maker."""
    assert _MAKERS[name] <= _find_awaited(name)


def _find_awaited(name: str) -> set[str]:
    """The modules that a module waits for, directly or through others."""
    direct = modules().keys() & modules()[name]["dependsOn"]
    return direct.union(*(_find_awaited(module) for module in direct))
