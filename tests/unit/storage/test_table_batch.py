"""Batches: what the answers of the table service mean, whole, broken, and with someone to blame."""

import pytest

from shared.storage.azure import table_batch
from shared.storage.storage_answers import OutcomeUnknown, RowExists, RowRefused, TableMissing
from shared.times import from_iso

STAMP = "2026-11-25T12:50:02.1234567Z"
HEAD = "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
_ETAG = STAMP.replace(":", "%3A")
DONE = f"{HEAD}HTTP/1.1 204 No Content\r\nPreference-Applied: x\r\nETag: W/\"datetime'{_ETAG}'\"\r\n\r\n\r\n"


def answer(*parts: str) -> bytes:
    """A whole answer with these parts."""
    opening = "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n"
    return (opening + "".join(parts) + "--changesetresponse_1--\r\n--batchresponse_1--\r\n").encode()


def failure(status: int, code: str, message: str) -> bytes:
    """An answer whose only part blames a row."""
    error = f'{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"{message}\\nRequestId:1"}}}}}}'
    return answer(f"{HEAD}HTTP/1.1 {status} Bad\r\nContent-Type: application/json\r\n\r\n{error}\r\n")


def test_every_row_has_its_time() -> None:
    """Storage counts in 100 ns; times are cut, not rounded, as the SDK does when the join reads them."""
    assert table_batch.decode(answer(DONE, DONE, DONE), 3) == [from_iso("2026-11-25T12:50:02.123456Z")] * 3


def test_header_names_may_be_written_small() -> None:
    assert len(table_batch.decode(answer(DONE.replace("ETag", "etag")), 1)) == 1


@pytest.mark.parametrize(
    "broken", [b"", answer(), answer(DONE), answer(DONE, DONE, DONE), answer(DONE, DONE)[:300], answer(DONE, HEAD)]
)
def test_an_answer_that_is_not_whole_tells_nothing(broken: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        table_batch.decode(broken, 2)


def test_an_answer_with_an_unreadable_time_tells_nothing() -> None:
    with pytest.raises(OutcomeUnknown):
        table_batch.decode(answer(DONE.replace(_ETAG, "soon")), 1)


def test_a_conflict_names_its_row() -> None:
    with pytest.raises(RowExists) as refused:
        table_batch.decode(failure(409, "EntityAlreadyExists", "17:The specified entity already exists."), 100)

    assert refused.value.index == 17


def test_another_refusal_names_its_row_and_reason() -> None:
    with pytest.raises(RowRefused) as refused:
        table_batch.decode(failure(400, "PropertyValueTooLarge", "3:The property value exceeds the limit."), 100)

    assert (refused.value.index, refused.value.code) == (3, "PropertyValueTooLarge")


def test_a_missing_table_is_nobodys_fault() -> None:
    with pytest.raises(TableMissing):
        table_batch.decode(failure(404, "TableNotFound", "0:The table specified does not exist."), 100)


@pytest.mark.parametrize("message", ["The request is invalid.", "100:Beyond the last row."])
def test_a_refusal_that_names_no_row_is_tried_row_by_row(message: str) -> None:
    """Blaming the first one would refuse a good row and write the others without end."""
    with pytest.raises(OutcomeUnknown):
        table_batch.decode(failure(400, "InvalidInput", message), 100)


def test_a_refusal_of_one_row_needs_no_index() -> None:
    exists = b'{"odata.error":{"code":"EntityAlreadyExists"}}'

    assert isinstance(table_batch.refusal(409, exists, 1), RowExists)
    assert isinstance(table_batch.refusal(400, b"<html>", 1), RowRefused)


def test_trouble_inside_the_answer_tells_nothing() -> None:
    with pytest.raises(OutcomeUnknown):
        table_batch.decode(failure(503, "ServerBusy", "0:The server is busy."), 2)
