"""The notebook in `examples/`, run as a reader runs it."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from localhost.environment import ROOT
from tests.dev.test_up import Starter

_NOTEBOOK = ROOT / "examples" / "shop.ipynb"


def test_the_shop_is_better_than_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs against a loop that `up` serves, and the verdict comes."""
    notebook = nbformat.read(_NOTEBOOK, as_version=4)
    starter = Starter(tmp_path / "data")
    serving = starter(TRAIN_SCHEDULE="*/2 * * * * *")
    monkeypatch.setenv("ENDPOINT", f"http://{serving.api.host}:{serving.api.port}")
    monkeypatch.setenv("KEY", serving.api.key or "")

    try:
        NotebookClient(notebook, timeout=240).execute()
    finally:
        serving.end()

    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))
    rounds = [float(line.split()[2]) for line in printed.splitlines() if line.startswith("round ")]
    assert "always tea: 0.19   at random: 0.31   at best: 0.69" in printed
    assert sum(rounds[1:]) / len(rounds[1:]) > 0.35, "more than the default and a random product earn"
    assert "the loop earned 0." in printed
    assert "more per event than always the first action would have (95 % interval " in printed
    assert "sinceChange: +0." in printed


def test_the_notebook_is_committed_without_outputs() -> None:
    """What a reader sees is what their own loop said."""
    cells = nbformat.read(_NOTEBOOK, as_version=4).cells

    assert [cell for cell in cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)] == []
