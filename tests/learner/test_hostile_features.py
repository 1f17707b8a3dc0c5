"""Whatever clients send as features: VW does not crash, does not obey, and ranks what it will be trained on."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings

from shared.configuration.exploration import Exploration
from shared.learner.arguments import parse
from shared.learner.features import document
from shared.learner.model import Model
from tests.learner.harmless import learn_hostile_lines, rank_hostile_requests
from tests.learner.hostile import Reader
from tests.unit.learner.lines import GREEDY, event, event_lines, line_of, train_model
from tests.unit.learner.test_features import choices, contexts

REQUESTS = 6_000
SOFTMAX = "--cb_explore_adf --softmax --lambda 3 -q :: -b 10"
MIX = [
    GREEDY,
    "--cb_explore_adf --squarecb --epsilon 0.05 -q ::",
    SOFTMAX,
    "--cb_explore_adf --large_action_space --max_actions 5 --marginal ij --cubic ijF",
]


@pytest.mark.parametrize("seed", [1, 2])
def test_no_request_does_harm(seed: int, tmp_path: Path) -> None:
    """In a process of its own, under the C library's checks of the heap: a crash is a red test."""
    for index, arguments in enumerate(MIX):
        train_model(tmp_path, event_lines(300), arguments, str(index))

    number = REQUESTS // 2
    valid, refused = rank_hostile_requests("tests.learner.hostile", tmp_path, seed, number, MIX)

    assert valid + refused == number
    assert valid > 0.6 * number
    assert refused > 0.05 * number
    learn_hostile_lines(tmp_path, seed, valid, MIX)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Reader]:
    """One model twice: as Rank asks it, and as it reads the log."""
    folder = tmp_path_factory.mktemp("both")
    predictor, _ = train_model(folder, _random_lines(300), SOFTMAX)
    return Model.load(predictor, parse(SOFTMAX), Exploration(0.2)), Reader(str(folder / "model.state"))


def _random_lines(number: int) -> list[bytes]:
    rng, lines = random.Random(6), list[bytes]()
    for _ in range(number):
        context, *actions = [{f"x{rng.random()}": rng.random() for _ in range(15)} for _ in range(3)]
        text = document([context], [("a", [actions[0]]), ("b", [actions[1]])])
        lines.append(line_of(text, 2, rng.randrange(2), rng.random()))
    return lines


@given(contexts, choices)
@settings(max_examples=200, deadline=None)
def test_what_is_ranked_is_what_is_logged(
    both: tuple[Model, Reader], context: list[object], actions: list[tuple[str, list[object]]]
) -> None:
    """To the last bit: softmax shows every difference, and in a model this small every feature has a weight."""
    model, log = both
    text = document(context, actions)

    chances = model.probabilities(text, len(actions))

    assert chances == log.probabilities(line_of(text, len(actions)), len(actions))


@pytest.mark.parametrize("algorithm", ["--regcb", "--regcbopt", "--squarecb", "--synthcover", "--bag 3", "--cover 3"])
def test_rank_asks_as_training_does(algorithm: str, tmp_path: Path) -> None:
    """VW's mode for models that learn no more changes what regcb answers, so it is not used there."""
    arguments = f"--cb_explore_adf -q :: --cb_min_cost -1 --cb_max_cost 0 {algorithm}"
    predictor, _ = train_model(tmp_path, event_lines(500), arguments)
    model, log = Model.load(predictor, parse(arguments), Exploration(0.2)), Reader(str(tmp_path / "model.state"))
    rng = random.Random(8)

    for text in [event(rng) for _ in range(300)]:
        assert model.probabilities(text, 4) == log.probabilities(line_of(text, 4), 4)


def test_features_matter_to_that_model(both: tuple[Model, Reader]) -> None:
    """Else the test before would prove nothing."""
    model, _ = both
    rng, answers = random.Random(5), set[float]()
    for _ in range(100):
        answers.add(model.probabilities(document([], [("a", [{f"x{rng.random()}": 1}]), ("b", [{"x": 1}])]), 2)[0])

    assert len(answers) > 80
