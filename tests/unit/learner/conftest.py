"""A model that has learned something, made once."""

import pytest

from tests.unit.learner.lines import GREEDY, event_lines, train_model


@pytest.fixture(scope="session")
def greedy(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A greedy model that has learned the small world."""
    return train_model(tmp_path_factory.mktemp("greedy"), event_lines(500), GREEDY)[0]
