"""Random requests made to do harm, put through gate, models and training; run as a process, since it may crash.

Ends with exit code 0 and prints how many requests were valid and how many refused.
"""

import random
import sys
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson
import vowpalwabbit

from shared.configuration.exploration import Exploration
from shared.learner.arguments import parse
from shared.learner.features import InvalidFeatures, document
from shared.learner.model import Model
from tests.unit.learner.lines import line_of

NAMES = [
    *(
        "_label_cost",
        "_label",
        "_labelIndex",
        "_label_Action",
        "_multi",
        "_slots",
        "_text",
        "_tag",
        "__aid",
        "_skipLearn",
    ),
    *("_inc", "_id", "_a", "_p", "_outcomes", "_original_label_cost", "_slot_id", "_", "__", "_sort", "_aid"),
    *("a", "p", "c", "o", "pdrop", "EventId", "Timestamp", "VWState", "FromUrl", "i", "j", "constant", "id", "label"),
    *("é", "日本", "\x7f", "\x80", "\xff", "😀", "ü_multi", "~", "~é", " ", " _multi", "\0", "\0_tag", "\n", "\t", "|"),
    *("|a", "a|b", ":", "a:1", "::", '"', "\\", "\\u005fmulti", "'", "{", "}", "[", "x y", "a=b", "#", "0", "-1", ""),
    *("k" * 300, "日" * 200, "_" + "x" * 300, "price", "kind", "user", "time", "x" * 64, "y" * 65),
]
NUMBERS = [
    *(
        0,
        1,
        -1,
        2**31,
        2**63,
        2**64,
        10**18,
        -(2**63),
        10**300,
        1e300,
        -1e300,
        1e39,
        3.4e38,
        1e-300,
        5e-324,
        1e-9,
        1e-10,
    ),
    *(0.1, -0.0, 1e6, 1e6 + 1, -1e6 - 1, 0.30000000000000004, 123456789.123456789, 16777217, float("1e-9") / 2),
]
TEXTS = [*NAMES, "morning", "a" * 256, "b" * 257, "c" * 5000, "é" * 256, "true", "null", "1", "NaN", "1e400", "seed=1"]
NUMBERS = [float(number) if abs(number) >= 2**63 else number for number in NUMBERS]
LEAVES = (True, False, None, TEXTS, NUMBERS, random)
SIZES = [*(1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 8, 8, 12), 50]
CHARACTERS = [*range(0xD800), *range(0xE000, 0x11000)]


class Requests:
    """A stream of them."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def next(self) -> tuple[list[Any], list[tuple[str, list[Any]]]]:
        """Context features and actions, as they come out of the JSON parser."""
        self._wicked = self._rng.random() < 0.2  # holds what must be refused
        actions = [self._action(number) for number in range(self._any(SIZES))]
        parsed = orjson.loads(orjson.dumps([self._groups(), actions], option=orjson.OPT_NON_STR_KEYS))
        return parsed[0], [(name, groups) for name, groups in parsed[1]]

    def _any(self, options: Sequence[Any]) -> Any:
        """As `random.choice`, in a third of its time: a request has hundreds of choices."""
        return options[int(self._rng.random() * len(options))]

    def _action(self, number: int) -> tuple[str, list[Any]]:
        name = self._any(TEXTS)[:200] + str(number)
        groups = self._groups() or [{}]
        return name, [None, *groups] if self._rng.random() < 0.1 else groups

    def _groups(self) -> list[Any]:
        if self._rng.random() < 0.005:
            return [self._many()]
        groups: list[Any] = [self._object(1) for _ in range(self._any((0, 1, 1, 2, 3)))]
        if self._wicked and self._rng.random() < 0.2:
            groups.append(self._any((None, "text", 1, [], [{}], True)))
        return groups

    def _many(self) -> dict[str, Any]:
        start = self._any(("f", "é", "_", "|"))
        return {f"{start}{number}": self._leaf() for number in range(self._any((100, 399, 400, 401)))}

    def _object(self, depth: int) -> dict[str, Any]:
        size = self._any((0, 1, 2, 3, 5))
        return {self._name(): self._value(depth) for _ in range(size)}

    def _name(self) -> str:
        if self._rng.random() < 0.3:
            length = self._any((1, 2, 3, 4, 5))
            return "".join(map(chr, self._rng.choices(CHARACTERS, k=length)))
        name = self._any(NAMES)
        return name if name or self._wicked else "empty"

    def _value(self, depth: int) -> Any:
        roll = self._rng.random()
        if roll < 0.3 and depth < 9:
            return self._object(depth + 1)
        if roll < 0.4:
            numbers: list[Any] = self._rng.choices(NUMBERS, k=self._any((0, 1, 3, 30)))
            odd = [*numbers, self._any((None, True, "1", [1], {"a": 1}))]
            return odd if self._wicked and self._rng.random() < 0.5 else numbers
        return self._leaf()

    def _leaf(self) -> Any:
        roll = self._any(LEAVES)
        if roll is TEXTS or roll is NUMBERS:
            return self._any(roll)
        return self._rng.random() if roll is random else roll


class Reader:
    """Predicts from log lines and learns them, as a trainer would."""

    def __init__(self, state: str) -> None:
        self._workspace = vowpalwabbit.Workspace(arg_list=["-i", state, "--dsjson", "--quiet"])

    def probabilities(self, line: bytes, count: int) -> list[float]:
        examples = self._workspace.parse(line.decode())
        try:
            assert len(examples) == count + 1, f"{len(examples)} examples for {count} actions"
            raw = self._workspace.predict(examples)
        finally:
            self._workspace.finish_example(examples)
        chances = [chance if chance > 0 else 0.0 for chance in raw]
        return [chance / sum(chances) for chance in chances]

    def learn(self, line: bytes) -> None:
        examples = self._workspace.parse(line.decode())
        self._workspace.learn(examples)
        self._workspace.finish_example(examples)


def main(folder: Path, seed: int, number: int, arguments: list[str]) -> None:
    """Take `number` requests through everything.

    Args:
        folder: Holds `<index>.state` and `<index>.predictor` for each of the arguments; the lines go there too.
        arguments: With `--large_action_space`, answers depend on earlier predictions, so they are not compared.
    """
    models, learners = [], []
    for index, text in enumerate(arguments):
        models.append(Model.load((folder / f"{index}.predictor").read_bytes(), parse(text), Exploration(0.2)))
        learners.append(Reader(str(folder / f"{index}.state")))
    unchanged = [Reader(str(folder / f"{index}.state")) for index in range(len(arguments))]
    requests, rng, valid = Requests(seed), random.Random(seed), 0
    turns = cycle(zip(arguments, models, unchanged, learners, strict=True))
    with (folder / f"{seed}.json").open("wb") as log:
        for _ in range(number):
            context, actions = requests.next()
            try:
                text = document(context, actions)
            except InvalidFeatures:
                continue
            valid, count = valid + 1, len(actions)
            model_arguments, model, reader, learner = next(turns)
            line = line_of(text, count, rng.randrange(count), rng.choice([0.0, 1.0, -1.0, 1e6]), f"e{valid}")
            assert b"\n" not in line
            chances = model.probabilities(text, count)
            assert len(chances) == count
            assert abs(sum(chances) - 1) < 1e-6, chances
            logged = reader.probabilities(line, count)
            assert chances == logged or "--large_action_space" in model_arguments, "ranked is not what is logged"
            learner.learn(line)
            log.write(line + b"\n")
    sys.stdout.write(f"{valid} {number - valid}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
