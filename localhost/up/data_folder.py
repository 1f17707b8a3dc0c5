"""The folder that keeps what `up` must find again: the emulator's data and the API key."""

import os
import secrets
from pathlib import Path


def azurite_folder(data: Path) -> Path:
    """Give the emulator's own folder in there."""
    return data / "azurite"


def keep_key(data: Path) -> str:
    """Give the API key of this folder; the first call makes one that only this user can read."""
    path = data / "key"
    if path.exists() and (key := path.read_text(encoding="ascii").strip()):
        return key
    data.mkdir(parents=True, exist_ok=True)
    key = secrets.token_hex(16)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key
