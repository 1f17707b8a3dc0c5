"""Lines that Vowpal Wabbit cannot read, or dies of, stop nothing and vanish nowhere."""

import json
from copy import replace

from shared.intake.rows import Event
from shared.log import ranked_event
from shared.times import HOUR, MINUTE, SECOND
from tests.loop import past
from tests.loop.conftest import StartTrainer
from tests.loop.stored_loop import StoredLoop

DEADLY = b'{"FromUrl":[{"a":1}],"__aid":1,"_multi":[{"i":{"constant":1,"id":"a"},"j":[{"x":1}]}]}'


def damage(row: Event, **pieces: bytes) -> Event:
    """An event whose payload was made by something that is not this product."""
    event = ranked_event.unpack(row.payload, row.event_id, row.at_us)
    return replace(row, payload=ranked_event.pack(replace(event, **pieces)))


def test_a_line_that_cannot_be_learned_is_set_aside_with_its_reason(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """One is refused, one ends the process that reads it, one is not even a record; the others are learned."""
    past.configure(stored_loop, past.often())
    began_us = past.midnight() + HOUR  # rows of one day, so one part of time, so one model
    good = [past.event(f"good-{number}", began_us + number * SECOND) for number in range(30)]
    outside = damage(past.event("outside", began_us + MINUTE), actions=b"[9,1,2,3]")
    deadly = damage(
        past.event("deadly", began_us + MINUTE + 1), document=DEADLY, actions=b"[1]", probabilities=b"[1.0]"
    )
    torn = replace(past.event("torn", began_us + MINUTE + 2), payload=b"torn")
    past.Past([*good, outside, deadly, torn], []).write(stored_loop)

    with trainer() as started_trainer:
        started_trainer.succeed(120)

    state, refused_blobs = stored_loop.document("state.json"), stored_loop.blobs("refused/")
    assert tuple(state["counters"][name] for name in ("events", "learned", "refused")) == (33 - 1, 30, 3)
    assert state["troubles"] == {}
    assert stored_loop.document("published.json")["model"]["learned_events"] == 30
    refused = [json.loads(line) for blob in refused_blobs.values() for line in blob.splitlines()]
    assert {json.loads(entry["text"])["EventId"] for entry in refused} == {"outside", "deadly"}
    assert all(entry["reason"] for entry in refused)
    assert len(stored_loop.lines()) == 32
    assert started_trainer.read_log().count(" cannot be learned from and is set aside: ") == 2
