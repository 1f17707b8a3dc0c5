"""Texts of learning arguments that mean the same."""

import pytest

from shared.configuration.learning_arguments import mean_the_same

SENT = "--cb_explore_adf --epsilon 0.35 -l 0.5 -q ::"


@pytest.mark.parametrize("number", ["0.35", "0.349999994", "0.3499999940395355", "+.35", "3.5e-1", "00.350"])
def test_a_number_of_32_bits_means_the_same_however_it_is_written(number: str) -> None:
    """The old service wrote its 32 bits as 64 of them, and its clients write back what they have read."""
    assert mean_the_same(SENT, f"--cb_explore_adf --epsilon {number} -l 0.5 -q ::")
    assert mean_the_same(f"--cb_explore_adf --epsilon={number} -l 0.5 -q ::", SENT)


@pytest.mark.parametrize(
    "other",
    [
        "--cb_explore_adf --epsilon 0.3500001 -l 0.5 -q ::",
        "--cb_explore_adf --epsilon 0.35 -l 0.50000001 -q ::",
        "--cb_explore_adf --epsilon 0.35 -l 0.5",
        "--cb_explore_adf -l 0.5 -q ::",
        "--cb_explore_adf --xepsilon 0.349999994 -l 0.5 -q ::",
    ],
)
def test_all_else_is_another_meaning(other: str) -> None:
    """Only the exploration was written so; of all other words nobody knows better than who sent them."""
    assert not mean_the_same(SENT, other)
