"""`dev.py evaluate`: what it finds, what it says, and how it ends."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from localhost.azurite.processes import ProcessId
from localhost.evaluate.table import table
from localhost.interruption import INTERRUPTED
from shared.evaluation import plan
from tests.loop.evaluate_command import (
    ENVIRONMENT,
    EVENTS,
    GREEDY,
    RUN,
    SQUARECB,
    estimate_with_vw,
    evaluate,
    policy,
    predict_with_vw,
    run,
    write_log,
)
from tests.unit.evaluation.evaluated import Log, new_evaluation, stages
from tests.unit.learner.lines import event_lines, slots_lines

Find = Callable[..., dict[str, Any]]
SEARCH = ("--optimize", "--policy", f"mine={GREEDY}")


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """Events of four actions, drawn alike, of which one pays for each user."""
    return event_lines(EVENTS)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> Path:
    """A file of them."""
    return write_log(tmp_path_factory.mktemp("log") / "log.dsjson", lines)


@pytest.fixture(scope="module")
def find(log: Path) -> Find:
    """The command on that log: the result for some arguments, found once."""
    return cache(lambda *arguments: evaluate("--log", log, *arguments))


# Figures


def test_the_answer_is_one_object_and_nothing_else_is_printed(log: Path) -> None:
    """Progress goes to standard error."""
    ended = run("--log", log, "--policy", f"mine={GREEDY}", "--json")
    document = json.loads(ended.stdout)

    assert {"read": EVENTS, "skipped": 0, "dangling": 0, "damaged": 0}.items() <= document["lines"].items()
    assert [row["name"] for row in document["policies"]] == ["online", "baseline1", "baselineRand", "mine"]
    assert [row["events"] for row in document["policies"]] == [EVENTS] * 4
    assert policy(document, "mine")["arguments"] == GREEDY
    assert set(policy(document, "mine")["estimates"]) == {"ips", "snips", "cressieRead", "doublyRobust"}
    assert "Reading the log" in ended.stderr


def test_what_was_done_and_the_baselines_are_as_counted_by_hand(find: Find, lines: list[bytes]) -> None:
    """Every action was drawn alike, so a random policy is what was done."""
    events = [orjson.loads(line) for line in lines]
    rewards = [-event["_label_cost"] for event in events]
    first = [4 * reward for event, reward in zip(events, rewards, strict=True) if event["_labelIndex"] == 0]

    outcome = find()

    mean = sum(rewards) / EVENTS
    assert policy(outcome, "online")["estimates"]["ips"] == pytest.approx(mean, abs=1e-9)
    assert policy(outcome, "baselineRand")["estimates"]["ips"] == pytest.approx(mean, abs=1e-9)
    assert policy(outcome, "baseline1")["estimates"]["ips"] == pytest.approx(sum(first) / EVENTS, abs=1e-9)


@pytest.mark.parametrize("arguments", [GREEDY, SQUARECB])
def test_a_policys_estimate_is_what_vw_itself_says(log: Path, find: Find, arguments: str) -> None:
    """Its progressive loss is the same estimate, to the six digits that predictions have."""
    outcome = find("--policy", f"mine={arguments}")

    assert policy(outcome, "mine")["estimates"]["ips"] == pytest.approx(estimate_with_vw(log, arguments), abs=1e-5)


def test_the_estimators_of_vw_find_the_same(log: Path, find: Find, lines: list[bytes], tmp_path: Path) -> None:
    """The package `vw-estimators`, fed with the log and with what Vowpal Wabbit predicted for it."""
    ips = pytest.importorskip("estimators.bandits.ips")
    snips = pytest.importorskip("estimators.bandits.snips")
    cressieread = pytest.importorskip("estimators.bandits.cressieread")
    estimators = [ips.Estimator(), snips.Estimator(), cressieread.Estimator(wmin=0, wmax=4)]
    interval = cressieread.Interval(wmin=0, wmax=4, rmin=0, rmax=1)
    for line, chances in zip(lines, predict_with_vw(log, GREEDY, tmp_path / "predictions"), strict=True):
        event = orjson.loads(line)
        for estimator in (*estimators, interval):
            estimator.add_example(0.25, -event["_label_cost"], chances[event["_labelIndex"]])

    row = policy(find("--policy", f"mine={GREEDY}"), "mine")

    estimates = [row["estimates"][name] for name in ("ips", "snips", "cressieRead")]
    assert estimates == pytest.approx([estimator.get() for estimator in estimators], abs=1e-9)
    assert row["interval"] == pytest.approx(interval.get(0.05), abs=1e-9)


def test_intervals_hold_their_estimates_and_the_truth(find: Find) -> None:
    """Of a policy that chose at random, the truth is what was earned."""
    outcome = find("--policy", f"mine={SQUARECB}")

    for row in outcome["policies"]:
        low, high = row["interval"]
        assert low <= row["estimates"]["cressieRead"] <= high
    assert policy(outcome, "mine")["interval"][0] > policy(outcome, "online")["interval"][1]
    assert policy(outcome, "mine")["differenceToOnline"]["interval"][0] > 0
    assert outcome["optimal"] == "mine"
    assert outcome["exploration"] == pytest.approx(1)


def test_the_table_says_the_same(log: Path, find: Find) -> None:
    """A row a policy, with its arguments below."""
    outcome = find("--policy", f"mine={SQUARECB}")
    output = run("--log", log, "--policy", f"mine={SQUARECB}").stdout

    for row in outcome["policies"]:
        assert f"{row['estimates']['cressieRead']:.4f}" in output
        assert f"{row['interval'][0]:.4f} … {row['interval'][1]:.4f}" in output
    assert f"mine  {SQUARECB}" in output
    assert outcome["finding"].startswith("Better than online for certain: mine, +")
    assert outcome["finding"] in output


def test_slots_have_figures_of_their_own(tmp_path: Path) -> None:
    """Beside those of the event."""
    log = write_log(tmp_path / "log.dsjson", slots_lines(300))
    arguments = "--ccb_explore_adf --epsilon 0.2"

    outcome = evaluate("--log", log, "--policy", f"mine={arguments}")

    rows = [policy.get("slotId") for policy in outcome["policies"] if policy["name"] == "mine"]
    assert rows[:3] == [None, "s0", "s1"]
    assert "  slot s1" in run("--log", log, "--policy", arguments).stdout


def test_a_better_estimate_alone_is_not_called_better(tmp_path: Path) -> None:
    """Of 30 events that may be chance, and the command says how much of it."""
    log = write_log(tmp_path / "log.dsjson", event_lines(30))

    outcome, output = evaluate("--log", log, "--policy", GREEDY), run("--log", log, "--policy", GREEDY).stdout

    low, high = policy(outcome, "policy-1")["differenceToOnline"]["interval"]
    assert low < 0 < policy(outcome, "policy-1")["differenceToOnline"]["estimate"] < high
    assert outcome["optimal"] == "online"
    assert "No policy is better than online for certain. Highest estimate: policy-1, +" in output
    assert f"over the same 30 events (95 % interval {low:+.4f} to {high:+.4f})." in output


# Search


def test_better_settings_are_found_and_judged_by_the_other_half(find: Find) -> None:
    """With the arguments, the estimate and the interval of every candidate."""
    outcome = find(*SEARCH)

    winner = policy(outcome, "Hyper2")
    assert [row["name"] for row in outcome["policies"]][4::2] == ["Hyper1", "Hyper2"]
    assert {row["events"] for row in outcome["policies"]} == {EVENTS // 2}
    assert winner["estimates"]["cressieRead"] > policy(outcome, "online")["estimates"]["cressieRead"]
    assert "--epsilon 0.2" in winner["arguments"]
    assert len(outcome["candidates"]) > 20
    assert all(
        set(candidate) == {"step", "arguments", "events", "cressieRead", "interval", "differenceToOnline"}
        for candidate in outcome["candidates"]
    )
    assert {candidate["step"][:9] for candidate in outcome["candidates"]} == {"Hyper1", "Inter-len", "Hyper2"}
    assert winner["differenceToOnline"]["interval"][0] > 0


def test_all_policies_are_judged_by_the_half_that_the_search_has_not_seen(find: Find, lines: list[bytes]) -> None:
    """What was done and what was given too: like is compared with like."""
    outcome = find(*SEARCH)
    rewards = [-orjson.loads(line)["_label_cost"] for line in lines[EVENTS // 2 :]]

    assert {row["name"]: row["events"] for row in outcome["policies"]}.items() >= {"online": 300, "mine": 300}.items()
    assert len({(row["events"], row["from"]) for row in outcome["policies"]}) == 1
    assert policy(outcome, "online")["estimates"]["ips"] == pytest.approx(sum(rewards) / len(rewards))


def test_the_table_says_by_how_many_events_all_policies_are_judged() -> None:
    """And how much of the log the search had."""
    evaluation = new_evaluation(GREEDY)
    _, results = stages(evaluation, Log(5000))

    text = table(plan.outcome(evaluation, results), 0.2)

    assert "the figures of all policies, online too, are of the other 2,500 events." in text


def test_a_search_gives_the_same_again(log: Path, find: Find) -> None:
    """In however many processes, and whichever ends first."""
    assert find(*SEARCH) == evaluate("--log", log, *SEARCH)


def test_a_log_without_exploration_is_not_searched(tmp_path: Path) -> None:
    """The command says so, and that only the figures of online count."""
    sure = [line.replace(b"0.25", b"0.0").replace(b'"p":[0.0', b'"p":[1.0') for line in event_lines(200)]
    sure = [line.replace(b'"_label_probability":0.0', b'"_label_probability":1.0') for line in sure]
    log = write_log(tmp_path / "log.dsjson", sure)

    outcome = evaluate("--log", log, "--optimize", "--policy", SQUARECB)

    assert "no exploration" in outcome["noSearch"]
    assert "Only the figures of online count" in outcome["because"]
    assert "Only the figures of online count" in run("--log", log).stdout
    assert outcome["optimal"] == "online"


# Its end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_one_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    """Neither processes nor files."""
    log = write_log(tmp_path / "log.dsjson", event_lines(3000) * 20)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {**ENVIRONMENT, "TMPDIR": str(scratch)}
    words = [*RUN, "--log", str(log), "--policy", SQUARECB]
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as started:
        children = wait_for_children(started.pid)
        started.send_signal(number)
        _, output = started.communicate(timeout=30)

    assert started.returncode == INTERRUPTED
    assert "was interrupted" in output
    assert "Traceback" not in output
    assert all(child.wait(10) for child in children)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 0.6, 1.0, 1.5, 2.5])
def test_ctrl_c_ends_it_in_order_at_any_moment(tmp_path: Path, seconds: float) -> None:
    """A terminal interrupts all processes at once: workers that begin, those that write, and learners too."""
    log = write_log(tmp_path / "log.dsjson", event_lines(3000) * 5)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = [*RUN, "--log", str(log), "--policy", SQUARECB, "--optimize"]
    with subprocess.Popen(
        words, env={**ENVIRONMENT, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE, text=True, process_group=0
    ) as started:
        assert started.stderr
        begun = started.stderr.readline()
        time.sleep(seconds)
        children = [ProcessId.of(child) for child in below(started.pid)]
        os.killpg(started.pid, signal.SIGINT)
        _, output = started.communicate(timeout=30)

    assert "Reading the log" in begun
    assert started.returncode == INTERRUPTED, output
    assert "Traceback" not in output
    assert all(child.wait(10) for child in children)
    assert list(scratch.iterdir()) == []


def test_a_killed_one_takes_its_processes_along(tmp_path: Path) -> None:
    """They do not go on without it."""
    log = write_log(tmp_path / "log.dsjson", event_lines(3000) * 20)
    with subprocess.Popen([*RUN, "--log", str(log), "--policy", SQUARECB], env=ENVIRONMENT) as started:
        children = wait_for_children(started.pid)
        started.kill()

    assert all(child.wait(10) for child in children)


def wait_for_children(pid: int) -> list[ProcessId]:
    """The processes below one that is at work, those of the learner included."""
    until = time.monotonic() + 30
    while len(children := below(pid)) < 4:
        assert time.monotonic() < until
        time.sleep(0.05)
    return [ProcessId.of(child) for child in children]


def below(pid: int) -> list[int]:
    """The ids of children, grandchildren and so on."""
    try:
        own = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [pid_below for child in map(int, own) for pid_below in (child, *below(child))]
