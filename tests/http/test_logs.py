"""The log over HTTP, while nothing is joined, and its deletion."""

import pytest

from tests.http.api import Api

LOGS = "/personalizer/v1.0/logs"


def test_a_loop_without_log_tells_an_empty_object(api: Api) -> None:
    """The year 1 of the oldest service broke clients."""
    answer = api.get(f"{LOGS}/properties")

    assert answer.status == 200
    assert answer.json == {}


def test_deleting_the_log_is_answered_with_204(api: Api) -> None:
    """Also where there is none; afterwards there is still none."""
    answer = api.delete(LOGS)

    assert (answer.status, answer.body) == (204, b"")
    assert api.get(f"{LOGS}/properties").json == {}


@pytest.mark.parametrize("query", ["", "?from=2026-11-25", "?from=20261125T000000Z&to=2026-11-26T00:00:00%2B01:00"])
def test_an_export_without_log_is_empty(api: Api, query: str) -> None:
    """No lines, and no next page."""
    answer = api.get(f"/rankloop/v1/logs{query}", {"Accept-Encoding": "gzip"})

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?from=yesterday", "from"),
        ("?to=2026-13-01", "to"),
        ("?from=2026-11-26&to=2026-11-25", "to"),
        ("?from=99999-01-01", "from"),
    ],
)
def test_a_range_that_is_none_is_refused(api: Api, query: str, place: str) -> None:
    """With the end that is wrong."""
    answer = api.get(f"/rankloop/v1/logs{query}")

    assert answer.status == 400
    assert (answer.error["code"], answer.error["target"]) == ("InvalidExportLogsRequest", place)
