"""Requests for privacy: what is taken out is nowhere any more, and the loop goes on as if it had never been."""

import gzip
import json
import re
import signal
from collections.abc import Callable, Iterator
from copy import replace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.configuration.configuration import LearningSettings
from shared.intake.rows import Event
from shared.learner import features
from shared.log import ranked_event
from shared.log.redaction import EventTarget, FeatureTarget, Target
from shared.log.redaction_forms import Redaction
from shared.ranking.decision import NO_MODEL, decide, equal_chances
from shared.storage.paths import this_loop
from shared.times import MINUTE, SECOND
from tests.faults.proxy import Fault
from tests.loop import past
from tests.loop.conftest import StartTrainer
from tests.loop.redactors import Redactor, preview, recently, redact
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Held, Strike, open_route, write
from tests.loop.trainers import PAST, Trainer
from tests.storages import NewStorage

Redact = Callable[..., Redaction]
SECRET = "ann@example.com"
ANN = EventTarget("ann/1 ü")
MAIL = FeatureTarget("mail", SECRET)
MUCH_LATER = {**PAST, "join_grace_us": -40 * MINUTE}
"""Settings of a trainer for which everything that has arrived is ready to be joined."""


@pytest.fixture
def redacting(storage: str) -> Redact:
    """Calls a redaction on the test's account."""

    def call(target: Target, range_us: tuple[int, int] | None = None, **more: Any) -> Redaction:
        return redact(storage, target, range_us or recently(), **more)

    return call


def event_with_mail(event_id: str, at_us: int, mail: str = SECRET) -> Event:
    """A Rank that holds a mail address in the context and in an action."""
    context = [{"who": {"mail": mail, "age": 7}}, {"day": "monday"}]
    actions: list[tuple[str, list[Any]]] = [
        ("a", [{"mail": mail}, {"letter": "a"}]),
        ("b", [{"letter": "b", "other": mail}]),
        ("mail", [{"x": 1.5}]),
    ]
    document = features.document(context, actions)
    decision = decide(equal_chances(3), NO_MODEL, event_id, this_loop().name)
    event = ranked_event.from_decision(event_id, at_us, document, decision, deferred=False)
    return replace(past.event(event_id, at_us), payload=ranked_event.pack(event))


def refusable(event_id: str, at_us: int) -> Event:
    """A Rank whose line cannot be learned from."""
    row = event_with_mail(event_id, at_us)
    event = replace(ranked_event.unpack(row.payload, event_id, at_us), actions=b"[9,1,2]")
    return replace(row, payload=ranked_event.pack(event))


def long_ago() -> int:
    """When a story begins none of whose parts, of ten seconds each, goes over the end of a cell."""
    at_us = past.minutes_ago(200)
    return at_us - at_us % (5 * MINUTE)


def story(began_us: int) -> past.Past:
    """Three parts: in each ann's event, others with her mail, one that is refused; rewards in time and late."""
    story_rows = past.Past()
    for part in range(3):
        at_us = began_us + part * 20 * MINUTE
        story_rows.events.append(event_with_mail(ANN.event_id if part == 0 else f"ann-{part}", at_us))
        story_rows.events.extend(
            event_with_mail(f"e{part}-{number}", at_us + number * SECOND) for number in range(1, 5)
        )
        story_rows.events.append(refusable(f"refused-{part}", at_us + 6 * SECOND))
        story_rows.events.extend(
            past.event(f"f{part}-{number}", at_us + (6 + number) * SECOND) for number in range(1, 5)
        )
        story_rows.observations.append(past.reward(f"e{part}-1", at_us + MINUTE))
    story_rows.observations.append(past.reward(ANN.event_id, began_us + MINUTE))
    story_rows.observations.append(past.reward(ANN.event_id, began_us + 30 * MINUTE, 0.5))
    return story_rows


def configure(loop: StoredLoop, **service: Any) -> None:
    """Parts of a quarter of an hour, a wait of ten minutes."""
    past.configure(loop, past.seldom(**service))


@dataclass(frozen=True, slots=True)
class Learned:
    """A loop in which the story has become log, and was learned.

    Attributes:
        began_us: When the story began.
    """

    stored_loop: StoredLoop
    began_us: int

    def copy_to(self, loop: StoredLoop) -> None:
        """Let another loop, which is empty, have the same past, its rows included."""
        story(self.began_us).write(loop)
        loop.copy_from(self.stored_loop)


@pytest.fixture(scope="module")
def learned(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learned]:
    """The story, learned once for all tests."""
    began_us = long_ago()
    with StoredLoop(new_storage()) as loop:
        configure(loop)
        story(began_us).write(loop)
        with Trainer(loop.storage, tmp_path_factory.mktemp("learned") / "trainer.log") as trainer:
            trainer.succeed(120)
        yield Learned(loop, began_us)


def read_all_text(loop: StoredLoop) -> str:
    """Everything in storage that is text, and the rows without the records of decisions, which cannot be changed."""
    texts = [gzip.decompress(data) if name.endswith(".gz") else data for name, data in loop.blobs().items()]
    rows = [repr(row._replace(payload=b"")) for row in loop.rows("")]
    text = "\n".join([*(data.decode(errors="replace") for data in texts), *rows])
    return re.sub(r"\\u([0-9a-f]{4})", lambda escaped: chr(int(escaped[1], 16)), text)


def list_refused(loop: StoredLoop) -> list[str]:
    """The events that are stored as refused, by their place in their log blob."""
    log, refused_ids = loop.blobs("logs/"), []
    for name, data in loop.blobs("refused/").items():
        lines = gzip.decompress(log[name.replace("refused/", "logs/").replace(".cb.jsonl", ".dsjson.gz")]).splitlines()
        for entry in map(json.loads, data.splitlines()):
            assert lines[entry["line"]].decode() == entry["text"]
            refused_ids.append(json.loads(entry["text"])["EventId"])
    return sorted(refused_ids)


def test_an_event_is_nowhere_any_more(stored_loop: StoredLoop, learned: Learned, redacting: Redact) -> None:
    """Neither its line, nor its late reward's, nor a row of it; all else stays as it was, and is counted as before."""
    learned.copy_to(stored_loop)
    before = stored_loop.lines()

    done = redacting(ANN)

    text = json.dumps(ANN.event_id, ensure_ascii=False)
    assert (done.removed_lines, done.removed_rows, done.changed_lines, done.next_us) == (2, 3, 0, None)
    assert stored_loop.lines() == [line for line in before if text not in line.decode()]
    assert ANN.event_id not in read_all_text(stored_loop)
    assert list_refused(stored_loop) == ["refused-0", "refused-1", "refused-2"]
    assert redacting(ANN) == Redaction()


def test_an_event_that_waits_never_becomes_log(
    stored_loop: StoredLoop, trainer: StartTrainer, redacting: Redact
) -> None:
    """Its rows go, and so do those of its rewards."""
    configure(stored_loop)
    at_us = past.minutes_ago(30)
    rows = past.Past([past.event("a", at_us), past.event("b", at_us + 1)], [past.reward("a", at_us + 5)])
    rows.write(stored_loop)

    done = redacting(EventTarget("a"))
    with trainer() as started_trainer:
        started_trainer.succeed()

    assert (done.removed_rows, done.removed_lines, done.waiting) == (2, 0, 0)
    assert [json.loads(line)["EventId"] for line in stored_loop.lines()] == ["b"]


def test_a_feature_is_taken_out_wherever_it_has_the_value(
    stored_loop: StoredLoop, learned: Learned, redacting: Redact
) -> None:
    """In the context and in actions; the id of an action is none, and another feature with the value stays."""
    learned.copy_to(stored_loop)
    before = [json.loads(line) for line in stored_loop.lines()]

    done = redacting(MAIL)

    assert (done.changed_lines, done.removed_lines, done.removed_rows, done.blobs) == (18, 0, 0, 3)
    assert f'"mail":"{SECRET}"' not in read_all_text(stored_loop)
    for line, once in zip(map(json.loads, stored_loop.lines()), before, strict=True):
        if "c" in once and "who" in once["c"]["FromUrl"][0]:
            assert once["c"]["FromUrl"][0]["who"].pop("mail") == SECRET
            assert once["c"]["_multi"][0]["j"][0].pop("mail") == SECRET
        assert line == once
    assert list_refused(stored_loop) == ["refused-0", "refused-1", "refused-2"]
    assert redacting(MAIL) == Redaction()


def test_waiting_events_are_counted_and_redacted_of_a_feature_later(
    stored_loop: StoredLoop, trainer: StartTrainer, redacting: Redact
) -> None:
    """Their rows cannot be changed; once they are log, the same call takes it out."""
    configure(stored_loop)
    past.Past([event_with_mail("a", past.minutes_ago(15)), event_with_mail("b", past.minutes_ago(14))]).write(
        stored_loop
    )
    first = redacting(MAIL)
    with trainer(changed=MUCH_LATER) as started_trainer:
        started_trainer.succeed()

    second = redacting(MAIL)

    assert (first.waiting, first.changed_lines) == (2, 0)
    assert first.run_again_us is not None
    assert past.minutes_ago(0) < first.run_again_us < past.minutes_ago(-30)
    assert (second.waiting, second.run_again_us, second.changed_lines) == (0, None, 2)


@pytest.mark.parametrize("target", [ANN, MAIL, EventTarget("refused-0")], ids=["event", "feature", "refused event"])
def test_a_loop_learns_on_and_anew_after_a_redaction(
    stored_loop: StoredLoop, learned: Learned, trainer: StartTrainer, redacting: Redact, target: Target
) -> None:
    """From the log that is left, whose refused lines are still known by their places."""
    learned.copy_to(stored_loop)
    redacting(target)
    left = len([line for line in stored_loop.lines() if line.startswith(b'{"_label_cost"')])
    configuration = past.seldom()
    changed = replace(configuration, learning=LearningSettings("x", "--cb_explore_adf --epsilon 0.3"), revision=2)
    past.configure(stored_loop, changed)
    past.Past([past.event(f"new-{number}", past.minutes_ago(5) + number) for number in range(5)]).write(stored_loop)

    with trainer(changed=MUCH_LATER) as started_trainer:
        started_trainer.succeed(120)

    state = stored_loop.document("state.json")
    gone = 1 if target == EventTarget("refused-0") else 0
    assert state["troubles"] == {}
    assert state["running"]["model"]["events"] == left + 5 - (3 - gone)
    assert state["counters"]["learned"] == 27 + 5
    assert len(list_refused(stored_loop)) == 3 - gone


def test_a_log_blob_may_lose_all_its_lines(stored_loop: StoredLoop, trainer: StartTrainer, redacting: Redact) -> None:
    """It stays, empty, so that nothing can come back in its place, and is learned from as what it is."""
    configure(stored_loop)
    past.Past([past.event(name, past.minutes_ago(60 - 20 * place)) for place, name in enumerate("ab")]).write(
        stored_loop
    )
    with trainer() as started_trainer:
        started_trainer.succeed()
    redacting(EventTarget("a"))
    configuration = past.seldom("--cb_explore_adf")
    past.configure(stored_loop, replace(configuration, revision=2))

    with trainer() as started_trainer:
        started_trainer.succeed()

    state = stored_loop.document("state.json")
    assert len(stored_loop.blobs("logs/")) == 2
    assert (state["troubles"], state["running"]["model"]["events"]) == ({}, 1)


@pytest.mark.parametrize("target", [ANN, MAIL], ids=["event", "feature"])
def test_calls_that_have_no_time_go_on_from_where_the_last_one_ended(
    stored_loop: StoredLoop, learned: Learned, redacting: Redact, target: Target
) -> None:
    """Each comes one step further, until all is done."""
    learned.copy_to(stored_loop)
    calls = [redacting(target, seconds=0)]
    while (at_us := calls[-1].next_us) is not None:
        calls.append(redacting(target, seconds=0, range_us=(at_us, recently()[1])))

    assert len(calls) > 2
    expected = (0, 2, 3) if target == ANN else (18, 0, 0)
    sums = [sum(getattr(call, name) for call in calls) for name in ("changed_lines", "removed_lines", "removed_rows")]
    assert tuple(sums) == expected


TARGETS = [ANN, MAIL, replace(MAIL, namespace="who"), EventTarget("refused-0"), EventTarget("nobody")]
NAMES = ["event", "feature", "feature in a namespace", "refused event", "no event"]


@pytest.mark.parametrize("target", TARGETS, ids=NAMES)
def test_a_preview_counts_what_the_redaction_then_does(
    stored_loop: StoredLoop, learned: Learned, redacting: Redact, target: Target
) -> None:
    """Lines, rows, copies in the log and what waits, and it changes nothing; afterwards there is nothing left."""
    learned.copy_to(stored_loop)
    last_us = past.minutes_ago(2)
    waiting = [event_with_mail(name, last_us - MINUTE) for name in (ANN.event_id, "w")]
    past.Past(waiting, [past.reward(ANN.event_id, last_us)]).write(stored_loop)
    before = stored_loop.blobs(), sorted(map(repr, stored_loop.rows("")))

    counted = preview(stored_loop.storage, target, recently())
    between = stored_loop.blobs(), sorted(map(repr, stored_loop.rows("")))
    done = redacting(target)
    after = preview(stored_loop.storage, target, recently())

    assert between == before
    assert replace(counted.redaction, run_again_us=None) == replace(done, run_again_us=None)
    assert (counted.redaction.run_again_us is None) == (done.run_again_us is None)
    assert done.waiting == (2 if isinstance(target, FeatureTarget) else 0)
    assert (counted.first_us, counted.last_us) == expected_moments(target, learned.began_us, last_us)
    assert replace(after.redaction, run_again_us=None) == Redaction(waiting=done.waiting)
    assert (after.first_us, after.last_us) == (None, None)


def expected_moments(target: Target, began_us: int, last_us: int) -> tuple[int | None, int | None]:
    """When the first and the last line or row came that has the target."""
    if isinstance(target, FeatureTarget):
        return began_us, began_us + 40 * MINUTE + 6 * SECOND
    moments = {ANN.event_id: (began_us, last_us), "refused-0": (began_us + 6 * SECOND,) * 2}
    return moments.get(target.event_id, (None, None))


@pytest.mark.parametrize("target", [ANN, MAIL], ids=["event", "feature"])
def test_previews_that_have_no_time_count_nothing_twice(
    stored_loop: StoredLoop, learned: Learned, redacting: Redact, target: Target
) -> None:
    """Each goes on from where the last one ended, in the middle of an hour and of its rows, too."""
    learned.copy_to(stored_loop)
    from_us, to_us = learned.began_us + 3 * SECOND, recently()[1]
    at_us, calls = from_us, [preview(stored_loop.storage, target, (from_us, to_us), seconds=0)]
    while (next_us := calls[-1].redaction.next_us) is not None:
        assert next_us > at_us
        at_us = next_us
        calls.append(preview(stored_loop.storage, target, (at_us, to_us), seconds=0))
    done = redacting(target, (from_us, to_us))

    assert len(calls) > 2
    for name in ("changed_lines", "removed_lines", "removed_rows", "blobs"):
        assert sum(getattr(call.redaction, name) for call in calls) == getattr(done, name), name
    assert done.changed_lines + done.removed_lines >= 2


@pytest.mark.parametrize("target", [ANN, MAIL], ids=["event", "feature"])
def test_a_redaction_killed_at_each_write_is_finished_by_the_next_call(
    stored_loop: StoredLoop,
    undisturbed: StoredLoop,
    learned: Learned,
    trainer: StartTrainer,
    account: EmulatedAccount,
    tmp_path: Path,
    target: Target,
) -> None:
    """Whether storage got that write or not, and the trainer may run in between.

    Later and later, since the first writes of a call are always the same.
    """
    for loop in (stored_loop, undisturbed):
        learned.copy_to(loop)
    redact(undisturbed.storage, target)

    deaths = 0
    with open_route(account) as route:
        for nth in range(1, 30):
            fault = Fault(cut="before") if nth % 2 else None
            with Redactor(route.storage, tmp_path / "redactor.log", target) as redactor:
                route.plan(strike := Strike(write(), redactor.die, fault, (nth + 1) // 2))
                if redactor.wait() != -signal.SIGKILL:
                    break
                assert strike.struck.is_set()
            deaths += 1
            stored_loop.break_lease()
            if nth % 3 == 0:
                with trainer() as between:
                    between.succeed()
        else:
            pytest.fail("it never came to an end")

    assert deaths >= 8
    stored_loop.check_manifests(copied=True)
    secret = ANN.event_id if target == ANN else f'"mail":"{SECRET}"'
    assert secret not in read_all_text(stored_loop)
    assert stored_loop.lines() == undisturbed.lines()
    assert set(list_refused(stored_loop)) <= set(list_refused(undisturbed))


@pytest.mark.parametrize("nth", [2, 4])
def test_a_redaction_that_died_between_a_log_blob_and_its_manifest_ends_no_training(
    stored_loop: StoredLoop,
    learned: Learned,
    trainer: StartTrainer,
    account: EmulatedAccount,
    tmp_path: Path,
    nth: int,
) -> None:
    """The manifest counts lines that are gone, so readers ask the blob; the next call puts the manifest right."""
    learned.copy_to(stored_loop)
    with trainer() as started_trainer:
        started_trainer.succeed()
    with open_route(account) as route, Redactor(route.storage, tmp_path / "redactor.log", ANN) as redactor:
        route.plan(Strike(write("/manifests/"), redactor.die, Fault(cut="before"), nth))
        assert redactor.wait() == -signal.SIGKILL
    stored_loop.break_lease()
    unsettled = [blob["etag"] for day in stored_loop.read_manifests().values() for blob in day].count(False)
    left = len([line for line in stored_loop.lines() if line.startswith(b'{"_label_cost"')])
    past.configure(stored_loop, replace(past.seldom("--cb_explore_adf --epsilon 0.3"), revision=2))

    with trainer(changed=MUCH_LATER) as started_trainer:
        started_trainer.succeed(120)

    state = stored_loop.document("state.json")
    assert unsettled == 1
    assert state["troubles"] == {}
    assert state["running"]["model"]["events"] == left - 3
    redact(account.connection_string, ANN)
    stored_loop.check_manifests(copied=True)


def test_a_part_that_was_begun_is_finished_first(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount, tmp_path: Path
) -> None:
    """Else a trainer that sleeps over it could write what was redacted after all."""
    configure(stored_loop)
    story(long_ago()).write(stored_loop)
    with open_route(account) as route, trainer(route.storage) as started_trainer:
        route.plan(Strike(write("/logs/"), started_trainer.die, Fault(cut="before")))
        started_trainer.wait()
    stored_loop.break_lease()

    with Redactor(account.connection_string, tmp_path / "redactor.log", ANN) as early:
        code = early.wait()
    with trainer() as started_trainer:
        started_trainer.succeed(120)
    done = redact(account.connection_string, ANN)

    assert code == 1
    assert "TrainerAtWork" in early.read_log()
    assert done.removed_lines == 2


@pytest.mark.parametrize(
    ("place", "nth", "target"),
    [
        ("/state.json", 1, ANN),
        ("/logs/", 1, ANN),
        ("/manifests/", 2, ANN),
        ("/refused/", 1, EventTarget("refused-0")),
    ],
)
def test_what_a_sleeping_trainer_wakes_up_to_write_brings_nothing_back(
    stored_loop: StoredLoop,
    trainer: StartTrainer,
    account: EmulatedAccount,
    redacting: Redact,
    place: str,
    nth: int,
    target: Target,
) -> None:
    """It is stopped after it has sent a write, which lands when all is redacted that another one has logged since."""
    configure(stored_loop)
    story(long_ago()).write(stored_loop)
    with open_route(account) as route, trainer(route.storage) as sleeper:
        route.plan(strike := Strike(write(place), sleeper.pause, held := Held(), nth))
        strike.wait()
        stored_loop.break_lease()
        with trainer() as other:
            other.succeed(120)
        while (done := redacting(target)).next_us is not None:
            continue
        left = stored_loop.lines()
        held.free.set()
        sleeper.wake()
        sleeper.succeed()
        with trainer() as later:
            later.succeed()

    assert done.changed_lines + done.removed_lines > 0
    secret = f'"mail":"{SECRET}"' if isinstance(target, FeatureTarget) else target.event_id
    assert secret not in read_all_text(stored_loop)
    assert left == stored_loop.lines()
    assert set(list_refused(stored_loop)) <= {"refused-0", "refused-1", "refused-2"}
