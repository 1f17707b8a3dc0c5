"""Minutes with more data than fits into memory: the join takes them in pieces."""

import json
import random
import sys
from copy import replace
from itertools import batched
from pathlib import Path

from benchmarks.machine import peak_bytes
from shared.configuration.configuration import new_configuration
from shared.intake import keys, scan
from shared.intake.rows import Event
from shared.learner import features
from shared.log import ranked_event
from shared.models.published import Published
from shared.ranking.decision import NO_MODEL, decide, equal_chances
from shared.settings import settings, use
from shared.storage.clock import storage_clock
from shared.storage.paths import this_loop
from shared.times import DAY, MINUTE
from shared.training import lease
from shared.training.configuration_changes import new_state
from tests.loop import past
from tests.loop.past import Past
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import PAST
from tests.processes import process
from train_timer.join_memory import JoinMemory
from train_timer.joiner import Joiner

MIB = 1024 * 1024
RANKS = 90


def large_event(event_id: str, at_us: int) -> Event:
    """A Rank with 0.8 MiB of features that cannot be compressed much."""
    chance = random.Random(event_id)
    actions = [
        (f"a{number}", [{f"f{feature}": chance.randbytes(120).hex() for feature in range(400)}]) for number in range(15)
    ]
    document = features.document([{"x": 1}], actions)
    decision = decide(equal_chances(len(actions)), NO_MODEL, event_id, this_loop().name)
    ranked = ranked_event.from_decision(event_id, at_us, document, decision, deferred=True)
    return Event(event_id, keys.request_hash(document), at_us, ranked_event.pack(ranked))


def write(stored_loop: StoredLoop) -> list[Event]:
    """A crowded minute between two quiet ones, in one cell of the time grid."""
    past.configure(stored_loop, past.seldom())
    cell_us = past.minutes_ago(200) // (15 * MINUTE) * 15 * MINUTE
    crowd = [large_event(f"crowd-{number}", cell_us + 5 * MINUTE + number * MINUTE // RANKS) for number in range(RANKS)]
    quiet = [large_event(f"quiet-{minute}", cell_us + minute * MINUTE) for minute in (2, 9)]
    events = [quiet[0], *crowd, quiet[1]]
    for some in batched([*events, replace(crowd[-1], at_us=crowd[-1].at_us + MINUTE)], 3, strict=False):
        Past(list(some)).write(stored_loop, DAY)  # more are too many for a batch
    return events


def test_a_crowded_minute_takes_no_more_memory_than_a_quiet_one(stored_loop: StoredLoop, tmp_path: Path) -> None:
    """The trainer of an instance with 512 MB never dies of its data."""
    events = write(stored_loop)
    log_file = tmp_path / "join.log"

    joining = process(log_file, stored_loop.storage, _join_all)
    joining.start()
    joining.join()

    before, after = json.loads(log_file.read_text().splitlines()[-1])
    lines = [json.loads(line) for line in stored_loop.lines()]
    assert sum(len(event.payload) for event in events) > 70 * MIB
    assert [line["EventId"] for line in lines] == [event.event_id for event in events]
    assert stored_loop.document("state.json")["counters"]["repeated"] == 1
    assert all(len(log) < 36 * MIB for log in stored_loop.blobs("logs/").values())
    assert after - before < 150 * MIB


def _join_all() -> None:
    """Join all there is; tells the most memory before and after."""
    with use(replace(settings(), **PAST)):
        trainer = lease.take(lambda: new_state(new_configuration(past.SHARDS), Published()))
        if trainer is None:
            sys.exit("another trainer is at work")
        tables, before = scan.list_tables(), peak_bytes()
        watermark_us = storage_clock().earliest_us() - 11 * MINUTE
        joiner = Joiner(trainer, tables, past.seldom(), watermark_us, JoinMemory())
        while joiner.join_part():
            continue
        joiner.close()
        trainer.release()
        sys.stdout.write(f"{json.dumps([before, peak_bytes()])}\n")
        sys.stdout.flush()
