"""`dev.py evaluate`: which logs and policies it takes, in whatever form, and which it refuses."""

import gzip
import os
import re
from collections.abc import Callable
from copy import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from localhost.evaluate import command
from localhost.evaluate.policies import policies
from localhost.evaluate.runs import share_passes
from shared.evaluation.tasks import Task
from shared.imports.files.key_order import order_keys
from shared.times import HOUR
from tests.conftest import StartHost
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, QUICK, StartTrainer
from tests.loop.evaluate_command import (
    EVENTS,
    GREEDY,
    SQUARECB,
    estimate_with_vw,
    evaluate,
    policy,
    run,
    write_log,
)
from tests.loop.stored_loop import StoredLoop
from tests.unit.learner.lines import event_lines, slots_lines

OF_THE_OLD_SERVICE = (
    b'{"_label_cost":-1.0,"_label_probability":0.8,"_label_Action":2,"_labelIndex":1,"o":[{"v":1.0,"EventId":"x1",'
    b'"ActionTaken":false}],"Timestamp":"2021-02-04T16:31:29.2460000Z","Version":"1","EventId":"x1","a":[2,1],"c":{ '
    b'"FromUrl":[{"daytime":"noon","name":"Eve"}],"_multi": [ {"_tag":"tea","i":{"constant":1,"id":"tea"},"j":[{"kind"'
    b':"hot"}]}, {"_tag":"ice","i":{"constant":1,"id":"ice"},"j":[{"kind":"cold"}]} ] },"p":[0.8,0.2],"VWState":{"m":'
    b'"a/b"},"_original_label_cost":-1.0}',
    b'{"_label_cost":-0.0,"_label_probability":0.2,"_label_Action":1,"_labelIndex":0,"Timestamp":'
    b'"2021-02-04T16:32:29.2460000Z","Version":"1","EventId":"x2","a":[1,2],"c":{"FromUrl":[{"daytime":"noon","name":'
    b'"Bob"}],"_multi":[{"i":{"constant":1,"id":"tea"}},{"i":{"constant":1,"id":"ice"}}]},"p":[0.2,0.8],"VWState":{"m":'
    b'"N/A"}}',
    b'{"_label_cost":0.0,"_label_probability":0.8,"_label_Action":2,"_labelIndex":1,"_skipLearn":true,"Timestamp":'
    b'"2021-02-04T16:33:29.2460000Z","Version":"1","EventId":"x3","a":[2,1],"c":{"FromUrl":[{"name":"Bob"}],"_multi":'
    b'[{"i":{"constant":1}},{"i":{"constant":1}}]},"p":[0.8,0.2],"VWState":{"m":"N/A"}}',
    b'{"RewardValue":1.0,"EnqueuedTimeUtc":"2021-02-04T16:34:29.2460000Z","EventId":"x4","Observations":[{"v":1.0,'
    b'"EventId":"x4","ActionId":null}]}',
    b'{"RewardValue":null,"DeferredAction":false,"EnqueuedTimeUtc":"2021-02-04T16:34:29Z","EventId":"x5","Observations":'
    b'[{"v":null,"EventId":"x5","ActionId":null}],"Unknown":[1]}',
    b'["checkpoint",{"DefaultReward":0.0}]',
    b'{"_label_cost":-1.0,"_label_probability":0.8,"_label_Action":2,"_lab',
)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """Events of four actions, drawn alike, of which one pays for each user."""
    return event_lines(EVENTS)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> Path:
    """A file of them."""
    return write_log(tmp_path_factory.mktemp("log") / "log.dsjson", lines)


@pytest.fixture(scope="module")
def policies_of_plain(log: Path) -> list[dict[str, Any]]:
    """The policies in the result for that log."""
    rows: list[dict[str, Any]] = evaluate("--log", log, "--policy", f"mine={GREEDY}")["policies"]
    return rows


# Logs


def as_gzip(path: Path, lines: list[bytes]) -> Path:
    path.with_suffix(".gz").write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    return path.with_suffix(".gz")


def as_members(path: Path, lines: list[bytes]) -> Path:
    members = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    path.write_bytes(b"".join(gzip.compress(b"\n".join(member) + b"\n") for member in members))
    return path


def as_windows_text(path: Path, lines: list[bytes]) -> Path:
    return write_log(path, [b"\xef\xbb\xbf" + lines[0], *lines[1:]], b"\r\n")


def as_sorted_keys(path: Path, lines: list[bytes]) -> Path:
    return write_log(path, [orjson.dumps(dict(sorted(orjson.loads(line).items(), reverse=True))) for line in lines])


def without_last_break(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(b"\n\n".join(lines))
    return path


@pytest.mark.parametrize("form", [as_gzip, as_members, as_windows_text, as_sorted_keys, without_last_break])
def test_every_form_of_a_log_gives_the_same(
    tmp_path: Path,
    lines: list[bytes],
    policies_of_plain: list[dict[str, Any]],
    form: Callable[[Path, list[bytes]], Path],
) -> None:
    """However it was exported, compressed, copied or written by other tools."""
    other = form(tmp_path / "other.dsjson", lines)

    assert policies_of_plain == evaluate("--log", other, "--policy", f"mine={GREEDY}")["policies"]


def test_exports_of_the_old_service_are_read(tmp_path: Path) -> None:
    """With what it had besides events: what was never activated, lone rewards, notes of checkpoints, cut lines."""
    log = write_log(tmp_path / "old.dsjson", OF_THE_OLD_SERVICE)

    outcome = evaluate("--log", log)

    counts = {"read": 7, "used": 2, "skipped": 1, "dangling": 2, "damaged": 1, "passedOver": 1}
    assert {name: count for name, count in outcome["lines"].items() if count} == counts
    assert policy(outcome, "online")["estimates"]["ips"] == 0.5
    assert policy(outcome, "baselineRand")["estimates"]["ips"] == pytest.approx(1 / (0.8 * 2) / 2)
    assert "Too few events" in policy(outcome, "baselineRand")["because"]


def test_what_a_loop_gives_of_its_log_is_read_by_vw_too(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost, tmp_path: Path
) -> None:
    """All pages of `GET /rankloop/v1/logs` as they come: parts of the log, each in gzip."""
    past.configure(stored_loop, past.seldom())
    past.lively(5, past.minutes_ago(300), past.minutes_ago(60), 200, HOUR // 6).write(stored_loop)
    with trainer() as started_trainer:
        started_trainer.succeed(120)
    api, path = Api.at(start_host(**QUICK).url, KEY), "/rankloop/v1/logs"
    log = tmp_path / "log.dsjson.gz"
    with log.open("wb") as file:
        while path:
            page = api.get(path, {"Accept-Encoding": "gzip"})
            file.write(page.body)
            path = page.headers.get("link", "").partition(";")[0].strip("<>")

    outcome = evaluate("--log", log, "--policy", f"mine={GREEDY}")

    assert outcome["lines"]["read"] == len(stored_loop.lines())
    assert outcome["lines"]["used"] > 50
    assert outcome["lines"]["damaged"] == outcome["lines"]["refused"] == 0
    assert policy(outcome, "mine")["estimates"]["ips"] == pytest.approx(estimate_with_vw(log, GREEDY), abs=1e-5)


# Refusals


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a refused command says."""
    code = command.main([*map(str, arguments)])
    output = capsys.readouterr()
    assert (code, output.out) == (command.REFUSED, "")
    assert "Next step: " in output.err
    return output.err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ["--policy", "mine=--cb_explore_adf --epsilom 0.2"],
            "policy mine cannot be used: --epsilom is not an option",
        ),
        (["--policy", "--cb_explore_adf -f /tmp/x"], "The policy policy-1 cannot be used: -f is not an option"),
        (
            ["--policy", "--cb_explore_adf --cubic zzz"],
            "policy-1 cannot be used: arguments make about 230,000,000 features",
        ),
        (["--policy", "x=--cb_explore_adf --daemon"], "--daemon is not an option"),
        (["--policy", "--cb_explore_adf --epsilon 2"], "--epsilon must be a number from 0 to 1"),
        (["--policy=--epsilon 0.1"], "--cb_explore_adf or --ccb_explore_adf must be given"),
        (["--policy="], "--cb_explore_adf or --ccb_explore_adf must be given"),
        (["--policy", f"={GREEDY}"], "has no name"),
        (["--policy", f"a={GREEDY}", "--policy", f"a={SQUARECB}"], "The name a is taken"),
        (["--policy", f"online={GREEDY}"], "The name online is taken"),
        (["--policy", f"Inter-len3={GREEDY}"], "The name Inter-len3 is taken"),
        (["--policy", f"Hyper3={GREEDY}"], "The name Hyper3 is taken"),
        (["--policy", f"ONLINE={GREEDY}"], "The name ONLINE is taken"),
        (["--policy", f"{'n' * 257}={GREEDY}"], "has 257 characters, at most 256"),
        (["--policy", "--ccb_explore_adf --epsilon 0.2"], "The policy policy-1 is for events with several slots"),
        (["--policy", GREEDY] * 11, "11 policies were given, at most 10"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused(
    capsys: pytest.CaptureFixture[str], log: Path, given: list[str], message: str
) -> None:
    """Before anything is read, and with the option that is wrong."""
    assert message in refusal(capsys, "--log", log, *given)


def test_a_policy_for_one_choice_is_refused_for_slots(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With the option that it should have."""
    log = write_log(tmp_path / "log.dsjson", slots_lines(3))

    assert "Use --ccb_explore_adf" in refusal(capsys, "--log", log, "--policy", GREEDY)


def test_a_log_that_cannot_be_read_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """No such file, a folder, a wrong name, a cut one, and one that holds something else."""
    plain, cut = tmp_path / "plain.dsjson.gz", tmp_path / "cut.dsjson.gz"
    plain.write_bytes(b"{}\n")
    cut.write_bytes(gzip.compress(b"{}\n" * 100_000)[:-20])
    empty, other = tmp_path / "empty.dsjson", tmp_path / "other.csv"
    empty.write_bytes(b"")
    other.write_bytes(b"a,b\n1,2\n")

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert "is no file" in refusal(capsys, "--log", pipe)
    assert "No such file" in refusal(capsys, "--log", tmp_path / "none.dsjson")
    assert "is no file" in refusal(capsys, "--log", tmp_path)
    assert "it is not compressed with gzip" in refusal(capsys, "--log", plain)
    assert "is cut or damaged" in refusal(capsys, "--log", cut)
    assert "has no event that can be evaluated, in 0 lines" in refusal(capsys, "--log", empty)
    assert "has no event that can be evaluated, in 2 lines" in refusal(capsys, "--log", other)


def test_a_log_that_is_cut_behind_its_first_event_is_refused_too(tmp_path: Path, lines: list[bytes]) -> None:
    """Without a traceback, though it only shows in another process."""
    log = tmp_path / "log.dsjson.gz"
    log.write_bytes(gzip.compress(b"\n".join(lines))[:-50])

    ended = run("--log", log)

    assert (ended.returncode, ended.stdout) == (command.REFUSED, "")
    assert "is cut or damaged" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("time", "since"),
    [
        (b"0001-01-01T00:00:00", "0001-01-01T00:00:00.000000Z"),
        (b"1969-07-20T20:17:40Z", "1969-07-20T20:17:40.000000Z"),
        (b"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
        (b"9999-12-31T23:59:59-14:00", "1970-01-01T00:00:00.000000Z"),
        (b"0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_a_log_is_evaluated_whenever_its_events_came(tmp_path: Path, time: bytes, since: str) -> None:
    """Also where events have no time; a time that no calendar has is as good as none."""
    old = [re.sub(rb'("Timestamp":")[^"]*', rb"\g<1>" + time, line) for line in event_lines(30)]

    outcome = evaluate("--log", write_log(tmp_path / "log.dsjson", old))

    assert outcome["lines"] == {**dict.fromkeys(outcome["lines"], 0), "read": 30, "used": 30}
    assert policy(outcome, "online")["from"] == since


def test_where_no_event_was_used_that_is_said(tmp_path: Path) -> None:
    """Instead of figures of nothing, without a word."""
    refused = [line.replace(b'"c":{', b'"c":{"_text":5,') for line in event_lines(3)]
    log = write_log(tmp_path / "log.dsjson", refused)

    outcome = evaluate("--log", log)

    assert outcome["because"] == "No event of the log could be used."
    assert "No event of the log could be used." in run("--log", log).stdout


@pytest.mark.parametrize(("processors", "expected"), [(1, [3, 2, 2]), (2, [3, 2, 2]), (8, [2, 2, 2, 1]), (64, [1] * 7)])
def test_policies_share_passes_over_the_log_where_processors_are_few(processors: int, expected: list[int]) -> None:
    """Each is carried out once; with many processors none waits for another."""
    tasks = [Task(f"custom-{place}", 0, GREEDY, with_reward_model=True) for place in range(7)]

    passes = [*share_passes(tasks, processors)]

    assert [len(tasks_of_pass) for tasks_of_pass in passes] == expected
    assert sorted(task.key for tasks_of_pass in passes for task in tasks_of_pass) == [task.key for task in tasks]


def test_only_tasks_over_the_same_events_share_a_pass() -> None:
    """A reward model goes along with all tasks of a pass, or with none."""
    task = Task("k", 0, GREEDY)
    others = [replace(task, until=100), replace(task, with_reward_model=True), task]

    assert [*share_passes([task, *others], 2)] == [[task, task], others[:1], others[1:2]]


def test_policies_without_names_are_numbered() -> None:
    """By their place; an equals sign inside arguments makes no name."""
    chosen = policies([GREEDY, f"mine={SQUARECB}", "--cb_explore_adf --epsilon=0.1"])

    assert [chosen_policy.name for chosen_policy in chosen] == ["policy-1", "mine", "policy-3"]
    assert chosen[2].arguments == "--cb_explore_adf --epsilon=0.1"


# The order of keys


def test_lines_in_the_learners_order_stay_as_they_are(lines: list[bytes]) -> None:
    """Those of this loop and of the old service, of one choice or several."""
    for line in [*lines[:5], *slots_lines(5), *OF_THE_OLD_SERVICE[:3]]:
        assert order_keys(line) is line


def test_slots_are_learned_in_any_order_of_keys(tmp_path: Path) -> None:
    """Vowpal Wabbit alone learns nothing where outcomes come before the features."""
    plain = slots_lines(200)
    turned = [orjson.dumps(dict(sorted(orjson.loads(line).items()))) for line in plain]
    arguments = "--ccb_explore_adf --epsilon 0.2"

    first, second = (
        evaluate("--log", write_log(tmp_path / name, some), "--policy", arguments)["policies"]
        for name, some in (("plain.dsjson", plain), ("turned.dsjson", turned))
    )

    assert turned[0].index(b'"_outcomes"') < turned[0].index(b'"c"')
    assert first == second
