"""Answers over HTTP."""

from shared.web.responses import no_content, warn


def test_a_warning_is_a_header_whatever_its_text() -> None:
    """It may name what a caller has named: a line break would begin another header, and others end the quotation."""
    answer = no_content()

    warn(answer, 'Applied "\u00fc\r\nX: y\\".')

    assert answer.headers["Warning"] == '299 - "Applied \\"???X: y\\\\\\"."'
