"""Learning settings over HTTP (the API's "policy")."""

from typing import Annotated, ClassVar

import orjson
from pydantic import StringConstraints

from shared.configuration.configuration import LearningSettings
from shared.web.errors import InvalidPolicyContract, InvalidRequest
from shared.web.json_bodies import MAX_ID
from shared.web.json_forms import Wire

DEFAULT_NAME = "default"
"""Name of the learning settings that a reset gives."""


class PolicyContract(Wire):
    """A named line of learning arguments, told back to the letter."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidPolicyContract

    name: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]
    arguments: Annotated[str, StringConstraints(min_length=1, max_length=1024)]

    def settings(self) -> LearningSettings:
        """Give the settings as a value of the loop."""
        return LearningSettings(self.name, self.arguments)


def answer(learning: LearningSettings) -> bytes:
    """Write the answer with a loop's learning settings."""
    return orjson.dumps({"name": learning.name, "arguments": learning.arguments})
