"""Names in plain words: what a thing is, and what a function does."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.unit.pages import ROOT

_FOLDERS = ("shared", "localhost", "deployment", "benchmarks", "examples", "train_timer")
_FILES = sorted(
    path for folder in (*_FOLDERS, *(path.name for path in ROOT.glob("*_fn"))) for path in (ROOT / folder).rglob("*.py")
)
_FILES += [ROOT / "dev.py", ROOT / "function_app.py"]
_VAGUE = re.compile(
    r"asked|due|errand|fates?|found|kept|known|looks?|looked|looking|meant|mine|ones?|rooms?|said|seen|stands|taken|tells?"
    r"|told|ways?"
)
"""Words that say nothing of what a name stands for: the element's noun or the field's term does."""
_OF_THE_API = frozenset(
    (
        *("ACTION_TAKEN", "FATE", "Fates", "Kept", "kept", "LookedThrough", "looked_through", "due_at"),
        *("EvaluationNotFound", "EvaluationModelNotFound", "FeatureImportanceNotFound", "LearningSettingsNotFound"),
        *("ImportNotFound", "ImportModelNotFound"),
    )
)
"""Fields, models and error codes that answers, the description and log lines name so."""
_PARTICIPLE = re.compile(
    r"\w+ed|begun|bound|bought|brought|built|caught|chosen|drawn|forgotten|found|given|gone|grown|heard|held|hidden|kept|known"
    r"|laid|led|left|lost|made|meant|met|paid|said|seen|sent|shown|sought|spent|taken|taught|thought|thrown|told|torn|worn"
    r"|written"
)
_NO_PARTICIPLE = re.compile(r"need|\w*feed|seed|speed|proceed|exceed|succeed|embed")


def words(name: str) -> list[str]:
    """The words of a name, in small letters."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", name)]


def defined(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The names that a module defines, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name


@cache
def parsed() -> dict[Path, ast.Module]:
    """All modules."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in _FILES}


def is_participle(name: str) -> bool:
    """Whether a name begins with a participle, as `joined` and `told_by` do."""
    first = words(name)[0] if words(name) else ""
    return _PARTICIPLE.fullmatch(first) is not None and _NO_PARTICIPLE.fullmatch(first) is None


def is_vague(name: str) -> bool:
    """Whether a name has a word that says nothing of what it stands for."""
    return any(_VAGUE.fullmatch(word) for word in words(name))


def functions(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The functions of a module, properties aside, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_property(node):
            yield node.lineno, node.name


def _is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_names_say_what_they_stand_for() -> None:
    """Whoever starts here on Monday reads the name, and knows."""
    names = {path: [(1, path.stem), *defined(tree)] for path, tree in parsed().items()}

    assert [
        f"{path.relative_to(ROOT)}, line {line}: {name}"
        for path, defined_there in names.items()
        for line, name in defined_there
        if is_vague(name) and name not in _OF_THE_API
    ] == []


def test_functions_are_named_by_what_they_do() -> None:
    """A participle names what comes out, and leaves open what happens."""
    assert [
        f"{path.relative_to(ROOT)}, line {line}: {name}()"
        for path, tree in parsed().items()
        for line, name in functions(tree)
        if is_participle(name) and name != "unmatched_path"  # the name of a function of the app, which sorts last
    ] == []
