"""The script of the page on moving: run as it is there, on files as the old service exported them."""

import json
import os
import random
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.unit.pages import ROOT, Page, page

CONFIGURATION = "/personalizer/configurations/service?api-version=2022-09-01-preview"
POLICY = "/personalizer/v1.0/configurations/policy"
CHOSEN = {
    "rewardWaitTime": "PT4H",
    "defaultReward": -0.25,
    "rewardAggregation": "sum",
    "explorationPercentage": 0.3,
    "modelExportFrequency": "PT15M",
    "logMirrorEnabled": True,
    "logMirrorSasUri": "https://old.blob.core.windows.net/logs?se=2030-01-01T00%3A00Z&sp=rwl&sv=2020-10-02&sr=c&sig=x",
    "logRetentionDays": 14,
    "learningMode": "Apprentice",
    "isAutoOptimizationEnabled": True,
    "autoOptimizationFrequency": "P7D",
    "autoOptimizationStartDate": "2022-10-05T00:00:00Z",
    "modelRetrainDays": 5,
    "isInferenceExplainabilityEnabled": True,
}
READ_ONLY = {
    "lastConfigurationEditDate": "2022-09-20T08:15:00Z",
    "latestApprenticeModeMetrics": {"numberOfEvents": 12, "sumOfRewards": 3.0},
}
OLD_FORM = {
    "rewardWaitTime": "00:20:00",
    "defaultReward": 0,
    "rewardAggregation": "earliest",
    "explorationPercentage": 0.1,
    "modelExportFrequency": "00:00:30",
    "logMirrorEnabled": False,
    "logMirrorSasUri": None,
    "logRetentionDays": -1,
}
ARGUMENTS = "--cb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"


@pytest.fixture
def loop(start_host: StartHost) -> HostProcess:
    """A loop that has not been set up yet."""
    return start_host(API_KEY_1="key", **NEVER)


def script() -> str:
    """The script on the page."""
    (text,) = (text for text in page("docs/migrate.md").blocks("python") if "AdministrationClient" in text)
    return text


def run_script(loop: HostProcess, folder: Path, configuration: Mapping[str, Any], policy: Mapping[str, Any]) -> str:
    """Run the script beside two files, the learning settings as the portal wrote them; gives what it prints."""
    (folder / "migrate.py").write_text(script(), encoding="utf-8")
    (folder / "configuration.json").write_text(json.dumps(configuration), encoding="utf-8")
    (folder / "learning-settings.json").write_text(json.dumps(policy), encoding="utf-8-sig")
    environment = {**os.environ, "ENDPOINT": f"{loop.url}/", "KEY": "key"}
    command = [sys.executable, "-W", "error", "migrate.py"]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert not ended.stderr, ended.stderr
    return ended.stdout


def section(heading: str) -> str:
    """The text below a heading of the page, up to the next one."""
    text = page("docs/migrate.md").text.partition(f"# {heading}\n")[2]
    return re.split(r"^#+ ", text, maxsplit=1, flags=re.MULTILINE)[0]


def run_commands(loop: HostProcess, folder: Path, heading: str) -> str:
    """Run the commands below a heading in one shell, as they are but for address, key and environment."""
    text = "\n".join(Page(Path("migrate.md"), section(heading)).blocks("bash"))
    python = f"{shlex.quote(sys.executable)} -P -m localhost"
    for words, mine in (
        ("http://127.0.0.1:7071", loop.url),
        ("your-key", "key"),
        ("python3 dev.py learn", f"{python}.learn"),
        ("python3 dev.py status", f"{python}.report status"),
    ):
        text = text.replace(words, mine)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ENDPOINT": loop.url, "RANKLOOP_KEY": "key"}
    ended = subprocess.run(
        ["bash", "-e", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, timeout=200
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def write_export(folder: Path) -> None:
    """The log of two days as the old service mirrored it: 95 events whose best brew depends on the time of day."""
    rng, days = random.Random(1), folder / "old-export" / "data" / "2021" / "02"
    days.mkdir(parents=True)
    for day in (4, 5):
        lines = ['["checkpoint"]'] if day == 4 else []
        for number in range(95):
            part, shown = rng.choice(["noon", "night"]), rng.randrange(2)
            cost, own = -float((part == "night") == bool(shown)), f"x{day}-{number}"
            brews = [("tea", "hot"), ("ice", "cold")]
            line = {
                "_label_cost": cost,
                "_label_probability": 0.5,
                "_label_Action": shown + 1,
                "_labelIndex": shown,
                "o": [{"v": -cost, "EventId": own, "ActionTaken": False}],
                "Version": "1",
                "EventId": own,
                "Timestamp": f"2021-02-{day:02}T16:{number // 60:02}:{number % 60:02}.2460000Z",
                "a": [shown + 1, 2 - shown],
                "p": [0.5, 0.5],
                "VWState": {"m": "a/b"},
                "_original_label_cost": cost,
                "c": {
                    "FromUrl": [{"daytime": part}],
                    "_multi": [{"_tag": id_, "i": {"constant": 1, "id": id_}, "j": [{"kind": k}]} for id_, k in brews],
                },
            }
            lines.append(json.dumps(line))
        lines += ['{"RewardValue":1.0,"EnqueuedTimeUtc":"2021-02-05T17:00:00Z","EventId":"late","Observations":[]}']
        (days / f"{day:02}_0000000000.json").write_text("\r\n".join(lines), encoding="utf-8")


def test_an_export_of_the_old_service_becomes_a_loop_that_ranks_by_it(loop: HostProcess, tmp_path: Path) -> None:
    """By the commands of the page, as they are there."""
    write_export(tmp_path)

    printed = run_commands(loop, tmp_path, "From an export of the old service to a learning loop in 15 minutes")

    assert "193 lines: 190 events evaluated, 2 rewards without event, 1 of another kind." in printed
    assert "That is better for certain." in printed
    api = Api.at(loop.url, "key")
    time.sleep(3)
    best = {}
    for part in ("noon", "night"):
        actions = [{"id": "tea", "features": [{"kind": "hot"}]}, {"id": "ice", "features": [{"kind": "cold"}]}]
        body = {"contextFeatures": [{"daytime": part}], "actions": actions, "eventId": part}
        ranking = api.post("/personalizer/v1.0/rank", body).json["ranking"]
        best[part] = max(ranking, key=lambda choice: choice["probability"])["id"]
    assert best == {"noon": "tea", "night": "ice"}


def test_a_table_is_learned_by_the_columns_on_the_page(loop: HostProcess, tmp_path: Path) -> None:
    """With the example as it is there."""
    (columns,) = Page(Path("migrate.md"), section("From a table")).blocks("json")
    (tmp_path / "columns.json").write_text(columns, encoding="utf-8")
    rows = ["at,device.kind,hour,shown,chance,clicked"]
    for number in range(60):
        shown = ("tea", "juice", "water")[number % 3]
        rows.append(f"2024-01-01T{number % 24:02}:00:00Z,{'phone' if number % 2 else 'tv'},{number % 24},{shown},0.5,1")
    (tmp_path / "events.csv").write_text("\n".join(rows), encoding="utf-8")

    printed = run_commands(loop, tmp_path, "From a table")

    assert "60 lines: 60 events evaluated." in printed
    assert "All events earned the same, 1" in printed


def test_the_script_has_at_most_30_lines() -> None:
    """So that an owner who runs it has read it."""
    assert len(script().splitlines()) <= 30


def test_an_exported_loop_is_moved_whole(loop: HostProcess, tmp_path: Path) -> None:
    """Every field arrives, the learning mode too, which cannot change in the same call; read-only fields do not."""
    policy = {"name": "old loop", "arguments": ARGUMENTS}
    api = Api.at(loop.url, "key")

    printed = run_script(loop, tmp_path, CHOSEN | READ_ONLY, policy)

    body = api.get(CONFIGURATION).json
    assert {name: body[name] for name in CHOSEN} == CHOSEN
    assert not [name for name, value in READ_ONLY.items() if body.get(name) == value]
    assert api.get(POLICY).json == policy
    assert sorted(printed.splitlines()) == sorted(f"taken: {name}" for name in CHOSEN)


def test_a_configuration_of_the_first_version_is_moved_too(loop: HostProcess, tmp_path: Path) -> None:
    """It lacks fields, has null where nothing was set, and has time spans in the oldest form."""
    api = Api.at(loop.url, "key")
    before = api.get(CONFIGURATION).json

    printed = run_script(loop, tmp_path, OLD_FORM, {"name": "old", "arguments": ARGUMENTS})

    told = {name: value for name, value in OLD_FORM.items() if name not in ("logMirrorEnabled", "logMirrorSasUri")}
    changed = told | {"rewardWaitTime": "PT20M", "modelExportFrequency": "PT30S"}
    body = api.get(CONFIGURATION).json
    assert body | {"lastConfigurationEditDate": ""} == before | changed | {"lastConfigurationEditDate": ""}
    assert "told as PT20M: rewardWaitTime" in printed
