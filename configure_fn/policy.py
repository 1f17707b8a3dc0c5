"""Reading, changing and resetting the learning settings."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.contract.errors import InvalidPolicyConfiguration
from shared.contract.policy import DEFAULT_NAME, PolicyContract, answer
from shared.learner import arguments
from shared.loop.configuration import Configuration, LearningSettings
from shared.storage import documents
from shared.storage.arrivals import now_us
from shared.web.answers import json_answer
from shared.web.operations import functions, operation

blueprint = functions()

PATH = "configurations/policy"


@operation(blueprint, ["GET"], PATH)
async def read_policy(_: HttpRequest) -> HttpResponse:
    """Tell the learning settings as they were sent."""
    configuration = await asyncio.to_thread(documents.read_configuration)
    return json_answer(answer(configuration.learning))


@operation(blueprint, ["PUT"], PATH)
async def change_policy(req: HttpRequest) -> HttpResponse:
    """Let the loop learn in another way from now on."""
    learning = PolicyContract.read(req.get_body()).settings()
    _check(learning.arguments)
    return await _put(learning)


@operation(blueprint, ["DELETE"], PATH)
async def reset_policy(_: HttpRequest) -> HttpResponse:
    """Go back to the old service's default, and tell it."""
    return await _put(LearningSettings(DEFAULT_NAME, arguments.DEFAULT_ARGUMENTS))


def _check(text: str) -> None:
    try:
        problem_type = arguments.parse(text).problem_type
    except arguments.InvalidLearningArguments as error:
        raise InvalidPolicyConfiguration(f"{error}.", "arguments") from error
    if problem_type != "cb":
        raise InvalidPolicyConfiguration("--ccb_explore_adf needs multi-slot, which is not there yet.", "arguments")


async def _put(learning: LearningSettings) -> HttpResponse:
    def changed(stored: Configuration) -> Configuration:
        return stored.with_learning(learning, now_us())

    configuration = await asyncio.to_thread(documents.change_configuration, changed)
    return json_answer(answer(configuration.learning))
