"""What a dated export holds, and how it is told of."""

import json
from collections.abc import Sequence

import orjson

from shared.configuration.configuration import Configuration
from shared.configuration.forms import configuration_answer, learning_settings
from shared.web.json_forms import Wire
from shared.web.versions import VERSIONS

_SECRETS = ("logMirrorEnabled", "logMirrorSasUri")
_FACTS = ("lastConfigurationEditDate", "latestApprenticeModeMetrics")


class Bundle(Wire):
    """The blobs of a dated export."""

    container: str
    blobs: list[str]


def settings_of(configuration: Configuration) -> dict[str, bytes]:
    """The learning settings and the service configuration, in the form in which the API takes them, by file name.

    Whoever may read exports need not know where logs are mirrored to, since that address is a secret.
    """
    told = json.loads(configuration_answer.answer(configuration.service, VERSIONS[-1]))
    kept = {name: value for name, value in told.items() if name not in (*_SECRETS, *_FACTS)}
    return {
        "learning-settings.json": learning_settings.answer(configuration.learning),
        "configuration.json": orjson.dumps(kept),
    }


def answer(container: str, blobs: Sequence[str]) -> bytes:
    """The body that tells where a dated export is."""
    return orjson.dumps({"container": container, "blobs": [*blobs]})
