"""Settings of a host on one machine: its defaults, `local.settings.json`, and the environment, which wins."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from localhost.failures import StartFailure
from localhost.setup.places import PLACES

ROOT = PLACES.root
STORAGE = "AzureWebJobsStorage"
EMULATOR = "UseDevelopmentStorage=true"
LOCAL_DEFAULTS: Mapping[str, str] = {
    "WRITE_DEADLINE": "PT3S",
    "JOIN_GRACE": "PT5S",
    "TRAIN_SCHEDULE": "*/2 * * * * *",
}
ALLOCATOR: Mapping[str, str] = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "8388608",
}
"""Has glibc give memory back that large calls took: without it, each thread and each size of bodies keeps its own."""
_GROUPS = ("AzureWebJobs", "API_KEY_", "AUTH_", "RANKLOOP_")
"""How the names of the product's other settings begin."""


def read_local_settings(root: Path) -> dict[str, str]:
    """Give the `Values` of `local.settings.json`, empty if there is no such file; raises `StartFailure`."""
    path = root / "local.settings.json"
    if not path.exists():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig")).get("Values", {})
        return {str(name): _text(value) for name, value in values.items()}
    except (ValueError, AttributeError) as error:
        raise StartFailure(
            f"{path} cannot be read: {error}", 'It should look like {"Values": {"NAME": "value"}}.'
        ) from error


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"a setting must be text, not {value!r}")


def choose_settings(root: Path) -> dict[str, str]:
    """Give the environment, filled up from `local.settings.json` and then from the local defaults."""
    return {**LOCAL_DEFAULTS, **read_local_settings(root), **os.environ}


def stores_in_data_folder(settings: Mapping[str, str]) -> bool:
    """Say whether no storage was chosen; the tools of Azure Functions write the emulator into `local.settings.json`."""
    if settings.get(STORAGE):
        return settings[STORAGE].strip().rstrip(";") == EMULATOR
    return not any(name.startswith(f"{STORAGE}__") for name in settings)


def clean_environment() -> dict[str, str]:
    """Give the environment without any setting of the product, so that a test knows all of them."""
    from shared.settings import declarations  # here, since the host also serves apps without this project beside it

    settings = (*_GROUPS, *(setting.name for setting in declarations().values()))
    return {name: value for name, value in os.environ.items() if not name.startswith(settings)}
