"""Settings: defaults, and what the app refuses to start with."""

import pytest

from shared.loop.times import DAY, MINUTE, SECOND
from shared.settings import InvalidSetting, StorageSettings, read

STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
IDENTITY = {
    "AzureWebJobsStorage__credential": "managedidentity",
    "AzureWebJobsStorage__clientId": "client",
    "AzureWebJobsStorage__blobServiceUri": "https://mine.blob.core.windows.net",
    "AzureWebJobsStorage__queueServiceUri": "https://mine.queue.core.windows.net",
    "AzureWebJobsStorage__tableServiceUri": "https://mine.table.core.windows.net",
}


def test_all_but_storage_has_a_default() -> None:
    settings = read(STORAGE)

    assert (settings.intake_span_us, settings.write_deadline_us, settings.join_grace_us) == (DAY, 20 * SECOND, MINUTE)
    assert (settings.api_keys, settings.shards, settings.strict_rewards) == ((), 4, False)
    assert (settings.max_reward_wait_us, settings.train_schedule) == (2 * DAY, "0 * * * * *")


def test_what_is_set_is_read() -> None:
    told = {"API_KEY_2": " second ", "INTAKE_SPAN": "PT10M", "WRITE_DEADLINE": "PT3S", "JOIN_GRACE": "PT5S"}
    told |= {"SHARDS": "16", "STRICT_REWARDS": "True", "MAX_REWARD_WAIT_TIME": "P7D", "TRAIN_SCHEDULE": "*/2 * * * * *"}

    settings = read(STORAGE | told)

    assert (settings.api_keys, settings.shards, settings.strict_rewards) == (("second",), 16, True)
    assert (settings.intake_span_us, settings.write_deadline_us) == (10 * MINUTE, 3 * SECOND)
    assert (settings.join_grace_us, settings.max_reward_wait_us) == (5 * SECOND, 7 * DAY)
    assert settings.train_schedule == "*/2 * * * * *"


def test_an_empty_setting_is_an_absent_one() -> None:
    """App settings that a template leaves empty arrive as empty texts."""
    assert read(STORAGE | {"API_KEY_1": "", "SHARDS": " "}) == read(STORAGE)


def test_an_identity_is_read() -> None:
    assert read(IDENTITY).storage == StorageSettings(
        blob_uri="https://mine.blob.core.windows.net",
        queue_uri="https://mine.queue.core.windows.net",
        table_uri="https://mine.table.core.windows.net",
        credential="managedidentity",
        client_id="client",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INTAKE_SPAN", "PT7M"),
        ("INTAKE_SPAN", "P2D"),
        ("INTAKE_SPAN", "PT30S"),
        ("INTAKE_SPAN", "PT0S"),
        ("INTAKE_SPAN", "daily"),
        ("WRITE_DEADLINE", "PT0S"),
        ("WRITE_DEADLINE", "-PT20S"),
        ("WRITE_DEADLINE", "20"),
        ("JOIN_GRACE", "PT20S"),
        ("JOIN_GRACE", "PT19S"),
        ("MAX_REWARD_WAIT_TIME", "PT0S"),
        ("SHARDS", "0"),
        ("SHARDS", "101"),
        ("SHARDS", "four"),
        ("SHARDS", "²"),
        ("STRICT_REWARDS", "yes"),
        ("TRAIN_SCHEDULE", "* * * * *"),
        ("AzureWebJobsStorage", ""),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read(STORAGE | {name: value})

    assert refused.value.name == name
    assert refused.value.advice
    assert name in str(refused.value)


def test_a_grace_that_the_deadline_outlasts_is_refused() -> None:
    """The join would close a minute in which a row may still count."""
    with pytest.raises(InvalidSetting, match=r"JOIN_GRACE.*WRITE_DEADLINE"):
        read(STORAGE | {"WRITE_DEADLINE": "PT60S"})


@pytest.mark.parametrize("missing", ["AzureWebJobsStorage__blobServiceUri", "AzureWebJobsStorage__tableServiceUri"])
def test_an_identity_needs_addresses_or_a_name(missing: str) -> None:
    told = {name: value for name, value in IDENTITY.items() if name != missing}

    with pytest.raises(InvalidSetting):
        read(told)
    assert read(told | {"AzureWebJobsStorage__accountName": "mine"}).storage.account_name == "mine"


def test_an_unknown_kind_of_credential_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="__credential"):
        read(IDENTITY | {"AzureWebJobsStorage__credential": "workloadidentity"})


def test_secrets_do_not_show() -> None:
    settings = read({"AzureWebJobsStorage": "AccountName=a;AccountKey=c2VjcmV0", "API_KEY_1": "open-sesame"})

    assert "open-sesame" not in repr(settings)
    assert "c2VjcmV0" not in repr(settings)
