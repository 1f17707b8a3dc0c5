"""`status`, `metrics` and `event` on a real loop: what they print, and what they say of a loop that cannot be read."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localhost.azurite.emulator import Azurite
from localhost.environment import ROOT, clean_environment
from localhost.report.metrics_lines import metrics_lines
from localhost.report.prospect_lines import prospect_lines
from localhost.report.stage_lines import stage_lines
from localhost.report.status_lines import status_lines
from shared.times import MINUTE, SECOND, to_iso
from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.slots import RANK, news, use_slots
from tests.infra.scripted_server import serve_answers
from tests.loop import past
from tests.loop.conftest import KEY, NEVER
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer

WAIT = 10 * MINUTE


@pytest.fixture(scope="module")
def api(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop without exploration that has learned, with an event that waits."""
    storage = azurite.new_account().connection_string
    with StoredLoop(storage) as stored_loop:
        past.configure(stored_loop, past.seldom(exploration_percentage=0))
        happened = past.lively(5, past.minutes_ago(150), past.minutes_ago(40), 150, WAIT)
        at_us = past.minutes_ago(50)
        happened.events += [
            past.event("good", at_us),
            past.event("plain", at_us),
            past.event("asleep", at_us, deferred=True),
        ]
        happened.observations += [
            past.reward("good", at_us + SECOND, 0.5),
            past.reward("good", at_us + WAIT + MINUTE, 1),
        ]
        happened.write(stored_loop)
    with Trainer(storage, tmp_path_factory.mktemp("trainer") / "log") as trainer:
        trainer.succeed()
    with HostProcess(storage, env=NEVER) as host:
        reached = Api.at(host.url, KEY)
        reached.post(
            "/personalizer/v1.0/rank", {"eventId": "new/1", "actions": [{"id": "a b", "features": [{"x": 1}]}]}
        )
        yield reached


def run(command: str, *arguments: str, endpoint: str = "", key: str = KEY, letters: str = "utf-8") -> tuple[int, str]:
    """Run a command as a user does; gives the exit code and the output.

    Args:
        endpoint: What is given as such beside the arguments; nothing if it is empty.
        letters: The encoding of the terminal.
    """
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "localhost.report",
            command,
            *arguments,
            *([f"--endpoint={endpoint}"] if endpoint else []),
        ],
        cwd=ROOT,
        env={**clean_environment(), "RANKLOOP_KEY": key, "COLUMNS": "90", "PYTHONIOENCODING": letters},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


def flat(text: str) -> str:
    """A text without its line breaks and what they indent."""
    return " ".join(text.split())


def pairs(output: str) -> list[str]:
    """The first two words of each line."""
    return [" ".join(line.replace(",", "").split()[:2]).rstrip(".") for line in output.splitlines()]


def test_the_status_says_all_that_the_loop_says(api: Api) -> None:
    """Every sentence of the answer, in lines that fit a terminal."""
    code, output = run("status", endpoint=api.url)
    status = api.get("/rankloop/v1/status").json

    warnings = [warning[part] for warning in status["warnings"] for part in ("code", "message", "whatToDo")]
    remedies = [each for warning in [status, *status["warnings"]] for each in warning["remedies"]]
    verdict = status["verdict"]
    sentences = [
        status["because"],
        status["nextModel"]["because"],
        verdict["because"],
        verdict["life"]["because"],
        status["model"]["id"],
        *(stage["because"] for stage in status["stages"] if stage["state"] != "good"),
        *warnings,
        *(f"{each['text']} ({each['setting']} {each['value']}). {each['cost']}" for each in remedies),
    ]
    assert code == 0
    assert "NoExploration" in warnings
    assert "explorationPercentage" in [each["setting"] for each in remedies]
    assert [sentence for sentence in sentences if flat(sentence) not in flat(output)] == []
    assert "Loop default, as API_KEY_1 with the role owner" in flat(output)
    assert "Learning yes. " in flat(output)
    assert f"{status['events']['learned']} learned" in output
    assert [line for line in output.splitlines() if len(line) > 90] == []
    assert verdict["windows"]
    assert {f"{stage['stage'].capitalize()} {stage['state']}" for stage in status["stages"]} - set(
        pairs(output)
    ) == set()
    for window in verdict["windows"]:
        if window["over"] == verdict["over"]:
            assert f"Earned {window['earned']['averageReward']:.3f} per event (" in flat(output)
        above = window["aboveFirstAction"]
        assert f"{above['events']} {above['lift']:+.3f} {above['interval'][0]:+.3f} … " in flat(output)


@pytest.mark.parametrize(
    ("begin", "told"), [("30T22:10", "from 22:10 to 23:50"), ("28T22:10", "from 2026-11-28 22:10 to 2026-11-30 23:50")]
)
def test_a_stretch_of_a_stage_over_several_days_has_their_dates(begin: str, told: str) -> None:
    """Where rewards count for days, the Ranks of days wait."""
    rate = {"count": 1200, "perMinute": 1.0, "from": f"2026-11-{begin}:00.0Z", "to": "2026-11-30T23:50:00.0Z"}
    lines = list(stage_lines({"stages": [{"stage": "ranks", "state": "good", "lastAt": None, "rate": rate}]}))

    assert f"good, 1,200 {told}" in " ".join(line.strip() for line in lines)


def test_the_status_says_when_the_trainer_runs(api: Api) -> None:
    """By the schedule of the test; the status of an earlier version tells nothing."""
    trainer = api.get("/rankloop/v1/status").json["trainer"]
    output = flat(run("status", endpoint=api.url)[1])

    schedule, first = re.escape(trainer["schedule"]), trainer["firstRun"]["startedAt"][:10]
    assert re.search(rf"Trainer next run in [\d,.]+ \w+, by its schedule {schedule}; first run at {first}", output)
    assert [line for line in status_lines({"learning": True}) if line.startswith("Trainer")] == []


@pytest.mark.parametrize(
    ("trainer", "line"),
    [
        ({"nextRunInSeconds": 44.6, "firstRun": None}, "next run in 45 s, by its schedule *; no run yet."),
        ({"nextRunInSeconds": 240.0, "firstRun": None}, "next run in 4.0 minutes, by its schedule *; no run yet."),
        (
            {"nextRunInSeconds": None, "firstRun": {"package": "1.0-x", "startedAt": "2026-12-02T08:30:12.5Z"}},
            "next run not known, by its schedule *; first run under package 1.0-x at 2026-12-02 08:30:12 UTC.",
        ),
    ],
)
def test_the_next_run_of_the_trainer_is_in_plain_words(trainer: dict[str, object], line: str) -> None:
    lines = flat(" ".join(status_lines({"trainer": {"schedule": "*", **trainer}})))

    assert f"Trainer {line}" in lines


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"active": 0, "activeRelabels": 0, "learned": True, "counted": True, "decisions": None}, "none."),
        (
            {"active": 0, "activeRelabels": 0, "learned": False, "counted": False, "decisions": None},
            "none; the last change is not learned and not counted yet.",
        ),
        (
            {
                "active": 2,
                "activeRelabels": 1,
                "learned": True,
                "counted": False,
                "decisions": {
                    "at": "2026-12-02T08:30:12.5Z",
                    "events": 1000,
                    "changed": 31,
                    "share": 0.031,
                    "interval": [0.022, 0.044],
                },
            },
            "2, and 1 relabel; the last change is not counted yet. With the model of 2026-12-02 08:30:12 UTC, "
            "31 of 1,000 decisions changed (2.2 % … 4.4 %).",
        ),
    ],
)
def test_quarantines_are_one_line(counts: dict[str, object], line: str) -> None:
    """With whether models and metrics follow their last change, and what they changed."""
    lines = flat(" ".join(status_lines({"quarantines": counts})))

    assert f"Quarantines {line} Warnings" in lines


def test_the_metrics_are_a_table(api: Api) -> None:
    """With the figures of the answer, in all and by the hour."""
    code, output = run("metrics", endpoint=api.url)
    metrics = api.get("/rankloop/v1/metrics?interval=PT1H").json

    rows = [line.split() for line in output.splitlines()]
    online = metrics["total"]["online"]
    low, high = online["interval"]
    count = str(online["nonZeroWeights"])
    assert code == 0
    assert ["online", f"{online['averageReward']:.3f}", f"{low:.3f}", "…", f"{high:.3f}", count] in rows
    hours = [hour for hour in metrics["intervals"] if hour["count"]]
    assert len(hours) > 1
    of_hours = [row for row in rows if row[2:3] == ["UTC"]]
    assert [(str(hour["count"]), *hour["learningModes"]) for hour in hours] == [(row[3], row[-1]) for row in of_hours]


@pytest.mark.parametrize(
    ("event", "sentences"),
    [
        ("good", ["learned. The model has learned from it.", "0.5, counts.", "1, does not count.", "Reward 0.5. "]),
        (
            "plain",
            [
                "before the first model",
                "which had a chance of 25 %.",
                "Reward 0. ",
                "Now by model 2",
            ],
        ),
        ("asleep", ["to be activated.", "not activated. It was deferred", "Reward none. "]),
        (
            "new/1",
            ["in Online mode, by model 2", "Shown a b, which had a chance of 100 %.", "waiting. It is joined by"],
        ),
    ],
)
def test_an_event_is_a_story(api: Api, event: str, sentences: list[str]) -> None:
    """Of what came, what was shown, and what became of it."""
    code, output = run("event", event, endpoint=api.url)

    assert code == 0, output
    assert [sentence for sentence in sentences if sentence not in flat(output)] == [], output


def test_an_unknown_event_has_an_exit_code_of_its_own(api: Api) -> None:
    """And the time that was searched, which may be the wrong one."""
    code, output = run("event", "nobody", endpoint=api.url)
    elsewhere = run("event", "good", "--at", to_iso(past.minutes_ago(600)), endpoint=api.url)

    assert (code, "No event of this id is there. The log was searched from" in flat(output)) == (1, True), output
    assert (elsewhere[0], "choose that by --at" in flat(elsewhere[1])) == (1, True), elsewhere


@pytest.mark.parametrize("command", [["status"], ["metrics"], ["event", "good"]])
def test_programs_get_the_answer_as_it_is(api: Api, command: list[str]) -> None:
    code, output = run(*command, "--json", endpoint=api.url)

    path = {"status": "status", "metrics": "metrics?interval=PT1H", "event": "events/good"}[command[0]]
    assert code == 0
    assert json.loads(output).keys() == api.get(f"/rankloop/v1/{path}").json.keys()


def test_a_terminal_that_lacks_letters_gets_their_numbers(api: Api) -> None:
    """As Windows gives them to a pipe; programs get the bytes of the answer whatever the terminal has."""
    api.post("/personalizer/v1.0/rank", {"eventId": "é日😀", "actions": [{"id": "ü", "features": [{"x": 1}]}]})

    code, output = run("event", "é日😀", endpoint=api.url, letters="cp1252")
    whole = run("event", "é日😀", "--json", endpoint=api.url, letters="ascii")

    assert (code, "\\u65e5\\U0001f600" in output) == (0, True), output
    assert (whole[0], json.loads(whole[1])["eventId"]) == (0, "é日😀")


@pytest.mark.parametrize("switches", [[], ["--json"]])
def test_a_reader_that_has_enough_ends_a_command_in_silence(api: Api, switches: list[str]) -> None:
    """As `head` does, and pagers."""
    command = [sys.executable, "-m", "localhost.report", "event", "good", "--endpoint", api.url, *switches]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**clean_environment(), "RANKLOOP_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        errors = running.stderr.read()

    assert (running.returncode, errors) == (0, "")


def test_a_loop_that_cannot_be_read_is_a_sentence_and_a_next_step(api: Api, tmp_path: Path) -> None:
    """Never a traceback, and the key is sent to no one over the open network."""
    with serve_answers(status=(200, '{"hello": 1}')) as other:
        refused = {
            "does not take the key": run("status", endpoint=api.url, key="wrong"),
            "is no address": run("status", endpoint="my loop"),
            "does not begin with https://": run("status", endpoint="http://192.0.2.1:7071"),
            "There is no key": run("status", endpoint=api.url, key=""),
            "cannot be reached: ": run("status", endpoint="http://127.0.0.1:1"),
            "id is not empty": run("event", "", endpoint=api.url),
            "at: Not a moment": run("event", "good", "--at", "noon", endpoint=api.url),
            "was answered 200": run("status", endpoint=other),
            "No loop serves": run("status", "--data", str(tmp_path), endpoint=""),
        }

    for sentence, (code, output) in refused.items():
        assert (code, sentence in output, "\n  Next step: " in output) == (2, True, True), output
        assert "Traceback" not in output


def test_what_a_later_version_adds_is_printed_too() -> None:
    """In plain rows, since nobody knows its meaning here."""
    policy = {"averageReward": None, "interval": None, "nonZeroWeights": 0, "because": "nothing is known."}
    stretch = {"from": "2026-11-28T22:00:00Z", "to": "2026-11-28T23:00:00Z", "count": 0}
    stretch |= dict.fromkeys(("online", "firstAction", "random"), policy)
    metrics = metrics_lines(
        {"total": stretch, "intervals": [], "byAction": [{"actionId": "tea", "averageReward": 0.5}]}
    )
    status = status_lines({"learning": False, "because": "Why.", "shadowModel": {"isBetter": True, "notes": []}})

    assert "By action action id average reward --------- -------------- tea 0.5" in flat("\n".join(metrics))
    assert "Shadow model Is better true" in flat("\n".join(status))
    assert "Notes" not in "\n".join(status)


def test_an_event_with_slots_is_told_slot_by_slot(start_host: StartHost) -> None:
    """What each shows, and what it is worth."""
    slots = Api.at(start_host(**NEVER).url, KEY)
    use_slots(slots)
    slots.post(RANK, {**news(), "eventId": "page"})
    code, output = run("event", "page", endpoint=slots.url)
    trace = slots.get("/rankloop/v1/events/page").json["events"][0]

    assert (code, len(trace["slots"]) > 1) == (0, True)
    for slot in trace["slots"]:
        assert f"Slot {slot['id']} {slot['rewardActionId']}, which had a chance of" in flat(output)
        assert f"Reward none for slot {slot['id']}." in flat(output)
    assert "Now There is no model in use yet." in flat(output)


def test_what_slots_would_show_now_is_told_slot_by_slot() -> None:
    """Each has its own chances."""
    side = {"id": "side", "actions": [{"id": "tea", "probability": 1, "score": None}], "why": None, "because": "Alone."}
    now = {"chances": {"model": "m", "exploration": 0.2, "actions": [], "slots": [side]}}

    assert "action in slot side chance" in (text := flat("\n".join(prospect_lines(now))))
    assert text.endswith("tea 100 % - Alone.")
