"""Where the settings of a host on one machine come from."""

import json
import stat
from pathlib import Path

import pytest

from localhost.data_folder import keep_key, make_private
from localhost.environment import choose_settings, read_local_settings, stores_in_data_folder
from localhost.failures import StartFailure


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with settings of its own."""
    values = {"INTAKE_SPAN": "PT1H", "SHARDS": 8, "STRICT_REWARDS": True, "API_KEY_1": "from the file"}
    (tmp_path / "local.settings.json").write_text(
        json.dumps({"IsEncrypted": False, "Values": values}), encoding="utf-8"
    )
    return tmp_path


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY_1", "from the environment")
    monkeypatch.delenv("INTAKE_SPAN", raising=False)
    monkeypatch.delenv("JOIN_GRACE", raising=False)
    settings = choose_settings(root)

    assert (settings["API_KEY_1"], settings["INTAKE_SPAN"]) == ("from the environment", "PT1H")
    assert settings["JOIN_GRACE"] == "PT5S"


def test_numbers_and_truths_in_the_file_become_text(root: Path) -> None:
    settings = read_local_settings(root)

    assert (settings["SHARDS"], settings["STRICT_REWARDS"]) == ("8", "true")


def test_no_file_is_no_settings(tmp_path: Path) -> None:
    assert read_local_settings(tmp_path) == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"Values": {"A": [1]}}', '{"Values": 1}'])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "local.settings.json").write_text(text, encoding="utf-8")

    with pytest.raises(StartFailure, match=r"local\.settings\.json cannot be read"):
        read_local_settings(tmp_path)


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({}, True),
        ({"AzureWebJobsStorage": ""}, True),
        ({"AzureWebJobsStorage": "UseDevelopmentStorage=true;"}, True),
        ({"AzureWebJobsStorage": "AccountName=mine;AccountKey=a2V5"}, False),
        ({"AzureWebJobsStorage__accountName": "mine"}, False),
    ],
)
def test_storage_that_was_chosen_is_used(settings: dict[str, str], needed: bool) -> None:
    assert stores_in_data_folder(settings) is needed


def test_a_folder_keeps_one_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    make_private(tmp_path / "data")
    first, second = keep_key(tmp_path / "data"), keep_key(tmp_path / "data")

    assert (first, len(first)) == (second, 32)
    assert stat.S_IMODE((tmp_path / "data" / "key").stat().st_mode) == 0o600
