"""The settings of a deployment: the only place that reads the environment."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from shared import durations
from shared.setting_readers import (
    between,
    read_authority,
    read_client,
    read_fingerprints,
    read_flag,
    read_rate,
    read_schedule,
    read_shards,
    read_span,
    read_tenant,
)
from shared.times import DAY, HOUR, MINUTE, SECOND

NOT_RESOLVED = "it is a Key Vault reference that was not resolved"
TO_RESOLVE = (
    "give the app's identity the role Key Vault Secrets User on the vault, see that the vault has an enabled secret of "
    "the name that the reference tells, then have the app read its references again, and restart it"
)
_STORAGE = "AzureWebJobsStorage"
_KEYS = ("API_KEY_1", "API_KEY_2")
_REFERENCE = "@microsoft.keyvault"
_PASSED_ON = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "PYTHONHOME"),
    *("TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "LC_CTYPE"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)


class InvalidSetting(Exception):
    """A setting that the app cannot start with.

    Attributes:
        name: The setting's name.
        advice: What the value must be, and never what it is: `/ready` tells it to everyone, and a key may have been put
            into the wrong setting.
    """

    def __init__(self, name: str, advice: str) -> None:
        super().__init__(f"Setting {name}: {advice}")
        self.name = name
        self.advice = advice


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where storage is: a folder of this machine, or an account and how the app signs in there.

    Attributes:
        folder: Its absolute path; empty for an account.
        connection_string: Empty when an identity is used.
        credential: `managedidentity`, or empty for whatever identity the machine offers.
        client_id: Of a user-assigned identity; empty for the system-assigned one.
    """

    connection_string: str = field(default="", repr=False)
    account_name: str = ""
    blob_uri: str = ""
    queue_uri: str = ""
    table_uri: str = ""
    credential: str = ""
    client_id: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Whose bearer tokens open the API.

    Attributes:
        tenant: The id of the tenant whose people and apps may call.
        audience: For whom a token has to be made out.
        authority: Who signs the tenant's tokens; an address without a slash at its end.
        page_client_id: As which application the page signs people in; empty if it does not.
    """

    tenant: str
    audience: str
    authority: str
    page_client_id: str = ""


class Setting(NamedTuple):
    """How one setting is read.

    Attributes:
        name: In the environment.
        default: The text that counts where the setting is absent or empty.
        read: Gives the value of a text; raises ValueError with what the text must be, without the text.
    """

    name: str
    default: str
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked; a setting that does not hang on another one is declared here and nowhere else.

    Attributes:
        api_keys: The keys that open the API, by the names of their settings; without one only bearer tokens do.
        unresolved_keys: Names of the settings that hold a Key Vault reference in place of a key.
        tokens: None if only keys open the API.
    """

    storage: StorageSettings
    api_keys: Mapping[str, str] = field(repr=False)
    unresolved_keys: tuple[str, ...]
    tokens: TokenSettings | None

    intake_span_us: Annotated[int, Setting("INTAKE_SPAN", "P1D", read_span)]
    """How much time one intake table covers; divides a day."""

    write_deadline_us: Annotated[int, Setting("WRITE_DEADLINE", "PT20S", between(SECOND, 5 * MINUTE))]
    """A row that is stored later than this after its arrival does not count."""

    join_grace_us: Annotated[int, Setting("JOIN_GRACE", "PT60S", durations.parse)]
    """How long the join waits beyond the reward wait time; longer than the write deadline, at most an hour."""

    max_reward_wait_us: Annotated[int, Setting("MAX_REWARD_WAIT_TIME", "P30D", between(SECOND, 60 * DAY))]
    """The longest reward wait time that can be set."""

    train_schedule: Annotated[str, Setting("TRAIN_SCHEDULE", "0 * * * * *", read_schedule)]
    """When the training timer fires, in NCRONTAB."""

    shards: Annotated[int, Setting("SHARDS", "4", read_shards)]
    """Number of shards of a loop; one that exists changes to it after a while."""

    strict_rewards: Annotated[bool, Setting("STRICT_REWARDS", "false", read_flag)]
    """Whether a reward outside [-1, 1] is refused."""

    rate_limit: Annotated[int, Setting("RATE_LIMIT", "0", read_rate)]
    """How many calls a second one key may make of one loop, on each instance; 0 for no limit."""

    trusted_signers: Annotated[tuple[str, ...], Setting("TRUSTED_MODEL_SIGNERS", "", read_fingerprints)]
    """Fingerprints of the certificates whose models are imported; if empty, everyone's are."""


def declarations() -> dict[str, Setting]:
    """The settings that are declared with a field of `Settings`, by the field's name."""
    hints = get_type_hints(Settings, include_extras=True)
    return {name: get_args(hint)[1] for name, hint in hints.items() if get_origin(hint) is Annotated}


_TENANT = Setting("AUTH_TENANT", "", read_tenant)
_AUTHORITY = Setting("AUTH_AUTHORITY", "https://login.microsoftonline.com", read_authority)
_PAGE_CLIENT_ID = Setting("AUTH_PAGE_CLIENT_ID", "", read_client)


_chosen: list[Settings] = []
"""Settings that `use` puts in place of those of the environment; the last entry counts."""


def settings() -> Settings:
    """Give the settings of this process, which are read from the environment once, or those that `use` put in place.

    Raises:
        InvalidSetting: A setting is missing or makes no sense.
    """
    return _chosen[-1] if _chosen else _of_environment()


@contextmanager
def use(chosen: Settings) -> Iterator[None]:
    """Let this process work with other settings for a while, such as those of another storage account."""
    _chosen.append(chosen)
    try:
        yield
    finally:
        _chosen.remove(chosen)


@cache
def _of_environment() -> Settings:
    return read(os.environ)


def child_environment() -> dict[str, str]:
    """What a process of ours needs of the environment; none of it holds a secret.

    Packages may be found by the module search path alone, so the path is handed on.
    """
    search = (str(Path(__file__).parents[1]), *(str(Path(entry).absolute()) for entry in sys.path))
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(search))}


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings from variables such as those of the environment; an empty one counts as absent.

    Raises:
        InvalidSetting: One is missing or makes no sense.
    """
    keys = {name: environ.get(name, "").strip() for name in _KEYS}
    settings = Settings(
        storage=_storage(environ),
        api_keys={name: key for name, key in keys.items() if key and not _is_reference(key)},
        unresolved_keys=tuple(name for name, key in keys.items() if _is_reference(key)),
        tokens=_tokens(environ),
        **{name: _read(environ, setting) for name, setting in declarations().items()},
    )
    _check_grace(settings)
    return settings


def _check_grace(settings: Settings) -> None:
    if not settings.write_deadline_us < settings.join_grace_us <= HOUR:
        name = declarations()["join_grace_us"].name
        raise InvalidSetting(name, "must be longer than WRITE_DEADLINE and at most PT1H")


def _text(environ: Mapping[str, str], name: str, default: str = "") -> str:
    text = environ.get(name, "").strip()
    if _is_reference(text):
        raise InvalidSetting(name, f"{NOT_RESOLVED}; {TO_RESOLVE}")
    return text or default


def _is_reference(text: str) -> bool:
    """Whether the platform did not resolve a Key Vault reference; anyone can guess the text of a reference."""
    return text.lower().startswith(_REFERENCE)


def _read(environ: Mapping[str, str], setting: Setting) -> Any:
    text = _text(environ, setting.name, setting.default)
    try:
        return setting.read(text)
    except ValueError as error:
        raise InvalidSetting(setting.name, str(error)) from error


def _storage(environ: Mapping[str, str]) -> StorageSettings:
    if connection := _text(environ, _STORAGE):
        return StorageSettings(folder=connection) if Path(connection).is_absolute() else StorageSettings(connection)
    storage = StorageSettings(
        account_name=_text(environ, f"{_STORAGE}__accountName"),
        blob_uri=_text(environ, f"{_STORAGE}__blobServiceUri"),
        queue_uri=_text(environ, f"{_STORAGE}__queueServiceUri"),
        table_uri=_text(environ, f"{_STORAGE}__tableServiceUri"),
        credential=_text(environ, f"{_STORAGE}__credential"),
        client_id=_text(environ, f"{_STORAGE}__clientId"),
    )
    if not storage.account_name and not (storage.blob_uri and storage.table_uri and storage.queue_uri):
        raise InvalidSetting(
            _STORAGE,
            "set it to the storage account's connection string, or, to sign in with an identity, set "
            f"{_STORAGE}__accountName, or {_STORAGE}__blobServiceUri, {_STORAGE}__tableServiceUri and "
            f"{_STORAGE}__queueServiceUri",
        )
    if storage.credential.lower() not in ("", "managedidentity"):
        raise InvalidSetting(f"{_STORAGE}__credential", "the only kind known is managedidentity; or leave it out")
    return storage


def _tokens(environ: Mapping[str, str]) -> TokenSettings | None:
    tenant = _read(environ, _TENANT)
    audience = _text(environ, "AUTH_AUDIENCE")
    authority, page_client_id = _read(environ, _AUTHORITY), _read(environ, _PAGE_CLIENT_ID)
    if bool(tenant) != bool(audience):
        missing, there = ("AUTH_AUDIENCE", "AUTH_TENANT") if tenant else ("AUTH_TENANT", "AUTH_AUDIENCE")
        raise InvalidSetting(missing, f"bearer tokens need it beside {there}; set both or none of the two")
    if page_client_id and not tenant:
        raise InvalidSetting(
            _TENANT.name, f"the page signs people in by it and AUTH_AUDIENCE; or leave out {_PAGE_CLIENT_ID.name}"
        )
    return TokenSettings(tenant, audience.rstrip("/"), authority, page_client_id) if tenant else None
