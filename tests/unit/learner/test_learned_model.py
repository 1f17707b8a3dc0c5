"""Models in memory."""

import logging
import random
from pathlib import Path

import pytest

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.exploration import Exploration
from shared.learner.arguments import parse
from shared.learner.features import document
from shared.learner.model import Model, UnusableModel
from tests.unit.learner.lines import GREEDY, event, event_lines, slots_lines, train_model

DOCUMENT = event(random.Random(3))


def load(data: bytes, arguments: str = GREEDY, epsilon: float = 0.2, default: float = 0.0) -> Model:
    return Model.load(data, parse(arguments), Exploration(epsilon, default))


def test_a_model_prefers_what_paid(greedy: bytes) -> None:
    """The smallest proof that it has learned: in a world it knows, it knows the best action."""
    model, rng, best = load(greedy), random.Random(4), 0
    for _ in range(100):
        features = event(rng)
        chances = model.probabilities(features, 4)
        best += (features.count(b'"user":"u1"') + chances.index(max(chances))) % 3 == 0

    assert best > 90


@pytest.mark.parametrize("epsilon", [0.0, 0.05, 0.2, 1.0])
def test_exploration_is_set_when_a_model_is_loaded(greedy: bytes, epsilon: float) -> None:
    """A new exploration rate needs no new model."""
    chances = load(greedy, epsilon=epsilon).probabilities(DOCUMENT, 4)

    assert [epsilon / 4] * 3 == pytest.approx(sorted(chances)[:3], abs=1e-6)
    assert sum(chances) == pytest.approx(1, abs=1e-9)


def test_one_action_gets_it_all(greedy: bytes) -> None:
    """There is nothing to explore."""
    assert load(greedy).probabilities(document([], [("a", [{}])]), 1) == [1.0]


@pytest.mark.parametrize("text", [b'{"FromUrl":[', b"", b"[1]", b'{"_multi":[1]}', b'{"_multi":[]}', b"{}"])
def test_a_document_that_cannot_be_read_gets_equal_chances(
    greedy: bytes, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It can't come from the gate, but if it does, the next one must not suffer; and no feature goes into a log."""
    caplog.set_level(logging.DEBUG)
    model = load(greedy)
    before = model.probabilities(DOCUMENT, 4)

    chances = model.probabilities(text, 3)

    assert chances == [1 / 3] * 3
    assert before == model.probabilities(DOCUMENT, 4)
    assert len(text) < 4 or text.decode() not in caplog.text


def test_what_an_unreadable_document_left_behind_is_thrown_away(greedy: bytes) -> None:
    """Each would keep the memory of its examples."""
    model = load(greedy)
    before = model._workspace

    model.probabilities(b'{"FromUrl":[', 3)

    assert model._workspace is not before


def test_another_number_of_actions_gets_equal_chances(greedy: bytes) -> None:
    """Probabilities that may be another document's are worse than none."""
    assert load(greedy).probabilities(DOCUMENT, 5) == [0.2] * 5


def test_answers_that_are_no_distribution_are_made_one(tmp_path: Path) -> None:
    """Regcbopt gives several actions probability 1: their sum is 1 only after it is made so."""
    arguments = "--cb_explore_adf --regcbopt --cb_min_cost -1 --cb_max_cost 0 -q ::"
    model = load(train_model(tmp_path, event_lines(50), arguments)[0], arguments)
    unknown = document([{"new": 1}], [(f"new{number}", [{f"n{number}": 1}]) for number in range(4)])
    assert sum(model._predict(unknown)) > 1.5

    chances = model.probabilities(unknown, 4)

    assert sum(chances) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("answer", [[0.5, float("nan"), -1.0, 0.5], [1, -3, 0, 1]])
def test_impossible_probabilities_count_as_none(
    greedy: bytes, answer: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some exploration algorithms give negative numbers or none at all."""
    monkeypatch.setattr(Model, "_answer", lambda *_: answer)

    assert load(greedy).probabilities(DOCUMENT, 4) == [0.5, 0.0, 0.0, 0.5]


@pytest.mark.parametrize("answer", [[0.0] * 4, [float("nan")] * 4, [float("inf"), 0, 0, 0], [-1.0] * 4])
def test_no_possible_probability_means_equal_chances(
    greedy: bytes, answer: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rank always has an answer."""
    monkeypatch.setattr(Model, "_answer", lambda *_: answer)

    assert load(greedy).probabilities(DOCUMENT, 4) == [0.25] * 4


@pytest.mark.parametrize("default", [0.02, 0.1])
def test_the_first_action_gets_its_share_of_the_exploration(greedy: bytes, default: float) -> None:
    """What is left of the exploration is for all actions alike; which action is the best does not change."""
    plain, mixed = load(greedy, epsilon=0.0).probabilities(DOCUMENT, 4), load(greedy, default=default)

    uniform = (0.2 - default) / 4
    expected = [0.8 * chance + uniform + (default if place == 0 else 0) for place, chance in enumerate(plain)]
    assert mixed.probabilities(DOCUMENT, 4) == pytest.approx(expected, abs=1e-6)
    assert mixed.probabilities(DOCUMENT, 4) == load(greedy, default=default).probabilities(DOCUMENT, 4)


def test_what_has_no_exploration_rate_explores_in_its_own_way(tmp_path: Path) -> None:
    """Then no share of it is known, and none goes to the first action."""
    arguments = "--cb_explore_adf --squarecb -q ::"
    data = train_model(tmp_path, event_lines(50), arguments)[0]

    shared = load(data, arguments, default=0.1).probabilities(DOCUMENT, 4)

    assert shared == load(data, arguments).probabilities(DOCUMENT, 4)


@pytest.mark.parametrize("data", [b"", b"0" * 100, bytes(5000), b"\x08\x00\x00\x009.11.9\x00"])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    """Publishing and serving both need to know."""
    with pytest.raises(UnusableModel):
        load(data)


def test_a_model_for_slots_is_refused(tmp_path: Path) -> None:
    """It would load, and answer another question."""
    several_slots = train_model(tmp_path, slots_lines(20), "--ccb_explore_adf -q ::")[0]

    with pytest.raises(UnusableModel, match="ccb"):
        load(several_slots)


def test_a_model_that_does_not_fit_its_arguments_is_refused(greedy: bytes) -> None:
    """A greedy model cannot explore like squarecb."""
    data = greedy.replace(b"--cb_explore_adf", b"--cb_explore_xyz")

    with pytest.raises(UnusableModel):
        load(data)


@pytest.mark.parametrize(
    "arguments", [GREEDY, INITIAL_ARGUMENTS, "--cb_explore_adf --regcbopt --cb_min_cost -1 --cb_max_cost 0 -q ::"]
)
def test_answering_changes_nothing(tmp_path: Path, arguments: str) -> None:
    """A model that has predicted often answers as on its first day."""
    data, rng = train_model(tmp_path, event_lines(200), arguments)[0], random.Random(2)
    used, texts = load(data, arguments), [event(rng) for _ in range(300)]
    for text in texts:
        used.probabilities(text, 4)
    fresh = load(data, arguments)

    assert [fresh.probabilities(text, 4) for text in texts] == [used.probabilities(text, 4) for text in texts]


def test_a_closed_model_leaves_others_alone(greedy: bytes) -> None:
    """A new model is loaded before the old one is closed."""
    old, new = load(greedy), load(greedy)
    expected = new.probabilities(DOCUMENT, 4)

    old.close()

    assert expected == new.probabilities(DOCUMENT, 4)
