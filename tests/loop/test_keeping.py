"""What goes when it is old or not needed any more, and what stays."""

from copy import replace

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.models import model_store
from shared.models.model_description import ModelDescription
from shared.models.model_store import ModelBlob
from shared.times import DAY, HOUR
from tests.faults.proxy import Request
from tests.loop import evaluated_log, past
from tests.loop.conftest import StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Held, Strike, open_route
from train_timer.model_retention import select_superseded

NOW = 100 * DAY + 6 * HOUR
KEEP_DAYS_US = 30 * DAY


def model(position_us: int, name: str = "a") -> ModelBlob:
    """A model blob."""
    return ModelBlob(f"loops/default/models/{position_us}-1/{name}.vw", position_us, "etag")


@pytest.mark.parametrize(
    ("positions", "going"),
    [
        ([NOW, NOW - HOUR, NOW - DAY], []),
        ([NOW - DAY - 1], []),
        ([NOW - 2 * DAY, NOW - 2 * DAY + HOUR], [NOW - 2 * DAY]),
        ([NOW - 9 * DAY, NOW - 8 * DAY, NOW - 7 * DAY], []),
        ([NOW - 29 * DAY], []),
        ([NOW - 31 * DAY, NOW - 32 * DAY], [NOW - 31 * DAY, NOW - 32 * DAY]),
    ],
)
def test_models_of_the_last_day_stay_and_the_last_of_each_day(positions: list[int], going: list[int]) -> None:
    """Within the retention."""
    models = [model(position) for position in positions]

    superseded = select_superseded(models, KEEP_DAYS_US, NOW)

    assert sorted(going) == sorted(model.position_us for model in superseded)


def test_models_stay_for_ever_where_logs_do() -> None:
    """One a day."""
    old = [model(NOW - 900 * DAY), model(NOW - 900 * DAY + HOUR), model(NOW - 900 * DAY + HOUR, "b")]

    assert [old[0]] == select_superseded(old, None, NOW)


def test_the_description_of_a_model_stays_longer_than_the_model() -> None:
    """A later one can then still be made again: from an earlier state, over the log in between."""
    description = ModelBlob("loops/default/models/1-1/a.json", NOW - 2 * DAY, "etag")

    assert select_superseded([description, model(NOW - 2 * DAY + HOUR)], KEEP_DAYS_US, NOW) == []
    assert [description] == select_superseded([description], DAY // 2, NOW)


def test_a_deleted_log_is_deleted_at_once(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Not only hidden until the next hour."""
    configuration = past.configuration(reward_wait_time="PT10M")
    past.configure(stored_loop, configuration)
    past.Past([past.event("e", past.minutes_ago(60))]).write(stored_loop)
    with trainer() as started_trainer:
        started_trainer.succeed()
    assert len(stored_loop.blobs("logs/")) == 1

    past.configure(stored_loop, replace(configuration, logs_deleted_before_us=past.minutes_ago(0)))
    with trainer() as started_trainer:
        started_trainer.succeed()

    assert stored_loop.blobs("logs/") == {}


@pytest.mark.parametrize("suffix", [".vw", ".json"])
def test_a_delete_of_a_sleeper_takes_no_model_that_was_learned_again(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount, suffix: str
) -> None:
    """It lands when another trainer, which learned the same log again, has come to the same bytes."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M", log_retention_days=2))
    past.Past([past.event("e", past.minutes_ago(60))]).write(stored_loop)
    description = ModelDescription("p", "-q ::", 0.2, past.seldom().rewards, 1, HOUR, 1, None, ())
    with evaluated_log.use_storage(stored_loop.storage):
        path = model_store.put(b"model", HOUR, 1)
        model_store.describe(path, description)
    name = model_store.description_path(path) if suffix == ".json" else path

    def deletes(request: Request) -> bool:
        return request.method == "DELETE" and request.path.split("?")[0].endswith(name)

    with open_route(account) as route, trainer(route.storage) as sleeper:
        route.plan(strike := Strike(deletes, sleeper.pause, held := Held()))
        strike.wait()
        with evaluated_log.use_storage(stored_loop.storage):
            model_store.put(b"model", HOUR, 1)
            model_store.describe(path, description)
        held.free.set()
        sleeper.wake()
        sleeper.succeed()

    assert stored_loop.blob(name.removeprefix("loops/default/")) is not None
