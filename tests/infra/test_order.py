"""In which order Azure makes what the template describes: it makes at once what nothing says has to wait."""

from collections.abc import Iterator

import pytest

from tests.infra.bicep.expressions import Name, Object, outcomes, walk
from tests.infra.bicep.template import Module, output_read
from tests.infra.project import template

_MODULES = {module.declaration.name: module for module in template().modules()}


def test_the_app_waits_for_its_roles() -> None:
    """It looks for its package and reads its keys as soon as it is there."""
    assert "access" in _awaited("functions")


def _made(module: Module) -> set[str]:
    """The types of resources that a module makes."""
    return {resource.type for resource in template().resources() if resource.file is module.callee}


def _makers(name: str) -> set[str]:
    """The other modules that make what a module looks up."""
    wanted = {
        resource.type for resource in template().resources(existing=True) if resource.file is _MODULES[name].callee
    }
    return {maker for maker in _MODULES if maker != name and wanted & _made(_MODULES[maker])}


_LOOKED_UP = {name: makers for name in _MODULES if (makers := _makers(name))}
"""For each module that looks up what others make, those others."""


def test_roles_and_network_look_up_what_others_make() -> None:
    """Else the test below says nothing."""
    assert {"access": {"storage", "vault", "monitoring"}, "network": {"storage"}} == _LOOKED_UP


@pytest.mark.parametrize("name", _LOOKED_UP)
def test_a_module_waits_for_what_it_looks_up(name: str) -> None:
    """A resource that it only names is no reason to wait for whoever makes it."""
    assert _LOOKED_UP[name] <= _awaited(name)


def _awaited(name: str) -> set[str]:
    """The modules that one waits for, also those that they wait for."""
    direct = set(_named(_MODULES[name]))
    return direct.union(*(_awaited(one) for one in direct))


def _named(module: Module) -> Iterator[str]:
    """Those that it names, and those whose outputs it reads."""
    for body in outcomes(module.declaration.value):
        if isinstance(body, Object) and (told := body.get("dependsOn")) is not None:
            yield from (one.name for one in walk(told) if isinstance(one, Name))
    yield from (read[0] for one in walk(module.given) if (read := output_read(one)) is not None)
