"""Settings: defaults, and what the app refuses to start with."""

import pytest

from shared.settings import InvalidSetting, StorageSettings, TokenSettings, read
from shared.times import DAY, MINUTE, SECOND

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
    assert (settings.api_keys, settings.shards, settings.strict_rewards) == ({}, 4, False)
    assert (settings.max_reward_wait_us, settings.train_schedule) == (30 * DAY, "0 * * * * *")


def test_what_is_set_is_read() -> None:
    environ = {"API_KEY_2": " second ", "INTAKE_SPAN": "PT10M", "WRITE_DEADLINE": "PT3S", "JOIN_GRACE": "PT5S"}
    environ |= {
        "SHARDS": "16",
        "STRICT_REWARDS": "True",
        "MAX_REWARD_WAIT_TIME": "P7D",
        "TRAIN_SCHEDULE": "*/2 * * * * *",
    }

    settings = read(STORAGE | environ)

    assert (settings.api_keys, settings.shards, settings.strict_rewards) == ({"API_KEY_2": "second"}, 16, True)
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
        ("TRAIN_SCHEDULE", "0 */5m * * * *"),
        ("AzureWebJobsStorage", ""),
        ("AUTH_TENANT", "contoso.onmicrosoft.com"),
        ("AUTH_TENANT", "common"),
        ("AUTH_AUTHORITY", "login.microsoftonline.us"),
        ("AUTH_AUTHORITY", "http://login.microsoftonline.us"),
        ("AUTH_PAGE_CLIENT_ID", "rankloop-page"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read(STORAGE | {name: value})

    assert refused.value.name == name
    assert refused.value.advice
    assert name in str(refused.value)


TENANT = "72F988BF-86F1-41AF-91AB-2D7CD011DB47"
CLIENT = "9D5B4B55-0C1F-4A39-8F0C-6A1F0F6F2A77"
PAGE = {"AUTH_PAGE_CLIENT_ID": CLIENT}


def test_bearer_tokens_need_a_tenant_and_an_audience() -> None:
    """One without the other would let in too many, or no caller."""
    environ = {"AUTH_TENANT": TENANT, "AUTH_AUDIENCE": "api://mine/"}
    cloud = {"AUTH_AUTHORITY": "https://login.microsoftonline.us/"}

    assert read(STORAGE | environ).tokens == TokenSettings(
        TENANT.lower(), "api://mine", "https://login.microsoftonline.com"
    )
    assert read(STORAGE | environ | cloud).tokens == TokenSettings(
        TENANT.lower(), "api://mine", "https://login.microsoftonline.us"
    )
    assert read(STORAGE | cloud).tokens is None
    assert read(STORAGE | environ | PAGE).tokens == TokenSettings(
        TENANT.lower(), "api://mine", "https://login.microsoftonline.com", CLIENT.lower()
    )
    with pytest.raises(InvalidSetting, match="AUTH_PAGE_CLIENT_ID"):
        read(STORAGE | PAGE)
    for name, other in (("AUTH_TENANT", "AUTH_AUDIENCE"), ("AUTH_AUDIENCE", "AUTH_TENANT")):
        with pytest.raises(InvalidSetting) as refused:
            read(STORAGE | {other: environ[other]})
        assert refused.value.name == name


def test_a_grace_that_the_deadline_outlasts_is_refused() -> None:
    """The join would close a minute in which a row may still count."""
    with pytest.raises(InvalidSetting, match=r"JOIN_GRACE.*WRITE_DEADLINE"):
        read(STORAGE | {"WRITE_DEADLINE": "PT60S"})


@pytest.mark.parametrize("missing", [f"AzureWebJobsStorage__{name}ServiceUri" for name in ("blob", "queue", "table")])
def test_an_identity_needs_addresses_or_a_name(missing: str) -> None:
    environ = {name: value for name, value in IDENTITY.items() if name != missing}

    with pytest.raises(InvalidSetting):
        read(environ)
    assert read(environ | {"AzureWebJobsStorage__accountName": "mine"}).storage.account_name == "mine"


def test_an_unknown_kind_of_credential_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="__credential"):
        read(IDENTITY | {"AzureWebJobsStorage__credential": "workloadidentity"})


def test_secrets_do_not_show() -> None:
    settings = read({"AzureWebJobsStorage": "AccountName=a;AccountKey=c2VjcmV0", "API_KEY_1": "open-sesame"})

    assert "open-sesame" not in repr(settings)
    assert "c2VjcmV0" not in repr(settings)


TEXTS = ("AUTH_TENANT", "AUTH_AUDIENCE", "SHARDS", "WRITE_DEADLINE")
REFERENCE = "@Microsoft.KeyVault(VaultName=mine;SecretName=api-key-1)"
REFERENCES = [
    REFERENCE,
    f"  {REFERENCE}\t",
    REFERENCE.lower(),
    REFERENCE.upper(),
    "@Microsoft.KeyVault(SecretUri=https://mine.vault.azure.net/secrets/api-key-1/)",
    "@Microsoft.KeyVault",
]


@pytest.mark.parametrize("text", REFERENCES)
def test_a_reference_that_was_not_resolved_is_no_key(text: str) -> None:
    """The platform hands over the reference itself, and anyone can guess its text."""
    first = read(STORAGE | {"API_KEY_1": text})
    second = read(STORAGE | {"API_KEY_1": "good", "API_KEY_2": text})

    assert (first.api_keys, first.unresolved_keys) == ({}, ("API_KEY_1",))
    assert (second.api_keys, second.unresolved_keys) == ({"API_KEY_1": "good"}, ("API_KEY_2",))


@pytest.mark.parametrize("name", [*IDENTITY, "AzureWebJobsStorage", *TEXTS])
def test_a_reference_that_was_not_resolved_is_no_other_setting(name: str) -> None:
    """The error names the setting, and nothing of the reference."""
    with pytest.raises(InvalidSetting) as refused:
        read((IDENTITY if name in IDENTITY else STORAGE) | {name: REFERENCE})

    assert refused.value.name == name
    assert "not resolved" in str(refused.value)
    assert "mine" not in str(refused.value)


def test_trusted_signers_are_read_as_tools_print_them() -> None:
    """With or without colons, in any case, with commas, semicolons or spaces between."""
    first, second = "ab" * 32, "0F" * 32
    spelled = f" {':'.join(['AB'] * 32)} , {second};{first} "

    assert read(STORAGE | {"TRUSTED_MODEL_SIGNERS": spelled}).trusted_signers == (first, second.lower(), first)
    assert read(STORAGE).trusted_signers == ()
    for wrong in ("ab" * 31, "gh" * 32, f"{first} {first[:-1]}"):
        with pytest.raises(InvalidSetting):
            read(STORAGE | {"TRUSTED_MODEL_SIGNERS": wrong})
