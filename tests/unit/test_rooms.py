"""Which room imports which part of the Azure SDK, and who reads the environment; what import-linter cannot tell."""

import ast
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FOLDERS = ["rank_fn", "reward_fn", "train_timer", "export_fn", "configure_fn", "status_fn", "evaluate_fn"]
_PRODUCT = sorted(path for folder in ["shared", *_FOLDERS] for path in (_ROOT / folder).rglob("*.py"))
_ALLOWED = {
    "azure.functions": ("shared/web/", *(f"{folder}/" for folder in _FOLDERS)),
    "azure.storage": ("shared/storage/",),
    "azure.data": ("shared/storage/",),
    "azure.identity": ("shared/storage/",),
    "azure.core": ("shared/storage/",),
    "os.environ": ("shared/settings.py",),
}
_PURE = {"time", "random", "secrets", "os", "pathlib", "socket", "threading", "asyncio", "subprocess", "logging"}


def imported(path: Path) -> set[str]:
    """Modules that a file imports, and whether it names `os.environ`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    names |= {node.module or "" for node in froms}
    names |= {f"{node.module}.{alias.name}" for node in froms for alias in node.names}
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return names | {ast.unparse(node) for node in attributes if ast.unparse(node) in ("os.environ", "os.getenv")}


@pytest.mark.parametrize("path", _PRODUCT, ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    """The one place that speaks to a service can then be found, and changed, in a minute."""
    place = path.relative_to(_ROOT).as_posix()

    for name in imported(path):
        for library, rooms in _ALLOWED.items():
            if name == library or name.startswith(f"{library}."):
                assert place.startswith(rooms), f"{place} imports {name}"


@pytest.mark.parametrize("path", sorted((_ROOT / "shared" / "loop").rglob("*.py")), ids=lambda path: path.name)
def test_the_rules_do_no_io_and_read_no_clock(path: Path) -> None:
    """They are given both, so that they can be tested as what they are: functions."""
    assert not {name.split(".")[0] for name in imported(path)} & _PURE
