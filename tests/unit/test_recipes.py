"""The files of the recipes: each can be copied alone, and is run by any Python that the README asks for."""

import ast
import sys
from pathlib import Path

import pytest

from tests.unit.pages import ROOT, page

_RECIPES = sorted((ROOT / "examples").glob("*.py"))
_SAME = ("make_loop", "wait_until_learned", "call")
"""Functions that all recipes have."""


def test_all_recipes_call_the_loop_in_the_same_way() -> None:
    """Each has the functions itself, so that a reader needs no other file; who changes them changes all."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in _RECIPES]
    bodies = [
        {node.name: ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)} for tree in trees
    ]

    assert len(bodies) == 4
    for name in _SAME:
        assert len({functions[name] for functions in bodies}) == 1, name


@pytest.mark.parametrize("recipe", _RECIPES, ids=lambda path: path.stem)
def test_a_recipe_needs_no_package_and_no_newer_python(recipe: Path) -> None:
    """Python 3.10 and its standard library."""
    tree = ast.parse(recipe.read_text(encoding="utf-8"), feature_version=(3, 10))
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imports |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.split(".")[0] for name in imports} <= sys.stdlib_module_names


@pytest.mark.parametrize("recipe", _RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_on_its_page(recipe: Path) -> None:
    """With a link to the file."""
    assert f"../examples/{recipe.name}" in page("docs/recipes.md").links
