"""The folder that keeps what `up` must find again: the loops' data and the API key. It is for its user alone."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from localhost import private_files
from localhost.certificate import CERTIFICATE_FILES
from localhost.failures import StartFailure
from localhost.setup.places import PLACES

KEY_VARIABLE = "RANKLOOP_KEY"
_OWN = (
    frozenset({"azurite", "benchmarks", "host.json", "key", "page.html", "storage", "up.lock", "welcome.json"})
    | CERTIFICATE_FILES
)
"""What commands of this machine put there."""


def make_private(data: Path) -> str:
    """Make the folder, or close it to other users of this machine; gives a sentence if they could look into it.

    Raises:
        StartFailure: They can, and it cannot be closed, or holds more than a loop, which may be meant for others.
    """
    if data.exists() and private_files.is_open(data):
        others = sorted(path.name for path in data.iterdir() if path.name not in _OWN)
        if others:
            raise StartFailure(
                f"Other users of this machine can look into {data}, which holds {others[0]}.",
                "Choose a folder that holds nothing but the loop by --data, or close this one with chmod 700.",
            )
    was_open = private_files.make_folder(data)
    return f"Other users of this machine could look into {data}. It is for you alone now." if was_open else ""


def azurite_folder(data: Path) -> Path:
    """Give the folder in which earlier versions had Azurite's data."""
    return data / "azurite"


def storage_folder(data: Path) -> Path:
    """Give the folder of the loops' data in there.

    Raises:
        StartFailure: The data are those of a version that stored in Azurite.
    """
    folder = data / "storage"
    if azurite_folder(data).exists() and not folder.exists():
        raise StartFailure(
            f"The data in {data} are those of an earlier version of Rankloop, which stored in the emulator Azurite.",
            f"Copy them with `{PLACES.program} up --from-azurite`, which keeps the old ones; or choose another --data.",
        )
    return folder


def choose_key(data: Path, settings: Mapping[str, str]) -> str:
    """Give the API key of the settings, else the one of this folder; empty if there is neither."""
    return settings.get(KEY_VARIABLE) or settings.get("API_KEY_1") or _read_key(data)


def keep_key(data: Path) -> str:
    """Give the API key of this folder, which is there; the first call makes one."""
    if key := _read_key(data):
        return key
    key = secrets.token_hex(16)
    private_files.write(_key_file(data), key + "\n")
    return key


def _read_key(data: Path) -> str:
    path = _key_file(data)
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _key_file(data: Path) -> Path:
    return data / "key"
