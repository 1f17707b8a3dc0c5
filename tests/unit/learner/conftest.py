"""Models that have learned something, made once."""

import pytest

from tests.unit.learner.lines import GREEDY, event_lines, train_model


@pytest.fixture(scope="session")
def greedy(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A greedy model that has learned the small world."""
    return train_model(tmp_path_factory.mktemp("greedy"), event_lines(500), GREEDY)[0]


@pytest.fixture(scope="session")
def softmax(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model whose probabilities show every difference in scores; small, so that every feature has a weight."""
    arguments = "--cb_explore_adf --softmax --lambda 3 -q :: -b 10"
    return train_model(tmp_path_factory.mktemp("softmax"), event_lines(500), arguments)[0]
