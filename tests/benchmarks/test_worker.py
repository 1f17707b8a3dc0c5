"""The worker over gRPC: what `bench worker` measures there, and which lines the app lets it send."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from benchmarks import worker
from benchmarks.rpc.host import EMPTY_APP, Call, Host, start_worker
from benchmarks.rpc.messages import protos
from benchmarks.storage import KEY
from benchmarks.worker import Kind
from localhost.environment import STORAGE
from tests.http.conftest import NEVER
from tests.storages import NewStorage

_EMPTY = {"ANSWER_BYTES": "100"}


@pytest.fixture(scope="module")
def app(new_storage: NewStorage) -> Iterator[Host]:
    with ExitStack() as ending:
        settings = {STORAGE: new_storage(), "API_KEY_1": KEY, **NEVER}
        yield worker.start_app(ending, settings)


@pytest.fixture(scope="module")
def rank(app: Host) -> Kind:
    kind = worker.rank_kind(app, actions=3)
    kind.measure(0)  # the first calls warn of what is missing
    return kind


def test_calls_are_measured_in_the_worker_and_with_an_empty_function(rank: Kind) -> None:
    """The same requests; and every answer is counted."""
    with start_worker(_EMPTY) as host:
        host.load(EMPTY_APP)
        micros = [rank.measure(0.2), replace(rank, host=host, function="empty").measure(0.2)]

        assert all(10 < value < 1e6 for value in micros)
        assert len(host.call(Call("empty", "empty", b"{}")).return_value.http.body.bytes) == 100


def test_a_kind_of_calls_is_compared_with_both_other_sides(rank: Kind) -> None:
    """The goal is about the empty function as everybody has it."""
    kind = replace(rank, alone=lambda: 50.0, goal=2.0)
    figures = worker._figures([kind], [[190.0]], [[100.0]], [60.0], iter([[50.0]]))

    assert [(figure.ratio, figure.holds) for figure in figures] == [(1.9, True), (3.8, None), (0.6, None)]


def test_calls_that_succeed_send_no_line(app: Host, rank: Kind) -> None:
    """The worker would send two for each, which tell nothing, and does so for another app."""
    rank.measure(0.1)
    with start_worker(_EMPTY) as host:
        host.load(EMPTY_APP)
        host.logs.clear()
        host.call(Call("empty", "empty", b"{}"))

        assert [line.message for line in app.logs] == []
        assert [line.category for line in host.logs] == ["proxy_worker", "azure.functions"]


def test_what_goes_wrong_in_the_worker_still_comes_through(app: Host, rank: Kind) -> None:
    """A call that fails says why, and the errors of the worker's own loggers are sent."""
    unreadable = app.pack(Call("rank_v1_0", rank.path, b"{}"))
    unreadable.invocation_request.input_data[0].data.string = "no request"
    app.logs.clear()
    for message in (unreadable, protos.StreamingMessage(request_id="of no kind"), unreadable):
        app.send(message)
    failed = [app.receive("invocation_response").result for _ in range(2)]

    assert [result.status for result in failed] == [protos.StatusResult.Failure] * 2
    assert "unable to decode" in failed[0].exception.message
    assert [(line.category, line.level) for line in app.logs] == [("proxy_worker", protos.RpcLog.Error)]
