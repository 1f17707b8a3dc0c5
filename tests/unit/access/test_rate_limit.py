"""The limit of calls, against a count of what any two moments have between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access.rate_limit import RateLimit


@given(pauses=st.lists(st.floats(0, 3), max_size=60), rate=st.integers(1, 50))
def test_no_stretch_of_time_has_more_calls_than_the_rate_and_a_burst(pauses: list[float], rate: int) -> None:
    """Whenever they come; and who waits as long as is said is let through."""
    limit, now, taken = RateLimit(), 100.0, list[float]()
    for pause in pauses:
        now += pause
        seconds = limit.take("default", "key app", rate, now)
        if not seconds:
            taken.append(now)
        else:
            assert limit.take("default", "key app", rate, now + seconds + 1e-6) == 0
            now += seconds + 1e-6
            taken.append(now)

    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= max(1, 2 * rate) + (taken[last] - start) * rate + 1


def test_callers_and_loops_do_not_share_a_limit() -> None:
    limit = RateLimit()
    while not limit.take("default", "key app", 1, 1.0):
        continue

    others = [("default", "key other"), ("news", "key app")]
    assert [limit.take(*place, 1, 1.0) for place in others] == [0, 0]
    assert limit.take("default", "key app", 1, 1.0) == pytest.approx(1.0)
