"""Training in a process of its own."""

import gzip
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.exploration import Exploration
from shared.learner.arguments import parse
from shared.learner.model import Model
from shared.learner.training import TrainingFailed, TrainingResult, train
from tests.unit.learner.lines import GREEDY, TIMEOUT, event, event_lines, train_model, write

ROOT = Path(__file__).parents[2]
LINES = event_lines(300)
SKIPPED = LINES[0].replace(b'"_labelIndex":', b'"_skipLearn":true,"_labelIndex":')
LONE = b'{"RewardValue":1.0,"EnqueuedTimeUtc":"2024-04-13T15:08:46.250000Z","EventId":"d1","Observations":[{"v":1.0}]}'
INFINITE = re.sub(rb'"_label_cost":[-0-9.]+', b'"_label_cost":1e39', LINES[0])
CRASH = LINES[0].replace(b'"c":{', b'"c":{"__aid":1,')


def begin(log: Path, into: Path, arguments: str = GREEDY, timeout: timedelta = TIMEOUT) -> TrainingResult:
    """Train from empty."""
    return train(
        log, into, arguments=parse(arguments).with_epsilon(0.2), old_state=None, predictor=None, timeout=timeout
    )


def go_on(log: Path, old: Path, new: Path, predictor: Path | None = None) -> TrainingResult:
    """Train from a state."""
    return train(log, new, arguments=None, old_state=old, predictor=predictor, timeout=TIMEOUT)


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    """Lines that are not learned are counted by reason."""
    log = write(tmp_path / "log", [*LINES[:5], SKIPPED, LONE, LONE, LINES[0][:-10], *LINES[5:9]])

    result = begin(log, tmp_path / "state")

    assert TrainingResult(9, skipped=1, without_actions=2, refused=1, first_event_id="e0", last_event_id="e8") == result
    assert result.lines == 13


def test_a_single_event_is_the_first_and_the_last_one(tmp_path: Path) -> None:
    """VW gives no last event id then."""
    result = begin(write(tmp_path / "log", LINES[:1]), tmp_path / "state")

    assert (result.first_event_id, result.last_event_id) == ("e0", "e0")


def test_lines_that_look_like_no_event_are_missed_in_the_count(tmp_path: Path) -> None:
    """VW passes over them without a word, so their number has to be compared."""
    log = write(tmp_path / "log", [*LINES[:5], b"", b"text", b"[]"])

    assert begin(log, tmp_path / "state").lines == 5


def test_an_empty_log_gives_an_empty_state(tmp_path: Path) -> None:
    """It is a state like any other."""
    result = begin(write(tmp_path / "log", []), tmp_path / "state")

    assert TrainingResult(0, 0, 0, 0, None, None) == result
    assert go_on(write(tmp_path / "more", LINES), tmp_path / "state", tmp_path / "new").learned == 300


def test_the_same_lines_give_the_same_bytes_wherever_they_lie(tmp_path: Path) -> None:
    """A process that finishes another's run must come to the same model."""
    outcomes = []
    for folder in (tmp_path / "a", tmp_path / "another folder" / "ü"):
        folder.mkdir(parents=True)
        begin(write(folder / f"{folder.name}.json", LINES[:100]), folder / "old")
        log = write(folder / "second log", LINES[100:])
        go_on(log, folder / "old", folder / "new state", folder / "predict only")
        outcomes.append([(folder / name).read_bytes() for name in ("old", "new state", "predict only")])

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("arguments", [GREEDY, INITIAL_ARGUMENTS])
def test_training_in_parts_gives_the_same_model(tmp_path: Path, arguments: str) -> None:
    """The loop trains part by part; nothing may be lost between them, such as the costs that synthcover has met."""
    whole, _ = train_model(tmp_path, LINES, arguments)
    begin(write(tmp_path / "0", LINES[:100]), tmp_path / "s0", arguments)
    go_on(write(tmp_path / "1", LINES[100:101]), tmp_path / "s0", tmp_path / "s1")
    go_on(write(tmp_path / "2", LINES[101:]), tmp_path / "s1", tmp_path / "s2", tmp_path / "parts")
    models = [
        Model.load(data, parse(arguments), Exploration(0.2)) for data in (whole, (tmp_path / "parts").read_bytes())
    ]
    rng = random.Random(9)

    for features in [event(rng) for _ in range(200)]:
        assert models[0].probabilities(features, 4) == models[1].probabilities(features, 4)


@pytest.mark.parametrize("pieces", [1, 3])
def test_compressed_logs_are_read_whole(tmp_path: Path, pieces: int) -> None:
    """A day's log blobs are put together as they are: several compressed pieces in one file."""
    step = len(LINES) // pieces
    parts = [LINES[start : start + step] for start in range(0, len(LINES), step)]
    log = tmp_path / "log.gz"
    log.write_bytes(b"".join(gzip.compress(b"".join(line + b"\n" for line in part)) for part in parts))
    begin(write(tmp_path / "plain", LINES), tmp_path / "expected")

    result = begin(log, tmp_path / "state")

    assert result.learned == 300
    assert (tmp_path / "expected").read_bytes() == (tmp_path / "state").read_bytes()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no FIFO")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


def test_a_log_may_come_through_a_fifo(fifo: Path, tmp_path: Path) -> None:
    """Lines that are re-labelled for training need not be on a disk."""
    writer = threading.Thread(target=write, args=(fifo, LINES))
    writer.start()

    result = begin(fifo, tmp_path / "state")

    writer.join()
    assert result.learned == 300


@pytest.mark.parametrize("arguments", [GREEDY, INITIAL_ARGUMENTS])
def test_a_predict_only_model_is_smaller_and_answers_the_same(tmp_path: Path, arguments: str) -> None:
    """That is what Rank loads; the state is what the trainer goes on with."""
    predictor, _ = train_model(tmp_path, LINES, arguments)
    state = (tmp_path / "model.state").read_bytes()
    models = [Model.load(data, parse(arguments), Exploration(0.2)) for data in (state, predictor)]
    rng = random.Random(1)

    assert len(predictor) < 0.7 * len(state)
    for features in [event(rng) for _ in range(100)]:
        assert models[0].probabilities(features, 4) == models[1].probabilities(features, 4)


def test_regcb_keeps_its_state_for_rank(tmp_path: Path) -> None:
    """Its bounds come from the state; a predict-only model answers differently."""
    arguments = "--cb_explore_adf --regcb --cb_min_cost -1 --cb_max_cost 0 -q ::"

    predictor, _ = train_model(tmp_path, LINES, arguments)

    assert (tmp_path / "model.state").read_bytes() == predictor


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (CRASH, "SIG"),
        (INFINITE, "not finite"),
    ],
)
def test_a_line_that_does_harm_fails_the_run(tmp_path: Path, line: bytes, reason: str) -> None:
    """A crash of VW, or weights that are no numbers any more, must never count as success."""
    log = write(tmp_path / "log", [*LINES[:50], line, *LINES[50:]])

    with pytest.raises(TrainingFailed, match=reason):
        begin(log, tmp_path / "state")


def test_failures_come_with_vws_words(tmp_path: Path) -> None:
    """The reason ends up in the loop's status."""
    (tmp_path / "broken").write_bytes(b"no model")
    log = write(tmp_path / "log", LINES)

    with pytest.raises(TrainingFailed, match="absent"):
        begin(tmp_path / "absent", tmp_path / "state")
    with pytest.raises(TrainingFailed, match=r"[Mm]odel"):
        go_on(log, tmp_path / "broken", tmp_path / "state")
    with pytest.raises(TrainingFailed, match="nowhere"):
        begin(log, Path("/proc/nowhere/state"))


def test_a_start_is_either_empty_or_a_state(tmp_path: Path) -> None:
    """VW would quietly mix both."""
    log = write(tmp_path / "log", LINES)

    for arguments, old in ((None, None), (["--cb_explore_adf"], log)):
        with pytest.raises(ValueError, match="either"):
            train(log, tmp_path / "s", arguments=arguments, old_state=old, predictor=None, timeout=TIMEOUT)


def test_a_run_that_takes_too_long_is_ended(fifo: Path, tmp_path: Path) -> None:
    """This FIFO has no writer."""
    started = time.monotonic()

    with pytest.raises(TrainingFailed, match="longer than 1 s"):
        begin(fifo, tmp_path / "state", timeout=timedelta(seconds=1))

    assert time.monotonic() - started < 5
    assert not list(drivers_of(os.getpid()))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot do it")
def test_a_killed_host_leaves_no_trainer(fifo: Path, tmp_path: Path) -> None:
    """A trainer that outlives its host would hold on to memory and processor for minutes."""
    host = hosting(fifo, tmp_path)
    driver = wait_for_driver(host.pid)

    host.send_signal(signal.SIGKILL)
    host.wait()

    deadline = time.monotonic() + 5
    while Path(f"/proc/{driver}/cmdline").exists() and b"driver" in Path(f"/proc/{driver}/cmdline").read_bytes():
        assert time.monotonic() < deadline, "the trainer is still there"
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_secrets_stay_with_the_host(fifo: Path, tmp_path: Path) -> None:
    """The process that reads what clients sent has no use for keys."""
    host = hosting(fifo, tmp_path, API_KEY_1="secret-key", AzureWebJobsStorage="AccountKey=secret-key")
    try:
        environment = Path(f"/proc/{wait_for_driver(host.pid)}/environ").read_bytes()
    finally:
        host.kill()
        host.wait()

    assert b"PYTHONPATH=" in environment
    assert b"secret-key" not in environment


def hosting(fifo: Path, folder: Path, **secrets: str) -> subprocess.Popen[bytes]:
    """A process that trains from a FIFO without a writer."""
    code = f"""
        from datetime import timedelta
        from pathlib import Path
        from shared.learner.training import train
        train(Path({str(fifo)!r}), Path({str(folder / "state")!r}), arguments=["--cb_explore_adf"], old_state=None,
              predictor=None, timeout=timedelta(seconds=60))
    """
    environment = os.environ | secrets | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env=environment, cwd=folder)


def wait_for_driver(host: int) -> int:
    """The driver that a process has started, once VW is loaded in it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for driver in drivers_of(host):
            if "pylibvw" in Path(f"/proc/{driver}/maps").read_text():
                return driver
        time.sleep(0.02)
    raise AssertionError("no driver was started")


def drivers_of(host: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"shared.learner.driver" in words and str(host).encode() in words:
            yield int(folder.name)
