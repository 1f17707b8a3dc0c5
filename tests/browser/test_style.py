"""How the page's modules and styles are written: what Biome, a linter and formatter, finds."""

import re
import subprocess
from collections import defaultdict

from localhost.azurite.node import node
from localhost.environment import ROOT
from portal_fn.files import PAGE

_BIOME = ROOT / "node_modules" / "@biomejs" / "biome" / "bin" / "biome"


def test_biome_finds_nothing() -> None:
    """`node_modules/.bin/biome check --write portal_fn/page` mends what can be mended without thought."""
    command = [node(), str(_BIOME), "ci", "--error-on-warnings", "--colors=off", "portal_fn/page"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_no_space_is_lost_between_two_sentences() -> None:
    """Between a text and an expression on the next line there is none: a template leaves out what has a line break."""
    lost = []
    for path in PAGE.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        lost += [
            f"{path.name}: {found}"
            for found in re.findall(r"^ *[^/*\n]*\w[.!?:,;]\n +\$\{(?!\" |[^\n]*[?(&] ?[`\"] )[^\n]*", text, re.M)
        ]

    assert lost == []


def test_styles_of_one_view_do_not_reach_another() -> None:
    """All styles are loaded at first; what begins with a class begins so in one file."""
    places: dict[str, set[str]] = defaultdict(set)
    for path in (PAGE / "styles").glob("*.css"):
        for selectors in re.findall(r"(?:^|[},])\s*([^{}@]+)\{", path.read_text(encoding="utf-8")):
            for first in re.findall(r"(?:^|,)\s*(\w*\.[\w.-]+)", selectors):
                places[first].add(path.name)

    assert len(places) > 50
    assert {first: files for first, files in places.items() if len(files) > 1} == {}
