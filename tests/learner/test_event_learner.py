"""A learner that goes from event to event, against Vowpal Wabbit's own driver over the same log."""

import random
from itertools import chain
from pathlib import Path
from struct import pack, unpack

import orjson
import pytest

from shared.learner import driver
from shared.learner.event_learner import EventLearner, Prediction, round_numbers
from tests.unit.evaluation.replay.evaluated import lines, slot_lines

REWARD_MODEL = "--cb_adf --rank_all --cb_type mtr -q ::"
POLICIES = [
    "--cb_explore_adf --epsilon 0.1 -q ::",
    "--cb_explore_adf --softmax --lambda 30",
    "--cb_explore_adf --synthcover --epsilon 0.2 --cb_type mtr --clip_p 0.5 -q ::",
    REWARD_MODEL,
]
SLOT_POLICIES = ["--ccb_explore_adf --epsilon 0.2 -q ::", "--ccb_explore_adf --softmax --lambda 30 -q ::"]


def predicted_by_driver(arguments: str, log: list[bytes], folder: Path) -> tuple[list[Prediction], dict[str, object]]:
    """The driver's predictions, by the positions of actions, and its counts; the state is in the folder."""
    file, text = folder / "log", folder / "predictions"
    file.write_bytes(b"".join(line + b"\n" for line in log))
    counts = driver.learn([*arguments.split(), "-p", str(text)], str(file), str(folder / "m"), str(folder / "driven"))
    return [_read(event.split("\n")) for event in text.read_text().split("\n\n")[:-1]], counts


def _models(state: Path, log: Path) -> tuple[bytes, bytes]:
    """The model for Rank, and the state after the log was learned once more."""
    predictor, later = state.with_suffix(".predictor"), state.with_suffix(".later")
    driver.check(str(state), str(predictor))
    driver.learn(["-i", str(state)], str(log), str(state.with_suffix(".m")), str(later))
    return predictor.read_bytes(), later.read_bytes()


def _read(slots: list[str]) -> Prediction:
    numbers = [{int(action): float(number) for action, number in map(_split, slot.split(","))} for slot in slots]
    return [[by_action.get(action, 0.0) for action in range(len(numbers[0]))] for by_action in numbers]


def _split(pair: str) -> tuple[str, str]:
    action, _, number = pair.partition(":")
    return action, number


@pytest.mark.parametrize("arguments", [*POLICIES, *SLOT_POLICIES])
def test_predictions_counts_and_models_are_those_of_the_driver(arguments: str, tmp_path: Path) -> None:
    """To the last digit and the last byte: figures do not depend on how a learner runs, nor does what is learned next.

    In the state itself only the number of passes differs, which plays no part when learning goes on.
    """
    log = slot_lines(300) if arguments.startswith("--ccb") else lines(400, pdrop=True, most_actions=9)
    expected, counts = predicted_by_driver(arguments, log, tmp_path)

    learner = EventLearner(arguments.split(), str(tmp_path / "m2"), str(tmp_path / "state"))
    predictions = [learner.predict(line + b"\n") for line in log]

    assert learner.finish() == counts
    assert predictions == expected
    assert _models(tmp_path / "state", tmp_path / "log") == _models(tmp_path / "driven", tmp_path / "log")
    assert any(len(set(chain.from_iterable(prediction))) > 1 for prediction in predictions)


@pytest.mark.parametrize("offers", [([0, 2], None), ([0, 1], [0, 1]), ([2], None), (None, [1, 0])])
def test_each_slot_has_a_number_for_each_action(offers: tuple[list[int] | None, ...], tmp_path: Path) -> None:
    """Also for those that it is not to show; the numbers of the others sum up to 1."""
    slots = [{"_id": f"s{place}"} | ({"_inc": offer} if offer else {}) for place, offer in enumerate(offers)]
    shown = [(offer or [0, 1, 2])[0] for offer in offers]
    shown[1] = next(action for action in offers[1] or [0, 1, 2] if action != shown[0])
    context = {"_multi": [{"T": {"k": letter}} for letter in "abc"], "_slots": slots}
    outcomes = [{"_label_cost": 0.0, "_id": "s", "_a": [action], "_p": [1.0]} for action in shown]
    learner = EventLearner(SLOT_POLICIES[0].split(), str(tmp_path / "metrics"))

    prediction = learner.predict(orjson.dumps({"c": context, "_outcomes": outcomes}) + b"\n")

    assert [len(numbers) for numbers in prediction] == [3, 3]
    for numbers, offer in zip(prediction, offers, strict=True):
        offered = [number or 0.0 for action, number in enumerate(numbers) if action in (offer or [0, 1, 2])]
        assert sum(offered) == pytest.approx(1, abs=1e-5) == sum(number or 0.0 for number in numbers)


@pytest.mark.parametrize("line", [b"", b"\n", b"{}", b'{"a":1', b'{"a":[1],"c":{"_multi":[]}}'])
def test_what_is_no_event_is_neither_predicted_nor_learned(line: bytes, tmp_path: Path) -> None:
    """The log is out of step then, and whoever reads the predictions notices."""
    learner = EventLearner(POLICIES[0].split(), str(tmp_path / "metrics"))

    assert learner.predict(line) == []
    assert learner.finish()["learned"] == 0


def test_numbers_are_rounded_as_they_are_written() -> None:
    """To six decimals: ties, tiny and large numbers too."""
    rng = random.Random(7)
    ties = [place / 128 for place in range(-300, 300)]
    whole = [float(rng.randrange(-(2**24), 2**24)) * 128 for _ in range(100)]
    single = [_single(rng.uniform(-1, 1) * 10.0 ** rng.randrange(-9, 38)) for _ in range(20_000)]

    for number in (0.0, 1e9, -3e9, *ties, *whole, *single):
        assert round_numbers([number]) == [float(f"{number:.6f}")]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_is_none(number: float) -> None:
    """JSON has no such numbers."""
    assert round_numbers([0.25, number]) == [0.25, None]
    assert orjson.loads(orjson.dumps(round_numbers([number, 0.25]))) == [None, 0.25]


def _single(number: float) -> float:
    """A number with single precision, as Vowpal Wabbit has it."""
    single: float = unpack("f", pack("f", number))[0]
    return single
