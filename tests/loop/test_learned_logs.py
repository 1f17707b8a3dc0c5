"""`dev.py learn`: which logs and tables it takes, what it finds in them, and which it refuses."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from arro3 import core, io

from localhost.learn import command
from shared.imports.files.table_file import TableFile
from shared.imports.files.unusable_log import UnusableLog
from tests.loop.evaluate_command import GREEDY, SQUARECB, write_log
from tests.loop.learn_command import learn, run
from tests.loop.tables_of_events import COLUMNS, WITHOUT_CHANCES, rows, write_columns, write_csv
from tests.unit.learner.lines import event_lines, slots_lines

EVENTS = 1500
FEW = 90
"""So few that no settings are searched, which takes most of the time."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with chances, and two files that say what its columns hold."""
    made = tmp_path_factory.mktemp("tables")
    write_csv(made / "events.csv", rows(EVENTS))
    write_columns(made / "columns.json", COLUMNS)
    write_columns(made / "unknown.json", WITHOUT_CHANCES)
    return made


@pytest.fixture(scope="module")
def outcome(folder: Path) -> dict[str, Any]:
    """What is found with the chances that were noted."""
    files = ("--log", folder / "events.csv", "--columns", folder / "columns.json", "--output", folder / "learned")
    return learn(*files, "--policy", f"greedy={GREEDY}")


def policy(outcome: dict[str, Any], name: str) -> dict[str, Any]:
    return next(policy for policy in outcome["policies"] if policy["name"] == name)


# What is found


def test_a_table_teaches_what_is_best_where(outcome: dict[str, Any]) -> None:
    """With an exploration of 0.2 the best earn .45; the truth of a random one is .267."""
    assert outcome["lines"]["used"] == EVENTS
    low, high = policy(outcome, "baselineRand")["interval"]
    assert low < 0.267 < high
    assert outcome["chosen"]["because"].endswith("That is better for certain.")
    assert policy(outcome, outcome["chosen"]["name"])["isBetterForCertain"]
    assert outcome["stretches"][-1]["lastEvent"] == outcome["model"]["learnedEvents"] == EVENTS
    assert sum(stretch["model"]["reward"] for stretch in outcome["stretches"][5:]) / 5 == pytest.approx(0.45, abs=0.06)
    assert outcome["stretches"][0]["from"] == "2024-01-01T00:00:00.000000Z"
    assert outcome["cannotTeach"] == outcome["remarks"] == []


def test_without_chances_they_are_estimated_and_intervals_are_wider(folder: Path, outcome: dict[str, Any]) -> None:
    """It is said by which columns; the truth is held all the same."""
    events, columns = folder / "events.csv", folder / "unknown.json"

    files = ("--log", events, "--columns", columns, "--output", folder / "estimated")
    estimated = learn(*files, "--policy", f"greedy={GREEDY}")

    assert "They were estimated from how often each was shown, by device." in " ".join(estimated["remarks"])
    low, high = policy(estimated, "baselineRand")["interval"]
    assert low < 0.267 < high
    (low, high), noted = policy(estimated, "greedy")["interval"], policy(outcome, "greedy")["interval"]
    assert low < 0.45 < high
    assert high - low > 0.8 * (noted[1] - noted[0])
    assert estimated["chosen"]["because"].endswith("That is better for certain.")


def test_the_same_events_in_two_files_teach_the_same(folder: Path, tmp_path: Path) -> None:
    """The later one first, and compressed."""
    events, columns = rows(FEW), ("--columns", folder / "columns.json")
    later, earlier = write_csv(tmp_path / "b.csv.gz", events[40:]), write_csv(tmp_path / "a.csv", events[:40])
    whole = write_csv(tmp_path / "whole.csv", events)

    parts = learn("--log", later, "--log", earlier, *columns, "--output", tmp_path / "parts")

    expected = learn("--log", whole, *columns, "--output", tmp_path / "learned")
    assert (parts["policies"], parts["stretches"]) == (expected["policies"], expected["stretches"])


def test_parquet_is_read_like_csv(folder: Path, tmp_path: Path) -> None:
    """With numbers as numbers."""
    events = rows(FEW)
    kinds = {"hour": core.DataType.int64(), "clicked": core.DataType.int64(), "p": core.DataType.float64()}
    table = {
        name: core.Array([event[name] for event in events], type=kinds.get(name, core.DataType.string()))
        for name in events[0]
    }
    io.write_parquet(core.Table.from_pydict(table), tmp_path / "events.parquet")
    write_csv(tmp_path / "events.csv", events)

    as_parquet, as_csv = (
        learn("--log", tmp_path / name, "--columns", folder / "columns.json", "--output", tmp_path / name[-3:])
        for name in ("events.parquet", "events.csv")
    )

    assert as_parquet == as_csv
    whole = (tmp_path / "events.parquet").read_bytes()
    for damaged in (whole[:-30], whole[:100] + bytes(200) + whole[300:]):
        (tmp_path / "events.parquet").write_bytes(damaged)
        with pytest.raises(UnusableLog, match="cannot be read as Parquet"):
            list(TableFile(tmp_path / "events.parquet").rows())


def test_actions_of_each_event_and_their_features_are_learned(tmp_path: Path) -> None:
    """From a column with lists, and from a second table; an unnamed column of the context is taken too."""
    events = [event | {"offered": "tea|juice" if event["shown"] != "water" else "water|tea"} for event in rows(FEW)]
    write_csv(tmp_path / "events.csv", events)
    write_csv(tmp_path / "actions.csv", [{"id": "tea", "hot": 1}, {"id": "juice", "hot": 0}, {"id": "water", "hot": 0}])
    columns = {
        "action": "shown",
        "reward": "clicked",
        "time": "at",
        "actions": {"column": "offered"},
        "actionFeatures": {"file": "actions.csv", "id": "id"},
        "context": ["device"],
    }

    outcome = learn(
        *("--log", tmp_path / "events.csv", "--output", tmp_path / "learned"),
        *("--columns", write_columns(tmp_path / "columns.json", columns)),
    )

    assert outcome["lines"]["used"] == FEW


def test_a_table_without_exploration_teaches_nothing_of_other_choices(tmp_path: Path) -> None:
    """One action a device, always: nothing is searched, nothing is called better, and nothing is told of the model."""
    shown = {"mobile": "tea", "desktop": "juice", "tablet": "water"}
    events = [event | {"shown": shown[event["device"]]} for event in rows(900)]
    write_csv(tmp_path / "events.csv", events)
    columns = write_columns(tmp_path / "columns.json", WITHOUT_CHANCES)

    outcome = learn("--log", tmp_path / "events.csv", "--columns", columns, "--output", tmp_path / "learned")

    assert "There was no exploration" in outcome["cannotTeach"][0]
    assert "was not searched" in outcome["noSearch"] or "no exploration" in outcome["noSearch"]
    assert "cannot say of any settings" in outcome["chosen"]["because"]
    assert {stretch["model"]["reward"] for stretch in outcome["stretches"]} == {None}


def test_several_logs_are_learned_in_the_order_of_time(tmp_path: Path) -> None:
    """Lines that are no events are counted as in an evaluation, wherever they stand."""
    lines = event_lines(FEW)
    timed = [
        line.replace(b'"Timestamp":"2023-11-14T22:13:20', b'"Timestamp":"2023-11-%02dT22:13:20' % (1 + number // 6))
        for number, line in enumerate(lines)
    ]
    whole = write_log(tmp_path / "whole.dsjson", [*timed, b'{"cut'])
    parts = [
        write_log(tmp_path / name, some)
        for name, some in (("a", timed[60:]), ("b", [*timed[:60:2], b'{"cut']), ("c", timed[1:60:2]))
    ]
    assert timed != lines

    expected = learn("--log", whole, "--output", tmp_path / "one")
    outcome = learn(*(word for part in parts for word in ("--log", part)), "--output", tmp_path / "two")

    assert outcome["lines"] == expected["lines"]
    assert outcome["lines"]["damaged"] == 1
    times = [(stretch["from"], stretch["to"], stretch["done"]) for stretch in outcome["stretches"]]
    assert [(stretch["from"], stretch["to"]) for stretch in expected["stretches"]] == [each[:2] for each in times]


# Refusals


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a refused command says."""
    code = command.main([*map(str, arguments)])
    output = capsys.readouterr()
    assert (code, output.out) == (command.REFUSED, "")
    assert "Next step: " in output.err
    return output.err


@pytest.mark.parametrize(
    ("row", "columns", "message"),
    [
        ({"clicked": "often"}, COLUMNS, "events.csv, line 4: column clicked: 'often' is no number."),
        ({"p": "1.5"}, COLUMNS, "events.csv, line 4: column p: '1.5' is no probability"),
        ({"shown": ""}, COLUMNS, "events.csv, line 4: column shown: the cell is empty"),
        ({"at": "noon"}, COLUMNS, "events.csv, line 4: column at: 'noon' is no time"),
        ({}, COLUMNS | {"actions": ["tea", "juice"]}, "column shown: the action 'water' is none of those"),
        ({}, COLUMNS | {"reward": "bought"}, "has no column bought; it has at, device, hour, shown, clicked, p."),
        ({}, {"action": "shown"}, "cannot be used: reward must name a column."),
    ],
)
def test_a_table_is_refused_with_file_line_and_next_step(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, row: dict[str, Any], columns: dict[str, Any], message: str
) -> None:
    events = rows(20)
    events[2] |= row
    log = write_csv(tmp_path / "events.csv", events)
    chosen = write_columns(tmp_path / "columns.json", columns)

    said = refusal(capsys, "--log", log, "--columns", chosen, "--output", tmp_path / "learned")

    assert message in said
    assert not (tmp_path / "learned").exists()


def test_files_that_cannot_be_learned_from_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table, log = write_csv(tmp_path / "events.csv", rows(5)), write_log(tmp_path / "log.dsjson", event_lines(5))
    columns = write_columns(tmp_path / "columns.json", COLUMNS)
    short = tmp_path / "short.csv"
    short.write_text(table.read_text() + "2024-01-01,mobile\n")
    (tmp_path / "broken.csv").write_bytes(table.read_bytes() + b"\xff\xfe\n")
    slots = write_log(tmp_path / "slots.dsjson", slots_lines(5))
    apprentice = [orjson.dumps(orjson.loads(line) | {"Mode": "Apprentice"}) for line in event_lines(5)]
    (tmp_path / "learned").mkdir()
    (tmp_path / "learned" / "model.vw").write_bytes(b"x")
    to = ("--output", tmp_path / "other")

    assert "nothing says what they hold" in refusal(capsys, "--log", table, *to)
    assert "which have no columns" in refusal(capsys, "--log", log, "--columns", columns, *to)
    assert "events.csv is given twice" in refusal(capsys, "--log", table, table, "--columns", columns, *to)
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    assert "cannot be used: it is no JSON" in refusal(capsys, "--log", table, "--columns", deep, *to)
    assert "same kind" in refusal(capsys, "--log", log, "--log", table, "--columns", columns, *to)
    assert "line 7: 2 cells, where" in refusal(capsys, "--log", short, "--columns", columns, *to)
    assert "not in UTF-8" in refusal(capsys, "--log", tmp_path / "broken.csv", "--columns", columns, *to)
    assert "several slots" in refusal(capsys, "--log", slots, *to)
    assert "only events of an apprentice" in refusal(capsys, "--log", write_log(tmp_path / "a", apprentice), *to)
    assert "No such file" in refusal(capsys, "--log", tmp_path / "none", *to)
    taken = ("--policy", f"new-loop={SQUARECB}")
    assert "The name new-loop is taken" in refusal(capsys, "--log", log, *taken, *to)
    assert "has model.vw already" in refusal(capsys, "--log", log, "--output", tmp_path / "learned")


def test_what_was_written_is_only_replaced_if_that_is_wanted(tmp_path: Path) -> None:
    """The files are those that a loop exports, and the text says what comes next."""
    log = write_log(tmp_path / "log.dsjson", event_lines(FEW))

    first, again, forced = (run("--log", log, *more, folder=tmp_path) for more in ((), (), ("--yes",)))

    assert [first.returncode, again.returncode, forced.returncode] == [0, command.REFUSED, 0]
    files = {path.name for path in (tmp_path / "learned").iterdir()}
    assert files == {"learning-settings.json", "training-state.vw", "model.vw"}
    assert "curl -X PUT $ENDPOINT/rankloop/v1/model" in first.stdout
