"""The settings of a deployment: the only place that reads the environment."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from shared import durations
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
        advice: What to do about it; never repeats a secret.
    """

    def __init__(self, name: str, advice: str) -> None:
        super().__init__(f"Setting {name}: {advice}")
        self.name = name
        self.advice = advice


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where the storage account is and how the app signs in: by connection string, or by identity.

    Attributes:
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


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Whose bearer tokens open the API.

    Attributes:
        tenant: The id of the tenant whose people and apps may call.
        audience: For whom a token has to be made out.
        authority: Who signs the tenant's tokens; an address without a slash at its end.
    """

    tenant: str
    audience: str
    authority: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked.

    Attributes:
        api_keys: The keys that open the API; without one only bearer tokens do.
        unresolved_keys: Names of the settings that hold a Key Vault reference in place of a key.
        tokens: None if only keys open the API.
        intake_span_us: How much time one intake table covers; divides a day.
        write_deadline_us: A row stored later than this after its arrival does not count.
        join_grace_us: How long the join waits beyond the reward wait time; longer than the write deadline.
        max_reward_wait_us: The longest reward wait time that can be set.
        train_schedule: When the training timer fires, in NCRONTAB.
        shards: Number of shards of a loop that does not exist yet.
        strict_rewards: Whether a reward outside [-1, 1] is refused.
        trusted_signers: Fingerprints of the certificates whose models are taken in; empty for those of everyone.
    """

    storage: StorageSettings
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    unresolved_keys: tuple[str, ...] = ()
    tokens: TokenSettings | None = None
    intake_span_us: int = DAY
    write_deadline_us: int = 20 * SECOND
    join_grace_us: int = 60 * SECOND
    max_reward_wait_us: int = 30 * DAY
    train_schedule: str = "0 * * * * *"
    shards: int = 4
    strict_rewards: bool = False
    trusted_signers: tuple[str, ...] = ()


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        InvalidSetting: One is missing or makes no sense.
    """
    return read(os.environ)


def child_environment() -> dict[str, str]:
    """What a process of ours needs of the environment; none of it holds a secret."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings from variables such as those of the environment; an empty one counts as absent.

    Raises:
        InvalidSetting: One is missing or makes no sense.
    """
    keys = {name: environ.get(name, "").strip() for name in _KEYS}
    deadline = _read(environ, "WRITE_DEADLINE", "PT20S", _between(SECOND, 5 * MINUTE))
    return Settings(
        storage=_storage(environ),
        api_keys=tuple(key for key in keys.values() if key and not _is_reference(key)),
        unresolved_keys=tuple(name for name, key in keys.items() if _is_reference(key)),
        tokens=_tokens(environ),
        intake_span_us=_read(environ, "INTAKE_SPAN", "P1D", _span),
        write_deadline_us=deadline,
        join_grace_us=_read(environ, "JOIN_GRACE", "PT60S", _longer_than(deadline)),
        max_reward_wait_us=_read(environ, "MAX_REWARD_WAIT_TIME", "P30D", _between(SECOND, 60 * DAY)),
        train_schedule=_read(environ, "TRAIN_SCHEDULE", "0 * * * * *", _schedule),
        shards=_read(environ, "SHARDS", "4", _shards),
        strict_rewards=_read(environ, "STRICT_REWARDS", "false", _flag),
        trusted_signers=_read(environ, "TRUSTED_MODEL_SIGNERS", "", _fingerprints),
    )


def _text(environ: Mapping[str, str], name: str, default: str = "") -> str:
    text = environ.get(name, "").strip()
    if _is_reference(text):
        raise InvalidSetting(name, f"{NOT_RESOLVED}; {TO_RESOLVE}")
    return text or default


def _is_reference(text: str) -> bool:
    """Whether the platform left a Key Vault reference as it stands; anyone can guess what such a text says."""
    return text.lower().startswith(_REFERENCE)


def _read[T](environ: Mapping[str, str], name: str, default: str, reader: Callable[[str], T]) -> T:
    text = _text(environ, name, default)
    try:
        return reader(text)
    except ValueError as error:
        raise InvalidSetting(name, f"{error}; it is {text!r}") from error


def _storage(environ: Mapping[str, str]) -> StorageSettings:
    if connection_string := _text(environ, _STORAGE):
        return StorageSettings(connection_string)
    told = StorageSettings(
        account_name=_text(environ, f"{_STORAGE}__accountName"),
        blob_uri=_text(environ, f"{_STORAGE}__blobServiceUri"),
        queue_uri=_text(environ, f"{_STORAGE}__queueServiceUri"),
        table_uri=_text(environ, f"{_STORAGE}__tableServiceUri"),
        credential=_text(environ, f"{_STORAGE}__credential"),
        client_id=_text(environ, f"{_STORAGE}__clientId"),
    )
    if not told.account_name and not (told.blob_uri and told.table_uri and told.queue_uri):
        raise InvalidSetting(
            _STORAGE,
            "set it to the storage account's connection string, or, to sign in with an identity, set "
            f"{_STORAGE}__accountName, or {_STORAGE}__blobServiceUri, {_STORAGE}__tableServiceUri and "
            f"{_STORAGE}__queueServiceUri",
        )
    if told.credential.lower() not in ("", "managedidentity"):
        raise InvalidSetting(f"{_STORAGE}__credential", "the only kind known is managedidentity; or leave it out")
    return told


def _tokens(environ: Mapping[str, str]) -> TokenSettings | None:
    tenant = _read(environ, "AUTH_TENANT", "", _tenant)
    audience = _text(environ, "AUTH_AUDIENCE")
    authority = _read(environ, "AUTH_AUTHORITY", "https://login.microsoftonline.com", _authority)
    if bool(tenant) != bool(audience):
        missing, there = ("AUTH_AUDIENCE", "AUTH_TENANT") if tenant else ("AUTH_TENANT", "AUTH_AUDIENCE")
        raise InvalidSetting(missing, f"bearer tokens need it beside {there}; set both or none of the two")
    return TokenSettings(tenant, audience.rstrip("/"), authority) if tenant else None


def _tenant(text: str) -> str:
    if not re.fullmatch(r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise ValueError("must be the tenant's id, such as 72f988bf-86f1-41af-91ab-2d7cd011db47, and not its name")
    return text.lower()


def _authority(text: str) -> str:
    if not re.match(r"https://[\w.-]|http://(127\.0\.0\.1|localhost)[:/]", text):
        raise ValueError("must be an address that begins with https://")
    return text.rstrip("/")


def _between(shortest: int, longest: int) -> Callable[[str], int]:
    def reader(text: str) -> int:
        length = durations.parse(text)
        if not shortest <= length <= longest:
            raise ValueError(f"must be from {durations.to_iso(shortest)} to {durations.to_iso(longest)}")
        return length

    return reader


def _span(text: str) -> int:
    length = durations.parse(text)
    if length < MINUTE or length % MINUTE or DAY % length:
        raise ValueError("must be whole minutes that divide a day, such as PT10M, PT1H or P1D")
    return length


def _longer_than(deadline: int) -> Callable[[str], int]:
    def reader(text: str) -> int:
        length = durations.parse(text)
        if not deadline < length <= HOUR:
            raise ValueError(f"must be longer than WRITE_DEADLINE ({durations.to_iso(deadline)}) and at most PT1H")
        return length

    return reader


def _schedule(text: str) -> str:
    if len(text.split()) != 6:
        raise ValueError("must be an NCRONTAB expression of six fields, seconds first, such as 0 * * * * *")
    return text


def _shards(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 100):
        raise ValueError("must be a whole number from 1 to 100")
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _fingerprints(text: str) -> tuple[str, ...]:
    found = tuple(text.replace(":", "").replace(",", " ").replace(";", " ").lower().split())
    if not all(len(one) == 64 and set(one) <= set("0123456789abcdef") for one in found):
        raise ValueError("must be fingerprints of certificates, 64 hexadecimal digits each, with commas between")
    return found
