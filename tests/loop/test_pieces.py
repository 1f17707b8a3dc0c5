"""Log that is learned in pieces: nothing is learned twice or left out, and no piece is ever too large for good."""

import json
import math
import resource
import signal
from copy import replace
from datetime import timedelta
from pathlib import Path

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.configuration import configuration_store
from shared.log import manifest_store
from shared.log.redaction import EventTarget
from shared.models.published import ModelFiles
from shared.times import HOUR
from shared.training.training_state import State
from tests.faults.proxy import Fault
from tests.loop import driven_log, past
from tests.loop.conftest import StartTrainer
from tests.loop.redactors import redact
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Strike, open_route, write
from tests.unit.learner.lines import event_lines, line_of
from train_timer import model_publication, model_replay
from train_timer.model_training import ModelTraining
from train_timer.pieces import Limit, Pace

LINES = event_lines(120)
CUT = LINES[0][:200]
CRASH = LINES[0].replace(b'"c":{', b'"c":{"__aid":1,')
CUBIC = "--cb_explore_adf --epsilon 0.2 --cb_type mtr --cubic ::: -b 10"


def model_of(state: State) -> tuple[int, str]:
    """How many events the running model has learned, and what Rank loads: the weights."""
    assert state.running.model is not None
    return state.running.model.events, state.running.model.predictor_sha256


def refused_lines(stored_loop: StoredLoop) -> dict[int, str]:
    """The reasons of the lines that are set aside, by their places."""
    texts = stored_loop.blobs("refused/").values()
    return {line["line"]: line["reason"] for text in texts for line in map(json.loads, text.splitlines())}


def lines_of(stored_loop: StoredLoop, state: State) -> list[tuple[int, int] | None]:
    """Which lines of the log blob each run of the driver has learned, the first run first."""
    assert state.running.model is not None
    steps = [*stored_loop.lineage(state.running.model.state_blob)][::-1]
    return [tuple(step["lineage"]["lines"]) if "lines" in step["lineage"] else None for step in steps]


def learn_at_once(stored_loop: StoredLoop, *hours: list[bytes]) -> State:
    """What becomes of the log if each log blob is learned in one run of the driver."""
    with driven_log.begin(stored_loop, *hours):
        return driven_log.learn_all(1_000)


def test_a_log_blob_learned_in_pieces_gives_the_model_of_one_learned_at_once(
    stored_loop: StoredLoop, undisturbed: StoredLoop
) -> None:
    """Each piece in another process, so nothing but the commit record says where to go on. Counters are the same."""
    with driven_log.begin(stored_loop, LINES, LINES[:7]):
        assert driven_log.step(driven_log.small(50))
        first = driven_log.state()
        state = driven_log.learn_all(50)

    at_once = learn_at_once(undisturbed, LINES, LINES[:7])
    assert (first.running.model, first.running.learned_up_to_us, first.counters.learned) == (
        None,
        driven_log.START_US,
        0,
    )
    assert model_of(at_once) == model_of(state)
    assert (at_once.counters, at_once.counted_up_to_us) == (state.counters, state.counted_up_to_us)
    assert lines_of(stored_loop, state) == [(0, 50), (50, 100), (100, 120), None]
    assert lines_of(undisturbed, at_once) == [None, None]


def test_a_piece_of_a_blob_is_never_published(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Its model has learned some events of a part and others not; a run that goes on with it publishes it whole."""
    with driven_log.begin(stored_loop, LINES[:9], LINES):
        driven_log.step(driven_log.small(9))
        driven_log.step(driven_log.small(50))
        with driven_log.take() as taken:
            model_publication.publish(taken, configuration_store.read_configuration(), driven_log.START_US + 9 * HOUR)
    halfway = stored_loop.document("published.json")["model"]["learned_events"]

    with trainer() as started_trainer:
        started_trainer.succeed()

    assert (halfway, stored_loop.document("state.json")["running"]["model"]["events"]) == (9, 129)


def test_a_run_whose_time_is_over_from_the_beginning_moves_join_and_both_models(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """However much each of them has to do: here there are two parts to join, and two to learn for each model."""
    with driven_log.begin(stored_loop, LINES[:30], LINES[30:60]):
        driven_log.set_next()
        with driven_log.take() as taken:
            running = replace(taken.state.running, learned_up_to_us=driven_log.START_US)
            coming = replace(driven_log.next_of(taken.state), arguments=CUBIC, revision=2)
            taken.commit(replace(taken.state, running=running, next=coming))
    past.configure(stored_loop, replace(past.configuration(CUBIC, **driven_log.SOON), revision=2))
    before = stored_loop.document("state.json")
    rows = [past.event(f"new-{number}", past.minutes_ago(100 - 20 * number)) for number in range(3)]
    past.Past(rows).write(stored_loop)

    with trainer(single_part=True, pace=driven_log.small(10)) as started_trainer:
        started_trainer.succeed()

    after = stored_loop.document("state.json")
    assert after["joined_up_to_us"] > before["joined_up_to_us"]
    assert after["counters"]["events"] == 1
    assert [after[cursor]["begun"]["lines"] for cursor in ("running", "next")] == [10, 10]


def test_the_problem_of_the_next_model_is_told_while_the_running_one_learns(
    stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """They take turns, and the running model has the last one."""
    with driven_log.begin(stored_loop, LINES[:30], LINES[30:60], LINES[60:90]):
        driven_log.set_next()
        with driven_log.take() as taken:
            running = replace(taken.state.running, learned_up_to_us=driven_log.START_US)
            gone = ModelFiles.at("loops/default/models/gone/1f.vw", "loops/default/models/gone/2e.vw", 7)
            coming = replace(driven_log.next_of(taken.state), arguments=CUBIC, revision=2, model=gone)
            taken.commit(replace(taken.state, running=running, next=coming))
    past.configure(stored_loop, replace(past.configuration(CUBIC, **driven_log.SOON), revision=2))

    with trainer() as started_trainer:
        started_trainer.succeed()

    state = stored_loop.document("state.json")
    assert state["running"]["model"]["events"] == 90
    assert (
        state["troubles"]["next"]["reason"] == "the model loops/default/models/gone/1f.vw is gone or damaged in storage"
    )


def test_a_trainer_killed_between_and_within_pieces_makes_the_same_model(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """Killed at each write of a piece, which storage then gets or does not."""
    at_once = learn_at_once(undisturbed, LINES)
    with driven_log.begin(stored_loop, LINES):
        pass
    places = [("/models/", 1), ("/models/", 2), ("/models/", 3), ("state.json", 1), ("state.json", 2)]
    deaths = 0
    with open_route(account) as route:
        for place, nth in places:
            for fault in (None, Fault(cut="before")):
                with trainer(route.storage, pace=driven_log.small(11)) as started_trainer:
                    route.plan(Strike(write(place), started_trainer.die, fault, nth))
                    deaths += started_trainer.wait() == -signal.SIGKILL
                stored_loop.break_lease()
    with trainer(pace=driven_log.small(11)) as started_trainer:
        started_trainer.succeed()

    state = stored_loop.document("state.json")
    running = state["running"]["model"]
    assert deaths > 1
    assert model_of(at_once) == (running["events"], running["predictor_sha256"])
    assert state["counters"]["learned"] == 120
    assert len({step["state"] for step in stored_loop.lineage(running["state_blob"])}) > 1


@pytest.mark.parametrize("event_id", ["e5", "e100"], ids=["a learned line", "a line to come"])
def test_a_blob_that_is_redacted_between_two_pieces_is_learned_anew(
    stored_loop: StoredLoop, undisturbed: StoredLoop, event_id: str
) -> None:
    """Its lines have other places now, and the event is to be forgotten."""
    left = [line for line in LINES if b'"EventId":"%b"' % event_id.encode() not in line]
    with driven_log.begin(stored_loop, LINES[:9], LINES):
        driven_log.step(driven_log.small(9))
        driven_log.step(driven_log.small(50))
        before = driven_log.state().running.begun
        redact(stored_loop.storage, EventTarget(event_id))
        state = driven_log.learn_all(50)

    at_once = learn_at_once(undisturbed, LINES[:9], left)
    assert before is not None
    assert (before.lines, len(left)) == (50, 119)
    assert model_of(at_once) == model_of(state)
    assert state.counters.learned == 9 + 119


def test_a_blob_that_is_not_changed_by_a_redaction_is_learned_on(stored_loop: StoredLoop) -> None:
    with driven_log.begin(stored_loop, LINES):
        driven_log.step(driven_log.small(50))
        redact(stored_loop.storage, EventTarget("nobody"))
        driven_log.step(driven_log.small(50))
        begun = driven_log.state().running.begun

    assert begun is not None
    assert begun.lines == 100


def test_a_blob_that_is_not_the_one_of_its_manifest_is_learned_to_its_own_end(stored_loop: StoredLoop) -> None:
    """It was copied from another account, where it had been redacted after the manifest was copied."""
    with driven_log.begin(stored_loop, LINES):
        [blob] = driven_log.blobs()
        manifest_store.put(replace(blob, etag='"other"', lines=999), lambda: None)
        driven_log.step(driven_log.small(120))
        state = driven_log.state()

    assert (model_of(state)[0], state.running.begun) == (120, None)
    assert state.running.learned_up_to_us == driven_log.START_US + HOUR


def test_a_blob_that_is_damaged_behind_lines_that_were_learned_is_forgotten_as_a_whole(
    stored_loop: StoredLoop, undisturbed: StoredLoop
) -> None:
    """What comes after it is learned as if it had never been there, and the owner is told."""
    with driven_log.begin(stored_loop, LINES[:9], LINES, LINES[:30]):
        driven_log.step(driven_log.small(9))
        driven_log.step(driven_log.small(20))
        begun = driven_log.state().running.begun
        [_, blob, _] = driven_log.blobs()
        name = blob.path.removeprefix("loops/default/")
        stored_loop.put(name, (stored_loop.blob(name) or b"")[:-20], metadata=stored_loop.metadata(name))
        state = driven_log.learn_all(50)

    at_once = learn_at_once(undisturbed, LINES[:9], [], LINES[:30])
    assert begun is not None
    assert model_of(at_once) == model_of(state)
    assert (state.counters.learned, [*state.troubles]) == (39, ["log"])
    assert blob.path in state.troubles["log"].reason


def test_models_that_learned_in_pieces_are_made_again_byte_by_byte(stored_loop: StoredLoop) -> None:
    """The description of each says which lines were learned and which were left out."""
    lines = [*LINES[:20], CRASH, *LINES[20:70], CUT, *LINES[70:]]
    with driven_log.begin(stored_loop, lines, LINES[:30]):
        state = driven_log.learn_all(25)
        assert state.running.model is not None
        digest = state.running.model.predictor_sha256[:12]
        stored_loop.remove(first_state(stored_loop, state))
        said: list[str] = []
        result = model_replay.replay(f"any-{digest}", said.append)

    assert model_of(state)[0] == 150
    assert (result.identical, list(result.excuses)) == (True, [])
    assert said[0].startswith("Begins with an empty model")


def first_state(stored_loop: StoredLoop, state: State) -> str:
    """The name of the state after the first run of the driver; without it and the others, a replay begins anew."""
    assert state.running.model is not None
    states = [
        step["state"].removeprefix("loops/default/") for step in stored_loop.lineage(state.running.model.state_blob)
    ]
    for name in states[1:-1]:
        stored_loop.remove(name)
    return states[-1]


def test_lines_that_cannot_be_learned_are_set_aside_piece_by_piece(stored_loop: StoredLoop) -> None:
    """Those of a later piece come to those of an earlier one, at their own places; all others are learned."""
    lines = [*LINES]
    for place, line in {5: CUT, 21: CRASH, 22: CUT, 90: CRASH, 119: CUT}.items():
        lines[place] = line

    with driven_log.begin(stored_loop, lines):
        state = driven_log.learn_all(25)

    assert [*refused_lines(stored_loop)] == [5, 21, 22, 90, 119]
    assert (model_of(state)[0], state.counters.learned, state.counters.refused) == (115, 115, 5)
    assert state.running.learned_up_to_us == driven_log.START_US + HOUR


def slow_line(number: int, features: int = 500) -> bytes:
    """An event that has more features than Rank takes, and three of them together make learning slow."""
    context = {f"f{place}": place + 1.0 for place in range(features)}
    actions = [{"i": {"constant": 1, "id": name}, "j": [{name: 1}]} for name in "abc"]
    text = json.dumps({"FromUrl": [context], "_multi": actions}, separators=(",", ":"))
    return line_of(text.encode(), 3, number % 3, 1.0, f"slow-{number}")


def measure_seconds(folder: Path, lines: list[bytes]) -> tuple[float, float]:
    """How long the driver takes to start here and now, and how much processor time each line takes at least."""
    started = max(driven_log.measure_driver(folder, [], CUBIC) for _ in range(2)).total_seconds()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    driven_log.measure_driver(folder, lines, CUBIC)
    both = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    driven_log.measure_driver(folder, [], CUBIC)
    nothing = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - both
    return started, max(0.001, (both - before - nothing) / len(lines))


def test_a_next_model_whose_log_takes_too_long_learns_it_in_smaller_pieces(
    stored_loop: StoredLoop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The timeout follows from the machine, the number of lines from the timeout. No line is set aside."""
    start_seconds, line_seconds = measure_seconds(tmp_path, [slow_line(number) for number in range(10)])
    timeout = timedelta(seconds=4 * start_seconds + 1)
    lines = [slow_line(number) for number in range(math.ceil(1.5 * timeout.total_seconds() / line_seconds) + 1)]
    pace = Pace(aim=timeout / 2, timeout=timeout, first=Limit(1_000_000, 1_000_000_000))

    with driven_log.begin(stored_loop, lines, learning=CUBIC):
        driven_log.set_next()
        while driven_log.next_of(driven_log.state()).learned_up_to_us == driven_log.START_US:
            with driven_log.take() as trainer:
                ModelTraining(trainer, 0, pace).train_next()
        state = driven_log.state()

    assert "are too much: training took longer than" in caplog.text
    assert (driven_log.next_of(state).events, state.troubles) == (len(lines), {})
    assert refused_lines(stored_loop) == {}


def test_a_line_that_alone_takes_longer_than_all_time_there_is_holds_up_nothing(
    stored_loop: StoredLoop, tmp_path: Path
) -> None:
    """It is set aside as what it is, once it is certain that nothing but this line takes so long."""
    start_seconds, _ = measure_seconds(tmp_path, LINES[:1])
    timeout = timedelta(seconds=4 * start_seconds + 1)
    lines = [*LINES[:2], slow_line(0, 5_000), *LINES[2:4]]
    pace = Pace(aim=timeout / 2, timeout=timeout)

    with driven_log.begin(stored_loop, lines, learning=CUBIC):
        while driven_log.state().running.learned_up_to_us == driven_log.START_US:
            driven_log.step(pace)
        state = driven_log.state()

    (place,), (reason,) = zip(*refused_lines(stored_loop).items(), strict=True)
    assert (place, "alone takes longer than" in reason) == (2, True)
    assert (model_of(state)[0], state.counters.refused, state.troubles) == (4, 1, {})
