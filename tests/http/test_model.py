"""The model over HTTP, while there is none, and its reset."""

from tests.http.api import Api

MODEL = "/personalizer/v1.0/model"
NEVER = "0001-01-01T00:00:00+00:00"


def test_a_loop_without_a_model_sends_no_bytes(api: Api) -> None:
    """Twice the same, as a file."""
    first, second = api.get(MODEL), api.get(MODEL)

    assert (first.status, first.body, second.body) == (200, b"", b"")
    assert first.headers["content-type"] == "application/octet-stream"
    assert first.headers["content-disposition"] == "attachment; filename=model.vw; filename*=UTF-8''model.vw"
    assert first.headers["last-modified"].endswith("GMT")


def test_a_loop_without_a_model_tells_the_year_1(api: Api) -> None:
    """The form that clients of the old service saw."""
    answer = api.get(f"{MODEL}/properties")

    assert answer.status == 200
    assert answer.json == {"creationTime": NEVER, "lastModifiedTime": NEVER}


def test_a_reset_is_answered_with_204(api: Api) -> None:
    """Also where there is nothing to forget."""
    answer = api.delete(MODEL)

    assert (answer.status, answer.body) == (204, b"")
    assert api.get(f"{MODEL}/properties").json["creationTime"] == NEVER
