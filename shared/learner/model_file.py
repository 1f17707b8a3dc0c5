"""Reads the header of a model file without Vowpal Wabbit, so that no option of an unknown file is obeyed.

A model file holds options, and a workspace that loads the file obeys them, also those that write files or open ports.
"""

import re
import struct
from collections.abc import Iterator

from shared.float32 import shortest_float32
from shared.learner import arguments
from shared.learner.allowed_options import SHORT_NAMES
from shared.learner.arguments import DEFAULT_BITS, InvalidLearningArguments, LearningArguments
from shared.learner.model import UnusableModel

_OLDEST, _NEWEST = (9, 0, 0), (9, 11, 9)
"""Of Vowpal Wabbit: the old service's last models are of 9.1.0, this loop's of the version in use."""
_LONGEST = 64 * 1024
_IMPLIED: dict[str, str | None] = {
    "--cb_adf": None,
    "--cb_sample": None,
    "--csoaa_ldf": "multiline",
    "--csoaa_rank": None,
    "--shared_feature_merger": None,
}
"""Options that Vowpal Wabbit adds by itself."""
_SHORT = {long: short for short, long in SHORT_NAMES.items()}
_LARGEST_SEED = 2**31
_FRACTION = re.compile(r"-?\d{1,10}(\.\d{1,40}(e-?\d{1,2})?|e-?\d{1,2})", re.ASCII)


def read_arguments(data: bytes) -> LearningArguments:
    """Read the arguments that a model was trained with; a file made for predicting has no learning rates.

    Raises:
        UnusableModel: The file is no model, is of another version, or its options are none that this loop takes.
    """
    header = _Header(data)
    version = header.text("version")
    if not _OLDEST <= _numbers(version) <= _NEWEST:
        raise UnusableModel(f"it is of version {version[:20]} of Vowpal Wabbit; 9.0.0 to 9.11.9 are taken")
    header.text("id")
    if header.take(1, "kind") != b"m":
        raise UnusableModel("it is no model file of Vowpal Wabbit")
    header.take(8, "labels")
    bits, *unused = (header.number(name) for name in ("bits", "topics", "ngrams", "skips"))
    if any(unused):
        raise UnusableModel("it uses topics, n-grams or skips, which learning arguments may not have")
    given = header.text("options")
    return _arguments(given.split(), bits)


class _Header:
    """Reads a model file from its beginning."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, length: int, what: str) -> bytes:
        start, self._place = self._place, self._place + length
        if length > _LONGEST or self._place > len(self._data):
            raise UnusableModel(f"it is no model file of Vowpal Wabbit: it ends before its {what}")
        return self._data[start : self._place]

    def number(self, what: str) -> int:
        (number,) = struct.unpack("<I", self.take(4, what))
        return int(number)

    def text(self, what: str) -> str:
        raw = self.take(self.number(what), what)
        if not raw.endswith(b"\0") or not raw.isascii() or b"\0" in raw[:-1]:
            raise UnusableModel(f"it is no model file of Vowpal Wabbit: its {what} is no text")
        return raw[:-1].decode()


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(map(int, parts)) if len(parts) == 3 and all(part.isdigit() and len(part) < 5 for part in parts) else ()


def _arguments(words: list[str], bits: int) -> LearningArguments:
    size = [] if bits == DEFAULT_BITS else ["-b", str(bits)]
    try:
        return arguments.parse(" ".join([*_explicit_options(words), *size]))
    except InvalidLearningArguments as problem:
        raise UnusableModel(f"its option {problem}") from problem


def _explicit_options(words: list[str]) -> Iterator[str]:
    """The options as an owner would write them."""
    rest, implied = iter(words), _IMPLIED | ({"--cb_explore_adf": None} if "--ccb_explore_adf" in words else {})
    for word in rest:
        if word in implied:
            if (expected := implied[word]) is not None and next(rest, None) != expected:
                raise UnusableModel(f"its option {word} must be {expected}")
        elif word == "--random_seed":
            yield from _seed(next(rest, ""))
        else:
            yield _SHORT.get(word, word) if word.startswith("-") else _shortest(word)


def _seed(text: str) -> tuple[str, ...]:
    """Some algorithms keep the state of their randomness as a seed beyond what may be set."""
    if text.isdigit() and _LARGEST_SEED < int(text) < 2**64:
        return ()
    return ("--random_seed", text)


def _shortest(word: str) -> str:
    """A number in the fewest digits that mean the same to Vowpal Wabbit, which keeps 32 bits."""
    return f"{shortest_float32(float(word)):.9g}" if _FRACTION.fullmatch(word) else word
