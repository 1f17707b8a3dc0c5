"""Which file imports which library, and who reads the environment; what import-linter cannot tell."""

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FOLDERS = ["rank_fn", "reward_fn", "train_timer", "export_fn", "configure_fn", "status_fn", "evaluate_fn"]
_PRODUCT = sorted(path for folder in ["shared", *_FOLDERS] for path in (_ROOT / folder).rglob("*.py"))
_FUNCTIONS = tuple(f"{folder}/*" for folder in _FOLDERS)
_STORES = (
    "shared/storage/*",
    "shared/*/*_store.py",
    "shared/*/current_export.py",
    "shared/evaluation/evaluation_queue.py",
    "shared/intake/*",
    "shared/log/customer_copy.py",
    "shared/ranking/hot_path.py",
    "shared/ranking/live_settings.py",
    "shared/ranking/loaded_model.py",
    "shared/status/refused_ranks.py",
    "shared/status/telemetry_token.py",
    "shared/status/waiting.py",
    "shared/training/lease.py",
)
"""Files that speak to storage; what they are for is in their names."""
_FORMS = ("shared/*_forms.py", "shared/*/forms/*", "shared/*_request.py", "shared/*_documents.py", "shared/web/*")
"""Files that hold pydantic models: what travels over HTTP, and what is stored as JSON."""
_ALLOWED = {
    "azure.functions": ("shared/web/*", *_FUNCTIONS),
    "azure.storage": _STORES,
    "azure.data": _STORES,
    "azure.identity": _STORES,
    "azure.core": _STORES,
    "os.environ": ("shared/settings.py",),
}


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
def test_a_file_imports_only_what_it_may(path: Path) -> None:
    """The one place that speaks to a service can then be found, and changed, in a minute."""
    place = path.relative_to(_ROOT).as_posix()

    for name in imported(path):
        for library, patterns in _ALLOWED.items():
            if name == library or name.startswith(f"{library}."):
                assert any(fnmatch(place, pattern) for pattern in patterns), f"{place} imports {name}"
