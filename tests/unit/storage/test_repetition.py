"""What is done again and again in a thread."""

from contextvars import ContextVar
from threading import Event

import pytest

from shared.storage.repetition import Repetition

_CALLER = ContextVar("_CALLER", default="nobody")


def test_a_call_that_fails_is_logged_and_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    """A sign of life that ends would be taken for a death."""
    calls, third = list[str](), Event()

    def call() -> None:
        calls.append(_CALLER.get())
        if len(calls) == 3:
            third.set()
        raise OSError("no")

    _CALLER.set("whoever began it")
    repetition = Repetition(0.001, call)

    assert third.wait(10)
    repetition.end()
    assert set(calls) == {"whoever began it"}
    assert "has failed, and is done again" in caplog.text
