"""The exploration shares: what a loop's exploration is spent on."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.forms.exploration_shares import Shares, SharesChange
from shared.configuration.settings_change import Act, Cause
from shared.web.operations import Api, Functions
from shared.web.responses import json_answer

functions = Functions()

PATH = "configurations/explorationShares"


@functions.operation(["GET"], PATH, Role.READ, api=Api.OWN, answer=Shares)
async def read_exploration_shares(_: HttpRequest) -> HttpResponse:
    """Tell what the exploration is spent on."""
    return _answer(await asyncio.to_thread(configuration_store.read_configuration))


@functions.operation(["PUT"], PATH, Role.ADMIN, api=Api.OWN, request=SharesChange, answer=Shares, refusals=[403])
async def change_exploration_shares(req: HttpRequest, caller: str) -> HttpResponse:
    """Spend the exploration in another way from now on; the model stays, and so does what it has learned."""
    shares = SharesChange.read(req.get_body()).shares()

    def change(stored: Configuration) -> Configuration:
        return stored.with_exploration_shares(shares)

    cause = Cause(caller, Act.SHARES)
    return _answer(await asyncio.to_thread(configuration_store.change_configuration, change, cause))


def _answer(configuration: Configuration) -> HttpResponse:
    return json_answer(Shares.of(configuration).to_json())
