"""The service configuration as each version answers it."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
from pydantic import Field, create_model

from shared.configuration.forms.declared_fields import METRICS, fields_of
from shared.configuration.service_configuration import ServiceConfiguration
from shared.web.json_forms import Wire
from shared.web.versions import Version


@cache
def answer_model(version: Version) -> type[Wire]:
    """The model of a version's answers."""
    fields: dict[str, Any] = {
        field.name: (field.answer_type, Field(... if field.is_always_answered else None, alias=field.alias))
        for field in fields_of(version)
    }
    name = f"ServiceConfiguration_{re.sub(r'\W', '_', version.name)}"
    return create_model(name, __base__=Wire, __doc__="The service configuration.", **fields)


def answer(service: ServiceConfiguration, version: Version, metrics: Mapping[str, object] | None = None) -> bytes:
    """The body of a version's answer, with the metrics of the loop as an apprentice, if there are any.

    What there is nothing to tell of is left out: clients make a `Uri` of whatever `logMirrorSasUri` is.
    """
    values = {
        field.alias: metrics if field is METRICS else field.api.answer(getattr(service, field.name))
        for field in fields_of(version)
    }
    return orjson.dumps({name: value for name, value in values.items() if value is not None})
