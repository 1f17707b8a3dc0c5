"""The export of the log: whole log blobs, page after page, as stored or unpacked."""

import gzip
import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.log import log_store
from shared.times import HOUR, MINUTE, from_iso, to_iso
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.storages import NewStorage

LOGS = "/rankloop/v1/logs"
PROPERTIES = "/personalizer/v1.0/logs/properties"
START_US = from_iso("2024-02-29T23:00:00Z")
"""The second hour, and with it a page, begins with another month."""
REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)


@pytest.fixture(scope="module")
def texts() -> list[bytes]:
    """Three hours of log; the second one fills a page alone, for it does not compress."""
    noise = random.Random(3).randbytes(5 * 1024 * 1024).hex().encode()
    return [
        b'{"hour":0}\n{"more":0}\n',
        b'{"hour":1,"noise":"' + noise + b'"}\n',
        b'{"hour":2,"noise":"' + noise + b'"}\n',
    ]


@pytest.fixture(scope="module")
def logged(
    new_storage: NewStorage, here: Callable[[str], None], texts: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """A host with that log."""
    storage = new_storage()
    here(storage)
    settings = {"API_KEY_1": "test-key-1", **NEVER}
    with HostProcess(storage, env=settings) as started:
        for hour, text in enumerate(texts):
            file: Path = tmp_path_factory.mktemp("log") / "part.gz"
            file.write_bytes(gzip.compress(text, 1))
            ends = START_US + hour * HOUR, START_US + (hour + 1) * HOUR
            log_store.create(*ends, file, REWARDS, text.count(b"\n"), {}, len(text))
        yield Api.at(started.url, "test-key-1")


def pages(api: Api, path: str, headers: dict[str, str]) -> Iterator[bytes]:
    while path:
        answer = api.get(path, headers)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        packed = answer.headers.get("content-encoding") == "gzip"
        assert packed == bool(headers)
        yield zlib.decompressobj(wbits=31).decompress(answer.body) if packed else answer.body
        target, _, relation = answer.headers.get("link", ";").partition(";")
        assert not target or relation.strip() == 'rel="next"'
        path = target.strip("<>")


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "gzip, deflate"}], ids=["unpacked", "packed"])
def test_all_of_the_log_in_order(logged: Api, texts: list[bytes], headers: dict[str, str]) -> None:
    """Following the links gives every line once; a page is several small blobs or one large one."""
    contents = list(pages(logged, LOGS, headers))

    assert b"".join(contents) == b"".join(texts)
    assert len(contents) > 1


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [(0, 1, [0]), (1, 2, [1]), (1, None, [1, 2]), (None, 1, [0]), (0.5, 0.6, [0]), (3, 4, []), (-2, 0, [])],
)
def test_a_range_gives_the_blobs_with_events_of_it(
    logged: Api, texts: list[bytes], first: float | None, last: float | None, hours: list[int]
) -> None:
    """The end is not part of it."""
    ends = {"from": first, "to": last}
    query = "&".join(f"{end}={to_iso(START_US + int(at * HOUR))}" for end, at in ends.items() if at is not None)

    assert b"".join(pages(logged, f"{LOGS}?{query}", {})) == b"".join(texts[hour] for hour in hours)


def test_properties_tell_the_first_and_the_last_moment(logged: Api) -> None:
    """Of the log, in UTC."""
    assert logged.get(PROPERTIES).json == {
        "dateRange": {"from": "2024-02-29T23:00:00+00:00", "to": "2024-03-01T02:00:00+00:00"}
    }


def test_what_was_deleted_is_gone_at_once(logged: Api) -> None:
    """For every reader, before its blobs are."""
    assert logged.delete("/personalizer/v1.0/logs").status == 204

    assert logged.get(PROPERTIES).json == {}
    assert logged.get(LOGS).body == b""
