"""The calls of az and azd that a page names: in its blocks of code, in sentences and in tables."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.unit.pages import Page

_INSIDE = re.compile(r"\$\((.*)\)", re.DOTALL)
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a program.

    Attributes:
        words: Its words; the first one is the program.
        whole: Whether it is in a block of code, where nothing that is needed may be left out.
    """

    words: tuple[str, ...]
    whole: bool

    @property
    def plain(self) -> tuple[str, ...]:
        """The words behind the program, up to the first flag."""
        words = self.words[1:]
        return tuple(words[: next((at for at, word in enumerate(words) if word.startswith("-")), len(words))])

    @property
    def flags(self) -> list[str]:
        """Its flags, without their values."""
        return [word.split("=")[0] for word in self.words if re.match(r"--?[A-Za-z]", word)]

    def __str__(self) -> str:
        """As it would be typed."""
        return shlex.join(self.words)


def calls(page: Page, *programs: str) -> Iterator[Call]:
    """The calls of programs that a page names."""
    for block in page.blocks("bash"):
        for words in _commands(block.replace("\\\n", " ")):
            if words[0] in programs:
                yield Call(tuple(words), whole=True)
    for span in page.spans:
        if span.split(" ")[0] in programs and " " in span:
            yield Call(tuple(word for word in shlex.split(span) if word != "…"), whole=False)


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each simple command of a shell's text, those inside `$(…)` too."""
    for line in _logical_lines(text):
        reader = shlex.shlex(line, posix=True, punctuation_chars=True)
        reader.whitespace_split = True
        for words in _split(list(reader)):
            for word in words:
                if (inside := _INSIDE.search(word)) is not None:
                    yield from _commands(inside[1])
            while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in ("export", "$", "do", "then")):
                words = words[1:]
            if words:
                yield words


def _logical_lines(text: str) -> Iterator[str]:
    """Lines, with those together that one pair of quotes spans."""
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        try:
            shlex.split(pending, comments=True)
        except ValueError:
            continue
        yield pending
        pending = ""
    if pending:
        raise ValueError(f"a command without an end: {pending}")


def _split(words: Sequence[str]) -> Iterator[list[str]]:
    """The words between the signs that end a command."""
    simple: list[str] = []
    for word in words:
        if re.fullmatch(r"[();|&]+", word):
            yield simple
            simple = []
        else:
            simple.append(word)
    yield simple
