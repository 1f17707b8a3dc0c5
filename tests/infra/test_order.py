"""In which order Azure makes what the template describes: it makes at once what nothing says has to wait."""

from collections.abc import Iterator

import pytest

from tests.infra.bicep.expressions import Name, Object, outcomes, walk
from tests.infra.bicep.template import Module, output_read
from tests.infra.project import template

_MODULES = {module.declaration.name: module for module in template().modules()}


def test_the_app_waits_for_its_roles() -> None:
    """It loads its package and reads its keys as soon as it is there."""
    assert "access" in _find_awaited("functions")


def _list_types(module: Module) -> set[str]:
    """The types of resources that a module makes."""
    return {resource.type for resource in template().resources() if resource.file is module.callee}


def _makers(name: str) -> set[str]:
    """The other modules that make the existing resources of a module."""
    wanted = {
        resource.type for resource in template().resources(existing=True) if resource.file is _MODULES[name].callee
    }
    return {maker for maker in _MODULES if maker != name and wanted & _list_types(_MODULES[maker])}


_MAKERS = {name: makers for name in _MODULES if (makers := _makers(name))}
"""The makers of the existing resources of each module that has some."""


def test_roles_and_network_look_up_what_others_make() -> None:
    """Else the test below says nothing."""
    assert {"access": {"storage", "vault", "monitoring"}, "network": {"storage"}} == _MAKERS


@pytest.mark.parametrize("name", _MAKERS)
def test_a_module_waits_for_what_it_looks_up(name: str) -> None:
    """A resource that it only names is no reason to wait for its maker."""
    assert _MAKERS[name] <= _find_awaited(name)


def _find_awaited(name: str) -> set[str]:
    """The modules that a module waits for, directly or through others."""
    direct = set(_find_references(_MODULES[name]))
    return direct.union(*(_find_awaited(module) for module in direct))


def _find_references(module: Module) -> Iterator[str]:
    """The modules that it depends on by name, and those whose outputs it reads."""
    for body in outcomes(module.declaration.value):
        if isinstance(body, Object) and (dependencies := body.get("dependsOn")) is not None:
            yield from (name.name for name in walk(dependencies) if isinstance(name, Name))
    yield from (read[0] for expression in walk(module.given) if (read := output_read(expression)) is not None)
