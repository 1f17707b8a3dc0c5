"""Which file imports which library, and which files are pure; what import-linter cannot check.

A package of `shared/` holds the rules, rows, store and JSON forms of one subject. Which of its files do I/O and which
hold pydantic forms is in their names; all others import the standard library alone, and are given time and randomness.
"""

import ast
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FOLDERS = ["rank_fn", "reward_fn", "train_timer", "export_fn", "configure_fn", "status_fn", "evaluate_fn", "portal_fn"]
_PRODUCT = sorted(path for folder in ["shared", *_FOLDERS] for path in (_ROOT / folder).rglob("*.py"))
_SHARED = sorted((_ROOT / "shared").rglob("*.py"))
_FUNCTIONS = tuple(f"{folder}/*" for folder in _FOLDERS)
_STORES = (
    "shared/storage/*",
    "shared/*_store.py",
    "shared/child_process.py",
    "shared/evaluation/evaluation_queue.py",
    "shared/training/join_queue.py",
    "shared/intake/group_commit.py",
    "shared/intake/intake.py",
    "shared/intake/intake_tables.py",
    "shared/intake/loop_mark.py",
    "shared/intake/newest.py",
    "shared/intake/row_deletion.py",
    "shared/intake/row_stream.py",
    "shared/intake/scan.py",
    "shared/log/customer_container.py",
    "shared/log/customer_process.py",
    "shared/loops/*",
    "shared/models/current_export.py",
    "shared/ranking/hot_path.py",
    "shared/ranking/hot_paths.py",
    "shared/ranking/live_settings.py",
    "shared/ranking/model_in_use.py",
    "shared/ranking/refused_ranks.py",
    "shared/status/waiting.py",
    "shared/training/lease.py",
)
"""Files that speak to storage."""
_SDKS_HERE = ("shared/storage/azure/*",)
"""Files that speak to the SDKs of Azure's storage."""
_LEARNER = ("shared/learner/*", "shared/evaluation/replay/*", "shared/imports/import_pass.py")
"""Files that run Vowpal Wabbit, or read and write what it reads and writes."""
_DISK = ("shared/imports/files/*", "shared/package_id.py")
"""Files that read and write what lies on the disk of the machine."""
_FORMS = ("shared/*_forms.py", "shared/*/forms/*", "shared/*_documents.py", "shared/web/*")
"""Files that hold what travels over HTTP and what is stored as JSON."""
_BODIES = ("shared/*_bodies.py",)
"""Files that read and write bodies of Ranks and rewards without pydantic."""
_LIBRARIES = {
    "arro3": ("shared/imports/files/table_file.py",),
    "azure": (*_SDKS_HERE, "shared/web/*"),
    "certifi": ("shared/log/customer_process.py",),
    "cronsim": ("shared/schedules.py",),
    "cryptography": ("shared/models/signing.py",),
    "httptools": ("shared/storage/azure/http_connection.py",),
    "isal": ("shared/log/ranked_event.py", "shared/log/stored_lines.py"),
    "jwt": ("shared/web/*",),
    "mmh3": ("shared/ranking/sampling.py",),
    "orjson": (
        *_STORES,
        *_LEARNER,
        *_DISK,
        *_FORMS,
        *_BODIES,
        "shared/log/logged_event.py",
        "shared/log/ranked_event.py",
        "shared/metrics/breakdown_tally.py",
        "shared/metrics/growing_step.py",
        "shared/status/traced_choice.py",
    ),
    "pydantic": _FORMS,
    "pydantic_core": _FORMS,
    "urllib3": ("shared/storage/azure/timed_transport.py",),
    "vowpalwabbit": ("shared/learner/vowpal_wabbit.py",),
    **dict.fromkeys(
        ("asyncio", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess", "threading", "time"),
        (
            *(*_STORES, *_LEARNER, *_DISK, "shared/web/*", "shared/settings.py"),
            *("shared/running_call.py", "shared/access/key_check.py"),
        ),
    ),
}
"""What in `shared/` may import what is no rule: other libraries, and the modules that do I/O or read the time."""
_ALLOWED = {
    "azure.functions": ("shared/web/*", *_FUNCTIONS),
    "azure.storage": _SDKS_HERE,
    "azure.data": _SDKS_HERE,
    "azure.identity": _SDKS_HERE,
    "azure.core": _SDKS_HERE,
    "shared.storage.azure": ("shared/storage/azure/*", "shared/storage/this_storage.py"),
    "shared.storage.embedded": ("shared/storage/embedded/*", "shared/storage/this_storage.py"),
    "sqlite3": ("shared/storage/embedded/*",),
    "httptools": ("shared/storage/azure/http_connection.py",),
    "pydantic": _FORMS,
    "pydantic_core": _FORMS,
    "vowpalwabbit": ("shared/learner/vowpal_wabbit.py",),
    "os.environ": ("shared/settings.py",),
    "os.getenv": ("shared/settings.py",),
}
"""What in the product may import what speaks to a service, and who reads the environment."""

_SDKS = ("azure.core", "azure.data", "azure.identity", "azure.storage")
_SDK_IMPORTER = "shared/storage/azure/azure_sdk.py"
"""Imports them for all others."""


@cache
def list_imports(path: Path) -> set[str]:
    """Modules that a file imports, and whether it names `os.environ`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    names |= {node.module or "" for node in froms}
    names |= {f"{node.module}.{alias.name}" for node in froms for alias in node.names}
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return names | {ast.unparse(node) for node in attributes if ast.unparse(node) in ("os.environ", "os.getenv")}


def imports(files: list[Path]) -> Iterator[tuple[str, str]]:
    """All that files import, each with the place of the file."""
    return ((path.relative_to(_ROOT).as_posix(), name) for path in files for name in sorted(list_imports(path)))


def is_like(place: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path follows one of the patterns."""
    return any(fnmatch(place, pattern) for pattern in patterns)


def test_a_file_imports_only_what_it_may() -> None:
    """The one place that speaks to a service can then be found, and changed, in a minute."""
    assert [
        f"{place} imports {name}"
        for place, name in imports(_PRODUCT)
        for library, patterns in _ALLOWED.items()
        if (name == library or name.startswith(f"{library}.")) and not is_like(place, patterns)
    ] == []


def test_all_but_stores_forms_and_the_learner_is_pure() -> None:
    """Rules are given time, randomness and what was read, so that they can be tested as what they are: functions."""
    libraries = {(place, name.split(".")[0]) for place, name in imports(_SHARED)}

    assert [
        f"{place} imports {name}"
        for place, name in sorted(libraries)
        if name != "shared"
        and (name in _LIBRARIES or name not in sys.stdlib_module_names)
        and not is_like(place, _LIBRARIES.get(name, ()))
    ] == []


def test_nobody_imports_a_part_of_the_sdks_by_itself() -> None:
    """Threads that begin with different parts of `azure.core` find them half imported."""
    files = [*_PRODUCT, *(_ROOT / "localhost" / "host").rglob("*.py")]

    assert [
        f"{place} imports {module}"
        for path in files
        if (place := path.relative_to(_ROOT).as_posix()) != _SDK_IMPORTER
        for module in _first_imports(ast.parse(path.read_text(encoding="utf-8")))
        if module.startswith(_SDKS)
    ] == []


def _first_imports(node: ast.AST) -> Iterator[str]:
    """What a file imports where nothing of it is imported before: not for types, nor after `azure.core`."""
    is_whole = False
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            is_whole |= any(alias.name == "azure.core" for alias in child.names)
            yield from (alias.name for alias in child.names if alias.name != "azure.core")
        elif isinstance(child, ast.ImportFrom) and not is_whole:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from _first_imports(child)


@pytest.mark.parametrize("pattern", sorted({*_STORES, *_FORMS, *_BODIES, *_LEARNER}))
def test_every_exception_is_of_a_file_that_exists(pattern: str) -> None:
    """A pattern that no file follows any more would let the next one through unseen."""
    assert [path for path in _SHARED if fnmatch(path.relative_to(_ROOT).as_posix(), pattern)]
