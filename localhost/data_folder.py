"""The folder that keeps what `up` must find again: the emulator's data and the API key."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

KEY_VARIABLE = "RANKLOOP_KEY"


def azurite_folder(data: Path) -> Path:
    """Give the emulator's own folder in there."""
    return data / "azurite"


def choose_key(data: Path, settings: Mapping[str, str]) -> str:
    """Give the API key of the settings, else the one of this folder; empty if there is neither."""
    return settings.get(KEY_VARIABLE) or settings.get("API_KEY_1") or _read_key(data)


def keep_key(data: Path) -> str:
    """Give the API key of this folder; the first call makes one that only this user can read."""
    if key := _read_key(data):
        return key
    data.mkdir(parents=True, exist_ok=True)
    key = secrets.token_hex(16)
    handle = os.open(_key_file(data), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key


def _read_key(data: Path) -> str:
    path = _key_file(data)
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _key_file(data: Path) -> Path:
    return data / "key"
