"""The other side of `requests`: what one usually writes at home to rank with Vowpal Wabbit and to remember it.

FastAPI, a model in memory, one insert by the tables SDK for each Rank. Done with care: one client for all requests,
uvloop and httptools, no access log. It checks no key, cleans no features, and knows no repetition.

`python -m benchmarks.home_made PORT MODEL` serves; the storage account is the setting AzureWebJobsStorage.
"""

import json
import os
import random
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import uvicorn
from azure.core.exceptions import ResourceExistsError
from azure.data.tables.aio import TableServiceClient
from fastapi import FastAPI
from pydantic import BaseModel
from vowpalwabbit import Workspace

from localhost.environment import STORAGE

TABLE = "decisions"


class Action(BaseModel):
    """An action with its features."""

    id: str
    features: list[dict[str, Any]]


class RankRequest(BaseModel):
    """What is to be ranked."""

    contextFeatures: list[dict[str, Any]] = []  # noqa: N815 - the name on the wire
    actions: list[Action]
    eventId: str | None = None  # noqa: N815


class Ranker:
    """The model."""

    def __init__(self, path: str) -> None:
        self._model = Workspace(arg_list=["-i", path, "-t", "--json", "--quiet"])

    def rank(self, request: RankRequest) -> tuple[str, list[float], int]:
        """Give the document, the probabilities, and the place of the action that was drawn."""
        document = json.dumps(
            {
                "FromUrl": request.contextFeatures,
                "_multi": [{"i": {"constant": 1, "id": action.id}, "j": action.features} for action in request.actions],
            }
        )
        examples = self._model.parse(document)
        try:
            probabilities = self._model.predict(examples)
        finally:
            self._model.finish_example(examples)
        return document, probabilities, random.choices(range(len(probabilities)), probabilities)[0]


def create_app(storage: str, model: str) -> FastAPI:
    """Build the app over a storage account and a model file."""
    ranker = Ranker(model)
    service = TableServiceClient.from_connection_string(storage)
    table = service.get_table_client(TABLE)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service, table:
            with suppress(ResourceExistsError):
                await table.create_table()
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/personalizer/v1.0/rank", status_code=201)
    async def rank(request: RankRequest) -> dict[str, Any]:
        event_id = request.eventId or str(uuid.uuid4())
        document, probabilities, chosen = ranker.rank(request)
        ids = [action.id for action in request.actions]
        await table.create_entity(
            {
                "PartitionKey": f"{datetime.now(UTC):%Y%m%d%H%M}",
                "RowKey": event_id,
                "features": document,
                "chosen": chosen,
                "probability": probabilities[chosen],
            }
        )
        ranked = sorted(zip(ids, probabilities, strict=True), key=lambda pair: -pair[1])
        return {
            "ranking": [{"id": id_, "probability": probability} for id_, probability in ranked],
            "eventId": event_id,
            "rewardActionId": ids[chosen],
        }

    return app


def main() -> None:
    """Serve until a signal stops the process."""
    app = create_app(os.environ[STORAGE], sys.argv[2])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
