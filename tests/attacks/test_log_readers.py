"""Reading the log: what is stored small and unpacks to very much, and many readers at once."""

import asyncio
import gzip
import hashlib
import json
import threading
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from export_fn import log_page, redaction_preview
from export_fn.log_page import LogPage, read_page
from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.intake.rows import Observation
from shared.log import log_line, log_store, manifest_store, redaction_store, stored_lines
from shared.log.log_position import LogPlace
from shared.log.manifest import LogBlob
from shared.log.ranked_event import RankedEvent
from shared.log.redaction import EventTarget, FeatureTarget
from shared.log.stored_lines import LONGEST_LINE_BYTES
from shared.status.event_trace import trace
from shared.status.newest_events import Filters
from shared.storage.paths import in_loop, this_loop
from shared.storage.this_storage import blobs
from shared.times import HOUR, MINUTE
from shared.web import threads
from shared.web.errors import LogReadersBusy
from shared.web.threads import LogReaders
from status_fn import newest_events
from status_fn.evidence import read_evidence
from tests import clock
from tests.conftest import StartHost
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.loop import evaluated_log

MIB = 1024 * 1024
HELD_BYTES = 36 * MIB
"""More than any call may hold; each blob here unpacks to more."""
REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
END_US = 4 * 10**15


@pytest.fixture
def here(storage: str) -> Iterator[None]:
    """The test's account is the storage of this process."""
    with evaluated_log.use_storage(storage):
        yield


def start_us() -> int:
    """When the log of these tests begins: two hours ago."""
    return clock.now_us() // HOUR * HOUR - 2 * HOUR


def event(event_id: str, at_us: int, feature: str = "user", value: str = "ann") -> bytes:
    """The line of an event with a feature of the context."""
    actions = [{"i": {"constant": 1, "id": name}, "j": [{"x": 1}]} for name in ("a", "b")]
    document = json.dumps({"FromUrl": [{feature: value}], "_multi": actions}, separators=(",", ":")).encode()
    ranked = RankedEvent(event_id, at_us, document, b"[1,2]", b"[0.9,0.1]", "m", deferred=False)
    return log_line.event_line(ranked, [], REWARDS).text + b"\n"


def rewarded_event(event_id: str, at_us: int, rewards: int) -> bytes:
    """The line of an event with so many rewards."""
    one = Observation(event_id, "o" * 22, at_us, 1.0)
    ranked = RankedEvent(event_id, at_us, b'{"FromUrl":[],"_multi":[]}', b"[1]", b"[1.0]", "m", deferred=False)
    line = log_line.event_line(ranked, [one], REWARDS).text
    entry = line[line.index(b'"o":[') + 5 : line.index(b"]")]
    return line.replace(entry, b",".join([entry] * rewards), 1) + b"\n"


def put_log(folder: Path, lines: Iterable[bytes], from_us: int) -> LogBlob:
    """Store an hour of log, named in its manifest."""
    file, number, size = folder / f"{from_us}.gz", 0, 0
    with gzip.open(file, "wb", 1) as log:
        for number, line in enumerate(lines, 1):  # noqa: B007 - how many there are
            log.write(line)
            size += len(line)
    blob = log_store.create(from_us, from_us + HOUR, file, REWARDS, number, {"cb": number}, size)
    manifest_store.put(blob, lambda: None)
    return blob


def bomb(from_us: int, lines: int = 40) -> Iterator[bytes]:
    """Lines with features whose names are a MiB long; in the middle, one with many rewards that is 20 MiB long."""
    for number in range(lines):
        yield event(f"e{number}", from_us + number, f"{number}-" + "n" * MIB)
        if number == lines // 2:
            yield rewarded_event("long", from_us + number, 20 * MIB // 110)


@contextmanager
def held() -> Iterator[list[int]]:
    """Measures the most memory that was held meanwhile."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def pages(from_us: int, *, packed: bool = False) -> Iterator[LogPage]:
    """Page after page of the log."""
    place: LogPlace | None = LogPlace(from_us)
    while place is not None:
        page = read_page(place, END_US, packed=packed)
        yield page
        place = page.next


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("packed", "most_bytes"), [(False, 8 * MIB), (True, 32 * MIB)], ids=["plain", "packed"])
def test_pages_are_bounded_by_their_lines_and_not_as_they_are_stored(
    tmp_path: Path, packed: bool, most_bytes: int
) -> None:
    """130 Ranks of 4 MB were 2.5 MB of log, one page of 535 MB, and a GB of memory."""
    from_us, expected, received = start_us(), hashlib.sha256(), hashlib.sha256()
    for line in bomb(from_us):
        expected.update(line)
    blob, sizes = put_log(tmp_path, bomb(from_us), from_us), list[int]()

    with held() as peak:
        next(pages(from_us, packed=packed))
    for page in pages(from_us, packed=packed):
        text = zlib.decompressobj(wbits=31).decompress(page.text) if packed else page.text
        received.update(text)
        sizes.append(len(text))

    assert received.digest() == expected.digest()
    assert blob.size_bytes < MIB < HELD_BYTES < sum(sizes)
    assert max(sizes) <= most_bytes
    assert peak[0] < HELD_BYTES


@pytest.mark.usefixtures("here")
def test_every_line_comes_once_whatever_is_redacted_between_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that was given goes, then the very next one, then one that is still to come."""
    from_us, ids = start_us(), list[str]()
    lines = [event(f"e{number:02}", from_us + number) for number in range(40)]
    blob = put_log(tmp_path, lines, from_us)
    put_log(tmp_path, [event("last", from_us + HOUR)], from_us + HOUR)
    monkeypatch.setattr(log_page._PlainText, "most_bytes", 10 * len(lines[0]))

    for number, page in enumerate(pages(from_us)):
        ids += [log_line.read_ids(line).event_id for line in page.text.splitlines()]
        going = {0: "e00", 1: f"e{len(ids):02}", 2: "e39"}.get(number)
        if going is not None:
            redaction_store.redact(blob, EventTarget(going), 0, lambda: None, lambda _: None)

    assert ids == [f"e{number:02}" for number in range(40) if number not in (20, 39)] + ["last"]


@pytest.mark.usefixtures("here")
def test_a_line_of_which_half_was_given_ends_if_the_rest_is_gone(tmp_path: Path) -> None:
    """What comes next begins a line of its own; retention takes whole blobs."""
    from_us = start_us()
    long = rewarded_event("long", from_us, 20 * MIB // 110)
    first = put_log(tmp_path, [long], from_us)
    last = event("last", from_us + HOUR)
    put_log(tmp_path, [last], from_us + HOUR)

    texts = []
    for page in pages(from_us):
        texts.append(page.text)
        blobs().remove(first.path)

    assert texts == [long[:LONGEST_LINE_BYTES], b"\n" + last]


@pytest.mark.usefixtures("here")
def test_a_trace_holds_no_more_than_it_may(tmp_path: Path) -> None:
    """An id that is used again and again is told with its newest events, and that there are others."""
    from_us = start_us()
    lines = (event("again", from_us + number, f"{number}-" + "n" * MIB) for number in range(60))
    put_log(tmp_path, lines, from_us)

    with held() as peak:
        evidence = read_evidence("again", from_us)
        traced = trace(evidence)

    assert [found.at_us - from_us for found in traced.events] == [*range(53, 60)]
    assert traced.is_cut
    assert sum(map(len, evidence.lines)) <= LONGEST_LINE_BYTES
    assert peak[0] < HELD_BYTES


@pytest.mark.usefixtures("here")
def test_the_nearest_log_is_looked_through_first(tmp_path: Path) -> None:
    """However much log of the id there is around it, a moment near an event finds it."""
    from_us = start_us()
    for hour in range(-1, 2):
        at_us = from_us + hour * HOUR
        put_log(tmp_path, (event("again", at_us + number, "n" * MIB) for number in range(5)), at_us)

    lines = read_evidence("again", from_us + HOUR // 3).lines

    assert [(log_line.read_ids(line).at_us - from_us) // HOUR for line in lines] == [-1] * 2 + [0] * 5


@pytest.mark.usefixtures("here")
def test_newest_events_hold_no_more_than_they_may(tmp_path: Path) -> None:
    """Log that unpacks to too much is not listed, and the answer says that there may be more."""
    from_us = start_us()
    put_log(tmp_path, bomb(from_us, 60), from_us)
    put_log(tmp_path, [event("last", from_us + HOUR)], from_us + HOUR)

    with held() as peak:
        listed = newest_events._read(Filters())

    assert [entry.event_id for entry in listed.entries] == ["last"]
    assert listed.looked_through.because == newest_events._LIMIT
    assert peak[0] < HELD_BYTES


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("target", [EventTarget("long"), FeatureTarget("user", "ann")], ids=["event", "feature"])
def test_a_redaction_holds_no_more_than_it_may(tmp_path: Path, target: EventTarget | FeatureTarget) -> None:
    """A line that is too long for memory goes if it is concerned, and else stays as it is."""
    from_us = start_us()
    long = rewarded_event("long", from_us, 40 * MIB // 110)
    blob = put_log(tmp_path, [event("e0", from_us), long, event("e1", from_us)], from_us)
    removes = isinstance(target, EventTarget)

    with held() as peak:
        counted = redaction_preview.preview(target, 0, END_US).redaction
        done = redaction_store.redact(blob, target, 0, lambda: None, lambda _: None)
    (described,) = manifest_store.list_blobs(0, END_US, 0)
    left = b"".join(stored_lines.unpack(log_store.open_log(described).file))

    assert (
        (done.removed, done.changed)
        == (counted.removed_lines, counted.changed_lines)
        == ((1, 0) if removes else (0, 2))
    )
    assert (described.lines, described.events, described.unpacked_bytes) == (
        3 - removes,
        {"cb": 3 - removes},
        len(left),
    )
    assert (long in left) == (b"ann" not in left) != removes
    assert peak[0] < HELD_BYTES


async def _begin(readers: LogReaders, number: int, read: Any) -> list["asyncio.Task[Any]"]:
    calls = [asyncio.create_task(readers.run(read, place)) for place in range(number)]
    await asyncio.sleep(0)
    return calls


def test_few_calls_read_the_log_at_once_and_some_wait() -> None:
    """Beyond that they are refused at once; others have threads of their own."""
    readers, go, began = LogReaders(), threading.Event(), list[int]()

    def read(place: int) -> int:
        began.append(place)
        go.wait(5)
        return place

    async def attack() -> tuple[list[Any], str, list[int]]:
        calls = await _begin(readers, 30, read)
        other = await asyncio.to_thread(lambda: "answered")
        before = [*began]
        go.set()
        return await asyncio.gather(*calls, return_exceptions=True), other, before

    answers, other, before = asyncio.run(attack())

    assert answers[:10] == [*range(10)]
    assert {type(answer) for answer in answers[10:]} == {LogReadersBusy}
    assert other == "answered"
    assert set(before) <= {0, 1}


def test_who_reads_the_log_of_one_loop_leaves_places_for_others() -> None:
    """Fifteen clients with a key of one loop kept all others from reading theirs."""
    readers, go = LogReaders(), threading.Event()

    async def attack() -> list[Any]:
        calls = await _begin(readers, 30, lambda _: go.wait(5))
        with in_loop("other"):
            other = await _begin(readers, 1, lambda _: this_loop().name)
        go.set()
        return await asyncio.gather(*other, *calls, return_exceptions=True)

    answers = asyncio.run(attack())

    assert answers[:11] == ["other", *[True] * 10]
    assert {type(answer) for answer in answers[11:]} == {LogReadersBusy}


def test_all_loops_together_have_so_many_readers() -> None:
    """However many loops there are."""
    readers, go = LogReaders(), threading.Event()

    async def attack() -> list[Any]:
        calls = []
        for number in range(20):
            with in_loop(f"loop-{number}"):
                calls += await _begin(readers, 1, lambda _: go.wait(5))
        go.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(attack())

    assert [type(answer) for answer in answers] == [bool] * 18 + [LogReadersBusy] * 2


def test_who_waits_too_long_to_read_the_log_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is not read for any more; nor is who has gone."""
    monkeypatch.setattr(threads, "_PATIENCE_SECONDS", 0.05)
    readers, go, began = LogReaders(), threading.Event(), list[int]()

    def read(place: int) -> int:
        began.append(place)
        go.wait(5)
        return place

    async def attack() -> list[Any]:
        calls = await _begin(readers, 4, read)
        calls[3].cancel()
        late = await asyncio.gather(*calls[2:], return_exceptions=True)
        go.set()
        return [*await asyncio.gather(*calls[:2]), *late, await readers.run(read, 4)]

    answers = asyncio.run(attack())

    assert (answers[:2], answers[4]) == ([0, 1], 4)
    assert [type(answer) for answer in answers[2:4]] == [LogReadersBusy, asyncio.CancelledError]
    assert sorted(began) == [0, 1, 4]


def test_many_traces_of_much_log_keep_nobody_from_anything(start_host: StartHost, storage: str, tmp_path: Path) -> None:
    """Twelve of them held the status for eleven seconds, and were answered that storage was away."""
    from_us = start_us()
    with evaluated_log.use_storage(storage):
        put_log(tmp_path, bomb(from_us, 100), from_us)
    api = Api.at(start_host(API_KEY_1="test-key-1", **NEVER).url, "test-key-1")

    with ThreadPoolExecutor(20) as pool:
        traces = [pool.submit(api.get, f"/rankloop/v1/events/e{number}") for number in range(20)]
        others = [api.get("/rankloop/v1/status"), api.get("/personalizer/v1.0/configurations/service")]
        others.append(api.post("/personalizer/v1.0/rank", {"actions": [{"id": "a", "features": [{"x": 1}]}]}))
        answers: list[Answer] = [call.result() for call in traces]

    refused = [answer for answer in answers if answer.status != 200]
    assert [answer.status for answer in others] == [200, 200, 201]
    assert len(refused) < 20
    assert {(answer.status, answer.error["code"], answer.headers["retry-after"]) for answer in refused} <= {
        (503, "OperationNotAllowed", "5")
    }
