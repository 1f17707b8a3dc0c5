"""A feature importance from the log to the scores, with a learner, on logs of which is known what matters in them."""

import pytest

from benchmarks.studies.importance import MATTERS, SELDOM, score_features

EVENTS = 4000


@pytest.mark.timeout(120)
def test_what_matters_scores_and_what_does_not_scores_next_to_nothing() -> None:
    """Neither ids, nor what is another for each person, nor what is drawn by lot."""
    rows = score_features(EVENTS, seed=0)

    others = {("FromUrl", "hour"), ("person", "id"), ("person", "device"), ("i", "id"), ("j", "color"), ("j", "price")}
    assert {(row.namespace, row.feature) for row in rows[:2]} == MATTERS
    assert {(row.namespace, row.feature) for row in rows[2:]} == others
    assert [row.is_clear for row in rows] == [True, True, *(False for _ in others)]
    assert rows[0].score == 1
    assert rows[1].score > 2 * rows[2].score


@pytest.mark.timeout(120)
def test_where_nothing_matters_nothing_scores() -> None:
    """However the draws fell."""
    assert {row.score for row in score_features(EVENTS, seed=0, often=SELDOM)} == {0.0}
