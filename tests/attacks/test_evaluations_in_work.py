"""A loop has no more evaluations in work than it can carry out, and no more feature importances."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from evaluate_fn.submission import MOST_IN_WORK, submit
from localhost.azurite.accounts import EmulatedAccount
from shared import settings
from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Purpose, Status
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.web.errors import TooManyInWork
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.evaluated import START_US, evaluation, keep
from tests.loop.strikes import Held, Strike, open_route, write
from tests.storages import NewStorage

BODY = {"name": "n", "startTime": "2026-10-01T12:00:00Z", "endTime": "2026-10-02T12:00:00Z"}
VERSION = "?api-version=2022-09-01-preview"


@pytest.fixture(scope="module")
def loop(new_storage: NewStorage) -> Iterator[str]:
    """An account that is this process's storage too."""
    account = new_storage()
    with settings.use(settings.read({"AzureWebJobsStorage": account})):
        yield account


@pytest.fixture(scope="module")
def api(loop: str) -> Iterator[Api]:
    with HostProcess(loop, env={"API_KEY_1": "key", **NEVER}) as started:
        yield Api.at(started.url, "key")


def put_to_work(number: int, purpose: Purpose) -> None:
    """Put evaluations into storage that nobody carries out, beside some that have ended."""
    for each in range(number):
        keep(evaluation(f"e{each}", purpose=purpose, status=Status.RUNNING, ended_us=None, optimal=None))
    for each in range(3):
        keep(evaluation(f"ended{each}", purpose=purpose))


def list_in_work(purpose: Purpose) -> list[str]:
    evaluations = evaluation_store.list_all(purpose)
    return sorted(each.id for each in evaluations if not each.status.has_ended)


@pytest.mark.parametrize(
    ("path", "purpose"), [("evaluations", Purpose.EVALUATION), ("featureImportances", Purpose.IMPORTANCE)]
)
def test_what_is_too_many_is_refused_and_changes_nothing(api: Api, path: str, purpose: Purpose) -> None:
    """The refusal says what to do; after that the next one is taken."""
    put_to_work(MOST_IN_WORK, purpose)
    before = list_in_work(purpose)

    refused = api.put(f"/personalizer/{path}/one-more{VERSION}", BODY)
    after = list_in_work(purpose)
    removed = api.delete(f"/personalizer/{path}/e0{VERSION}")

    assert (refused.status, refused.error["code"]) == (409, "TooManyInWork")
    assert "delete one" in refused.error["message"]
    assert before == after
    assert removed.status == 204
    assert api.put(f"/personalizer/{path}/one-more{VERSION}", BODY).status == 200


def test_of_two_at_the_same_moment_one_is_taken(account: EmulatedAccount) -> None:
    """Both find the last place free, and one of them is written first."""
    first, second = (EvaluationSpec(name, name, START_US, START_US + 1) for name in ("first", "second"))
    with open_route(account) as route, settings.use(settings.read({"AzureWebJobsStorage": route.storage})):
        put_to_work(MOST_IN_WORK - 1, Purpose.EVALUATION)
        route.plan(strike := Strike(write("/evaluations/second/"), lambda: None, held := Held()))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(copy_context().run, submit, second)
            strike.wait()
            taken = submit(first)
            held.free.set()

        assert taken is not None
        assert isinstance(waiting.exception(), TooManyInWork)
        assert len(list_in_work(Purpose.EVALUATION)) == MOST_IN_WORK
        assert evaluation_store.read(Purpose.EVALUATION, "second") is None
