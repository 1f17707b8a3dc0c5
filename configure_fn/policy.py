"""The learning settings: read, change, reset."""

import asyncio
from collections.abc import Callable

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.forms.learning_settings import DEFAULT_NAME, PolicyContract, answer
from shared.configuration.settings_change import Act, Cause
from shared.learner import arguments
from shared.learner.request_arguments import parse_arguments
from shared.storage.clock import now_us
from shared.web.operations import Functions
from shared.web.responses import json_answer

functions = Functions()

PATH = "configurations/policy"


@functions.operation(["GET"], PATH, Role.READ, answer=PolicyContract)
async def read_policy(_: HttpRequest) -> HttpResponse:
    """Tell the learning settings as they were sent."""
    configuration = await asyncio.to_thread(configuration_store.read_configuration)
    return json_answer(answer(configuration.learning))


@functions.operation(["PUT"], PATH, Role.ADMIN, request=PolicyContract, answer=PolicyContract, refusals=[403])
async def change_policy(req: HttpRequest, caller: str) -> HttpResponse:
    """Let the loop learn in another way from now on."""
    learning = PolicyContract.read(req.get_body()).settings()
    parse_arguments(learning.arguments, "arguments")
    return await _put(lambda _: learning, caller)


@functions.operation(["DELETE"], PATH, Role.ADMIN, answer=PolicyContract)
async def reset_policy(_: HttpRequest, caller: str) -> HttpResponse:
    """Go back to the old service's default for one slot or several, as the loop has it, and tell it."""
    return await _put(default, caller)


def default(stored: LearningSettings) -> LearningSettings:
    """Give the old service's default, for one slot or several as the loop has it."""
    several = stored.problem_type == "ccb"
    return LearningSettings(DEFAULT_NAME, arguments.DEFAULT_CCB_ARGUMENTS if several else arguments.DEFAULT_ARGUMENTS)


async def _put(make: Callable[[LearningSettings], LearningSettings], caller: str) -> HttpResponse:
    def change(stored: Configuration) -> Configuration:
        return stored.with_learning(make(stored.learning), now_us())

    cause = Cause(caller, Act.LEARNING)
    configuration = await asyncio.to_thread(configuration_store.change_configuration, change, cause)
    return json_answer(answer(configuration.learning))
