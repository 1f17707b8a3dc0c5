"""The frame around a function when the function fails; called as the worker calls it."""

import asyncio
import json
import logging
from typing import Any

import pytest
from azure.functions import HttpRequest, HttpResponse

from shared.web import endpoint as frame
from shared.web.endpoint import open_endpoint
from shared.web.responses import no_content


def request(body: bytes = b"") -> HttpRequest:
    return HttpRequest("POST", "http://localhost/x", headers={}, params={}, route_params={}, body=body)


def read_error(answer: HttpResponse) -> Any:
    return json.loads(answer.get_body())["error"]


async def test_an_unexpected_failure_is_a_500_and_logged_without_what_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The text of an exception may quote the request; its class and its place are enough to find it."""

    @open_endpoint
    async def failing(_: HttpRequest) -> HttpResponse:
        raise RuntimeError("could not read 'Erika Mustermann'")

    with caplog.at_level(logging.DEBUG):
        answer = await failing(request())

    assert answer.status_code == 500
    assert read_error(answer)["code"] == "InternalServerError"
    assert "Erika" not in answer.get_body().decode() + caplog.text
    (record,) = caplog.records
    assert "RuntimeError" in record.message
    assert "test_endpoint.py" in record.message
    assert answer.headers["apim-request-id"] in record.message


async def test_a_call_that_takes_too_long_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that waits gets an answer."""
    monkeypatch.setattr(frame, "_SECONDS", 0.05)

    @open_endpoint
    async def slow(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(10)
        return no_content()

    answer = await slow(request())

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


async def test_a_timeout_inside_a_call_is_no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the frame's own limit is."""

    @open_endpoint
    async def failing(_: HttpRequest) -> HttpResponse:
        raise TimeoutError

    assert (await failing(request())).status_code == 500
