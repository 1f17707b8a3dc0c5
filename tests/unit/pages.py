"""The project's pages for people, taken apart: code, commands, links, headings."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown file.

    Attributes:
        path: Relative to the project.
    """

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _BLOCK.sub("", self.text)

    @property
    def flat(self) -> str:
        """The text with every stretch of spaces and line breaks as one space."""
        return " ".join(self.text.split())

    @property
    def spans(self) -> list[str]:
        """The pieces of code inside sentences."""
        return _SPAN.findall(self.prose)

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """The names under which links reach its headings."""
        anchors: list[str] = []
        for heading in _HEADING.findall(self.prose):
            name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            anchors.append(f"{name}-{anchors.count(name)}" if name in anchors else name)
        return set(anchors)

    def blocks(self, language: str) -> list[str]:
        """The blocks of code in a language."""
        return [text for _, kind, text in _BLOCK.findall(self.text) if kind == language]

    def commands(self) -> Iterator[list[str]]:
        """The words of each command of a shell."""
        for block in self.blocks("bash"):
            yield from _commands(block)

    def rows(self) -> Iterator[list[str]]:
        """The cells of each row of its tables, without the code's quotes."""
        for line in self.prose.splitlines():
            if line.startswith("| "):
                yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def page(name: str) -> Page:
    """The page with a path."""
    return Page(Path(name), (ROOT / name).read_text(encoding="utf-8"))


def files(*patterns: str) -> list[Path]:
    """The project's files as Git lists them, new files too, relative to the project."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in listed.splitlines() if (ROOT / line).is_file()]


def pages() -> list[Page]:
    """All pages."""
    return [page(str(path)) for path in files("*.md")]


def _commands(block: str) -> Iterator[list[str]]:
    pending = ""
    for line in block.replace("\\\n", " ").splitlines():
        pending += line + "\n"
        try:
            words = shlex.split(pending, comments=True)
        except ValueError:  # a quote that goes on in the next line
            continue
        pending = ""
        if words:
            yield words
    if pending:
        raise ValueError(f"a command without an end: {pending}")
