"""A dated export: the settings among its files, and the answer that names its blobs."""

import json

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
    """The learning settings and the service configuration as the API takes them, by file name.

    The address of the log mirror is a secret, and is left out.
    """
    fields = json.loads(configuration_answer.answer(configuration.service, VERSIONS[-1]))
    settings = {name: value for name, value in fields.items() if name not in (*_SECRETS, *_FACTS)}
    return {
        "learning-settings.json": learning_settings.answer(configuration.learning),
        "configuration.json": orjson.dumps(settings),
    }
