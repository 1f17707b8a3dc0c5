"""The demo: its order of purchases, its figures, how it calls, and a short run through the real functions."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from scipy.stats import binomtest

from localhost.azurite.processes import ProcessId
from localhost.demo.calls import Calls
from localhost.demo.course import Reporter
from localhost.demo.demos import WHERE_NEXT_APPRENTICE, evaluate_on, where_next
from localhost.demo.failures import DemoFailed
from localhost.demo.figures import Played, fifths, wilson
from localhost.demo.hindsight import judge, true_rewards
from localhost.demo.loop import Loop, Standing
from localhost.demo.purchases import DATA_SETS, Offer, Purchase, interleave, load
from localhost.demo.rehearsal import log_of
from localhost.demo.run import Round, Run, cut, play
from localhost.demo.servers import Stage, stage
from localhost.demo.showing import Showing
from localhost.demo.table import table, verdict
from localhost.environment import ROOT
from localhost.interruption import Interruption, interruptible
from localhost.progress import Progress
from tests.http.api import Api
from tests.loop.test_evaluate_command import below

SHELF = (Offer("best", 8.1, advertised=False), Offer("second", 9.5, advertised=True))


def purchase(household: str = "1", bought: str = "best") -> Purchase:
    return Purchase(household, SHELF, bought)


def make_plays(rewards: Sequence[int], bought: str = "second") -> list[Played]:
    """Purchases of one brand, at which Rank chose it or the other one."""
    wrong = "best" if bought == "second" else "second"
    return [Played(purchase(bought=bought), bought if reward else wrong) for reward in rewards]


# Purchases


def test_households_take_turns_in_order_of_time() -> None:
    """A shop sees all its customers at once, not one after the other."""
    rows = [
        purchase("1", "a1"),
        purchase("1", "a2"),
        purchase("1", "a3"),
        purchase("2", "b1"),
        purchase("3", "c1"),
        purchase("3", "c2"),
    ]

    order = [row.bought for row in interleave(rows)]

    assert order == ["a1", "b1", "c1", "a2", "c2", "a3"]


@pytest.mark.parametrize(("name", "number", "households"), [("yogurt", 2412, 100), ("cracker", 3292, 136)])
def test_the_data_sets_are_complete(name: str, number: int, households: int) -> None:
    """Loading loses and doubles nothing, and every household comes once before one comes twice."""
    purchases = load(name)

    assert len(purchases) == number
    assert len({purchase.household for purchase in purchases[:households]}) == households


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_first_action_is_the_best_seller(name: str) -> None:
    """It is the baseline: what a shop without a learning loop would recommend to everyone."""
    purchases = load(name)

    sold = Counter(purchase.bought for purchase in purchases)
    assert {purchase.offers[0].brand for purchase in purchases} == {sold.most_common(1)[0][0]}
    assert all(sold.keys() == {offer.brand for offer in purchase.offers} for purchase in purchases)


# Figures


@pytest.mark.parametrize(("successes", "tries"), [(0, 7), (7, 7), (1, 30), (137, 482), (365, 482), (1, 1)])
def test_the_interval_is_that_of_wilson(successes: int, tries: int) -> None:
    """scipy computes the same."""
    expected = binomtest(successes, tries).proportion_ci(0.95, method="wilson")

    interval = wilson(successes, tries)

    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_each_fifth_has_its_own_figures() -> None:
    """The baselines are computed on the purchases of the same stretch."""
    run = make_plays([0, 1, 1], "best") + make_plays([1] * 9)

    rows = fifths(run)

    assert [(fifth.first, fifth.last) for fifth in rows] == [(1, 2), (3, 4), (5, 7), (8, 9), (10, 12)]
    assert [fifth.reward for fifth in rows] == [0.5, 1, 1, 1, 1]
    assert [fifth.first_action for fifth in rows] == [1, 0.5, 0, 0, 0]
    assert {fifth.random for fifth in rows} == {0.5}


def test_a_lead_that_chance_explains_is_no_success() -> None:
    """The exit code is 0 only if the whole interval of the last fifth lies above the best seller."""
    best_seller_earns_40_percent = make_plays([1, 0, 0, 0], "best") * 2
    lucky = fifths((best_seller_earns_40_percent + make_plays([1] * 8 + [0] * 4)) * 5)
    better = fifths((best_seller_earns_40_percent + make_plays([1] * 11 + [0])) * 50)

    assert [run_fifths[-1].is_above_first_action for run_fifths in (lucky, better)] == [False, True]
    assert lucky[-1].reward > lucky[-1].first_action
    assert "did not learn enough" in verdict(lucky)
    assert "The loop learned" in verdict(better)


def test_the_table_tells_what_was_learned_by_the_end_of_each_fifth() -> None:
    """A round that goes on at the end of a fifth has taught nothing yet."""
    run = Run(make_plays([0, 1] * 20), [Round(20, "m1", 20), Round(40, "m2", 40)])

    rows = table(fifths(run.played), run).splitlines()

    assert [row.split()[-2:] for row in rows[3:]] == [["0", "0"], ["0", "0"], ["1", "20"], ["1", "20"], ["2", "40"]]
    assert len({len(row) for row in rows}) == 1


# A run


class Loopback:
    """A replacement of the loop that recommends one brand, and has learned at the first question whether it has."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def rank(self, event_id: str, purchase: Purchase) -> str:
        self.calls.append((event_id, purchase.household))
        return "best"

    def reward(self, event_id: str, value: float) -> None:
        self.calls.append((event_id, value))

    def wait_until_learned(self, events: int, _: Callable[[Standing], None]) -> Standing:
        self.calls.append(("learned", events))
        return Standing(events, f"model-{events}", f"model-{events}", events, "")


def test_a_run_can_be_repeated() -> None:
    """Calls come in sequence and event ids are fixed, so that every draw is the same; each round is learned first."""
    loop = Loopback()

    purchases = [purchase("1"), purchase("2", "second"), purchase("3")]
    run = play("tea", purchases, loop, loop, Progress(3, io.StringIO(), Interruption()), 2)

    assert loop.calls == [
        ("tea-0001", "1"), ("tea-0001", 1), ("learned", 1),
        ("tea-0002", "2"), ("tea-0002", 0), ("tea-0003", "3"), ("tea-0003", 1), ("learned", 3),
    ]  # fmt: skip
    assert [finished_round.end for finished_round in run.rounds] == [1, 3]


@pytest.mark.parametrize("rounds", [1, 2, 7, 8])
def test_rounds_cover_a_run(rounds: int) -> None:
    """They are as equal as can be."""
    stretches = [list(stretch) for stretch in cut(load("yogurt"), rounds)]

    assert [row for stretch in stretches for row in stretch] == load("yogurt")
    assert max(map(len, stretches)) - min(map(len, stretches)) <= 1


# Calls


@contextmanager
def answering(*answers: tuple[int, str]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, one a call, and keeps what it was sent."""
    left, bodies = list(answers), list[bytes]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = left.pop(0)
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", bodies
        finally:
            server.shutdown()


def test_a_call_answered_503_is_repeated_with_the_same_event_id() -> None:
    """That is what makes it safe: the same event with the same features is one event."""
    ranked = json.dumps({"eventId": "e", "ranking": [{"id": "second", "probability": 1}], "rewardActionId": "second"})
    with answering((503, "{}"), (503, "{}"), (201, ranked)) as (address, bodies), Calls(address, "key") as calls:
        brand = calls.rank("e", purchase())

    assert brand == "second"
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


def test_another_refusal_ends_the_demo_with_the_words_of_the_service() -> None:
    """The client library hides them."""
    with (
        answering((400, '{"error": {"message": "too sour"}}')) as (address, _),
        Calls(address, "key") as calls,
        pytest.raises(DemoFailed, match=r"Reward was answered 400.*too sour"),
    ):
        calls.reward("e", 1)


def test_a_service_that_is_gone_ends_the_demo() -> None:
    """The error is one line, not a traceback."""
    with pytest.raises(DemoFailed, match="got no answer"):
        Loop("http://127.0.0.1:9", "key").standing()


# Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_that_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays is lines; the bar is drawn over itself and taken away."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "70")
    stream, now = Terminal(), iter([0, 65, 65.05, 66])
    progress = Progress(4, stream, Interruption(), lambda: next(now))

    progress.show(1, "one")
    progress.show(2, "too soon after the first to be drawn")
    progress.show(2, "x" * 200)
    progress.line("done")

    drawn = stream.getvalue().split("\r")
    assert drawn[1] == "[######..................]  25 %  1:05  one"
    assert all(len(text) < 70 for text in drawn)
    assert "too soon" not in stream.getvalue()
    assert drawn[-2:] == [" " * 69, "done\n"]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_everything_else_gets_lines_only(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log file, or a terminal that calls itself dumb, cannot draw over what it has."""
    monkeypatch.setenv("TERM", "dumb")
    progress = Progress(2, stream, Interruption())

    progress.show(1, "one")
    progress.line("done")

    assert stream.getvalue() == "done\n"


# At the end


@pytest.mark.parametrize(
    "line",
    [
        line.strip()
        for line in (where_next("cracker") + WHERE_NEXT_APPRENTICE).splitlines()
        if re.match("  [a-z]", line)
    ],
)
def test_what_it_points_to_exists(line: str) -> None:
    """Commands and files that a reader is sent to are there."""
    if line.startswith("python3 dev.py"):
        command = [sys.executable, str(ROOT / "dev.py"), *line.split()[2:], "--help"]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    else:
        assert (ROOT / line).is_file()


# The real thing


def test_a_short_run_through_the_functions_learns_every_event() -> None:
    """Two rounds of 60: the second is ranked by a model that has learned the first. Then its log is evaluated."""
    purchases, lines = load("yogurt")[:120], io.StringIO()
    with stage(WRITE_DEADLINE="PT2S", JOIN_GRACE="PT3S", TRAIN_SCHEDULE="* * * * * *") as here:
        run, others = evaluate_on(here, "yogurt", purchases, Progress(120, lines, Interruption()), rounds=2)
        logged = [json.loads(line) for line in Loop(here.address, here.key).log()]

    first, second = run.rounds
    assert [(finished_round.end, finished_round.learned) for finished_round in run.rounds] == [(60, 60), (120, 120)]
    assert first.model != second.model
    assert [line["EventId"] for line in logged] == [f"yogurt-{number:04}" for number in range(1, 121)]
    assert [-line["_label_cost"] for line in logged] == [purchase_played.reward for purchase_played in run.played]
    assert {line["VWState"]["m"] for line in logged[60:]} == {first.model}
    assert re.findall(r"Round \d of 2: 60 purchases", lines.getvalue()) == [
        "Round 1 of 2: 60 purchases",
        "Round 2 of 2: 60 purchases",
    ]
    rehearsed = log_of("yogurt", purchases, rounds=2)
    assert [decision_of(line) for line in logged] == [decision_of(json.loads(line)) for line in rehearsed]
    expected = judge(rehearsed, true_rewards("yogurt", purchases), exploration=0.2)
    assert [judgement.arguments for judgement in others] == [judgement.arguments for judgement in expected]
    assert [judgement.estimate for judgement in others] == pytest.approx([judgement.estimate for judgement in expected])
    assert [judgement.earned for judgement in others] == pytest.approx([judgement.earned for judgement in expected])


def decision_of(line: dict[str, Any]) -> tuple[object, ...]:
    """The features, the draw and the reward of a line."""
    return (
        line["EventId"],
        line["c"],
        line["a"],
        [round(probability, 6) for probability in line["p"]],
        line["_label_cost"],
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("number", "arguments"), [(signal.SIGINT, ["--keep"]), (signal.SIGTERM, []), (signal.SIGINT, ["--apprentice"])]
)
def test_an_interrupted_demo_leaves_nothing_running(number: signal.Signals, arguments: list[str]) -> None:
    """Ctrl-C ends all of its processes; until then, its loop serves where it says."""
    command = [sys.executable, "-m", "localhost.demo", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        loop = _loop(demo)
        statuses = [loop.get("/ready").status, loop.get("/rankloop/v1/status").status]
        children = [ProcessId.of(child) for child in below(demo.pid)]
        demo.send_signal(number)
        _, output = demo.communicate(timeout=30)

    assert statuses == [200, 200]
    assert demo.returncode == 130, output
    assert "interrupted" in output
    assert "Traceback" not in output
    assert len(children) >= 1
    assert all(child.wait(10) for child in children)


def test_an_interruption_that_a_library_swallows_ends_the_next_step() -> None:
    """Some catch whatever is raised while they are at work."""
    with interruptible() as interruption:
        progress = Progress(2, io.StringIO(), interruption)
        progress.show(1, "at work")
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            progress.show(2, "at work")


_INTERRUPTED_IN_EXEC = """
import sys
from localhost.interruption import interruptible
try:
    with interruptible():
        exec("import signal; signal.raise_signal(signal.SIGINT)")
except KeyboardInterrupt:
    sys.exit(130)
"""


_INTERRUPTED_WHILE_AN_OBJECT_IS_FREED = """
import signal, sys
from localhost.interruption import interruptible
class Freed:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
try:
    with interruptible() as interruption:
        Freed()
        interruption.check()
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("program", [_INTERRUPTED_IN_EXEC, _INTERRUPTED_WHILE_AN_OBJECT_IS_FREED])
def test_the_exit_code_is_the_same_wherever_the_interruption_comes(tmp_path: Path, program: str) -> None:
    """Such as while a class is made, which many libraries do by `exec`; Python would kill the process at its end.

    While an object is freed, Python would print a traceback.
    """
    (tmp_path / "interrupted.py").write_text(program)
    run = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert (run.returncode, run.stderr) == (130, "")


def test_a_loop_that_is_kept_serves_until_ctrl_c_and_the_demo_has_not_failed_by_that() -> None:
    """So the exit code still says whether the loop learned."""
    statuses, course = list[int](), io.StringIO()

    def look() -> None:
        while '"ended"' not in course.getvalue():
            time.sleep(0.02)
        address, _, key = json.loads(course.getvalue().splitlines()[-1])["url"].partition("/rankloop#key=")
        statuses.append(Api.at(address, key).get("/rankloop/v1/status").status)
        signal.raise_signal(signal.SIGINT)

    with interruptible() as interruption:
        showing = Showing(interruption, Reporter(course), keeps=True)
        with showing.on_stage("yogurt", 7) as (here, progress):
            progress.show(3, "playing")
            Thread(target=look).start()
            showing.end(here, "It learned.")
        ended = here.has_ended()

    lines = [json.loads(line) for line in course.getvalue().splitlines()]
    assert (statuses, ended) == ([200], True)
    assert [line["state"] for line in lines] == ["starting", "playing", "playing", "ended"]
    assert [line["played"] for line in lines] == [0, 0, 3, 3]
    assert [line["because"] for line in lines][2:] == ["Playing.", "It learned."]


def test_a_loop_that_ends_while_it_is_kept_is_a_failure() -> None:
    """Nobody has asked for that."""
    showing = Showing(Interruption(), Reporter(None), keeps=True)

    with pytest.raises(DemoFailed, match="ended by itself"):
        showing.end(Stage("http://127.0.0.1:9", "key", lambda: True), "It learned.")


def _loop(demo: "subprocess.Popen[str]") -> Api:
    """The loop of a demo, by the link of its page."""
    for line in demo.stdout or ():
        if match := re.search(r"^Page +(\S+)/rankloop#key=(\S+)", line):
            return Api.at(match[1], match[2])
    raise AssertionError("the demo did not start")
