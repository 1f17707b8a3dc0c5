"""Generated Ranks with the cache of actions and without it."""

from benchmarks.action_cache import compare


def test_generated_ranks_have_the_same_answers_and_rows_with_the_cache() -> None:
    """Those of many clients, some of them damaged; `bench action-cache` compares a million."""
    found = [compare(client, 80) for client in range(8)]

    assert [wrong for comparison in found for wrong in comparison.wrong] == []
    assert sum(comparison.cached for comparison in found) > 100
