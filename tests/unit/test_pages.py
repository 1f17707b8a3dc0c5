"""What the pages name exists: commands, options, files, links; and what must be in no file at all."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dev
from localhost.setup.loop_commands import begin_parser
from tests.unit.pages import ROOT, Page, files, page, pages

_PAGES = {str(each.path): each for each in pages()}
_NAMES = sorted(_PAGES)
_LOCK_FILES = ("uv.lock", "package-lock.json")


def test_every_command_and_option_is_documented() -> None:
    """In the README, or on a page."""
    text = "\n".join(markdown.text for markdown in _PAGES.values())
    parser: Any = dev.parser()
    commands = next(action.choices for action in parser._actions if action.choices)
    missing = [name for name in commands if f"dev.py {name}" not in text]
    for command in commands.values():
        options = [option for action in command._actions for option in action.option_strings]
        missing += [option for option in options if option not in ("-h", "--help") and f"{option} " not in text]

    assert missing == []


@pytest.mark.parametrize("name", _NAMES)
def test_every_command_that_a_page_names_exists(name: str) -> None:
    """The parser takes it as it is written; that of the package, where it is the package's."""
    markdown = _PAGES[name]
    calls = [*markdown.commands(), *(span.split() for span in markdown.spans)]
    of_package = [words for words in calls if words and words[0] in ("uvx", "rankloop") and "rankloop" in words]

    for words in calls:
        if "dev.py" in words and (arguments := words[words.index("dev.py") + 1 :]):
            dev.parser().parse_args(arguments)
    for words in of_package:
        if arguments := [word for word in words[words.index("rankloop") + 1 :] if word != "--help"]:
            begin_parser(None)[0].parse_args(arguments)


@pytest.mark.parametrize("name", _NAMES)
def test_every_file_that_a_page_names_exists(name: str) -> None:
    """A path begins with a folder or is a file of the project."""
    tops = {path.parts[0] for path in files() if len(path.parts) > 1}
    markdown = _PAGES[name]
    words = [*markdown.spans, *(word for command in markdown.commands() for word in command)]
    paths = [word for word in words if re.fullmatch(r"[\w.-]+/[\w./-]*", word) and word.split("/")[0] in tops]

    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", _NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    """Files and headings; addresses elsewhere are not followed."""
    markdown = _PAGES[name]
    broken = [link for link in markdown.links if "://" not in link and not _leads_somewhere(markdown, link)]

    assert broken == []


def _leads_somewhere(markdown: Page, link: str) -> bool:
    target, _, anchor = link.partition("#")
    path = (ROOT / markdown.path.parent / target).resolve() if target else ROOT / markdown.path
    if not path.exists():
        return False
    return not anchor or anchor in page(str(path.relative_to(ROOT))).anchors


def test_no_file_names_this_machine() -> None:
    """Neither the folder of the project nor the user's own."""
    here = [f"{path}/" for path in (ROOT, Path.home()) if len(path.parts) > 1]
    leaks = [f"{path}: {place}" for path, text in _texts() for place in here if place in text]

    assert leaks == []


def test_no_file_names_a_package_registry() -> None:
    """Lock files name the public registries, and no mirror."""
    public = ("pypi.org", "pythonhosted.org", "registry.npmjs.org", "npmjs.com/-/")
    me = Path(__file__).relative_to(ROOT)
    leaks = [f"{path}: {host}" for path, text in _texts() for host in public if host in text and path != me]
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    mirrors = set(re.findall(r'(?:url|registry) = "https?://([^/"]+)', lock)) - {"pypi.org", "files.pythonhosted.org"}
    resolved = re.findall(r'"resolved": "https?://([^/"]+)', (ROOT / "package-lock.json").read_text(encoding="utf-8"))

    assert leaks == []
    assert set() == mirrors
    assert set() == set(resolved) - {"registry.npmjs.org"}


def _texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        if path.name not in _LOCK_FILES:
            try:
                yield path, (ROOT / path).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
