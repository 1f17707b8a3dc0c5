"""The script of the page on moving: run as it is there, on files as the old service exported them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.unit.pages import page

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
    assert not [name for name, value in READ_ONLY.items() if body[name] == value]
    assert api.get(POLICY).json == policy
    assert sorted(printed.splitlines()) == sorted(f"taken: {name}" for name in CHOSEN)


def test_a_configuration_of_the_first_version_is_moved_too(loop: HostProcess, tmp_path: Path) -> None:
    """It lacks fields, has null where nothing was set, and has time spans in the oldest form."""
    api = Api.at(loop.url, "key")
    before = api.get(CONFIGURATION).json

    printed = run_script(loop, tmp_path, OLD_FORM, {"name": "old", "arguments": ARGUMENTS})

    changed = {**OLD_FORM, "rewardWaitTime": "PT20M", "modelExportFrequency": "PT30S", "logMirrorSasUri": ""}
    body = api.get(CONFIGURATION).json
    assert body | {"lastConfigurationEditDate": ""} == before | changed | {"lastConfigurationEditDate": ""}
    assert "told as PT20M: rewardWaitTime" in printed
