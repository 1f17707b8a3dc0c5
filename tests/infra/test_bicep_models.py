"""The resources beside the models of the management libraries: names, values, and what can only be read."""

import azure.mgmt.monitor.models
import pytest

from tests.infra.bicep import comparison
from tests.infra.bicep.template import Resource
from tests.infra.project import template

_RESOURCES = template().resources()


@pytest.mark.parametrize("resource", _RESOURCES, ids=lambda resource: resource.place)
def test_a_resource_has_only_properties_that_its_model_knows(resource: Resource) -> None:
    """A name that is not known is either refused by the deployment or, worse, ignored."""
    assert list(comparison.wrong(template(), resource)) == []


def test_only_properties_that_a_resource_has_are_read() -> None:
    """Others fail only when everything else is there already."""
    assert list(comparison.wrong_reads(template())) == []


def test_what_no_library_has_is_still_missing_there() -> None:
    """Else its model would be better than what is written here."""
    assert not hasattr(azure.mgmt.monitor.models, "DiagnosticSettingsResource")
