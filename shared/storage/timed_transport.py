"""The SDKs' transport, which notes what time storage's answers tell."""

from typing import Any

from azure.core.pipeline.transport import HttpRequest, RequestsTransport

from shared.storage.steady_clock import steady_us
from shared.storage.storage_clock import StorageClock


class TimedTransport(RequestsTransport):  # type: ignore[misc]
    """Sends the requests of the SDKs, each try of them, and notes the time of each answer."""

    def __init__(self, clock: StorageClock, **options: Any) -> None:
        super().__init__(**options)
        self._clock = clock

    def send(self, request: HttpRequest, **options: Any) -> Any:
        """See `HttpTransport`."""
        sent_us = steady_us()
        answer = super().send(request, **options)
        self._clock.note_date(answer.headers.get("date"), sent_us, steady_us())
        return answer
