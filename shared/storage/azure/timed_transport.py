"""The SDKs' transport: notes the time that answers tell, finds answers cut off, keeps writes within a call's time."""

from typing import Any

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from shared import running_call
from shared.running_call import RunningCall
from shared.storage.azure.azure_sdk import AzureError, HttpRequest, RequestsTransport, ServiceResponseError
from shared.storage.azure.http_connection import READS
from shared.storage.azure.storage_clock import StorageClock
from shared.storage.steady_clock import steady_us

_BUSY = 503
"""What storage answers to a request that it did not begin with."""

_WITHOUT_BODY = (204, 304)
_LENGTHS = ("Content-Length", "Transfer-Encoding")


class TimedTransport(RequestsTransport):  # type: ignore[misc]
    """Sends the requests of the SDKs, each try of them.

    All writes to storage but those of the hot path go this way, so a call that is over cannot write anywhere.
    """

    def __init__(self, clock: StorageClock, **options: Any) -> None:
        super().__init__(**options)
        self._clock = clock
        self._limits = {name: options[name] for name in ("connection_timeout", "read_timeout")}

    def open(self) -> None:
        """See `HttpTransport`.

        A request is sent as it is signed: the library below would put a login of a .netrc in place of the signature,
        and looks for that file each time.
        """
        super().open()
        self.session.auth = lambda signed: signed

    def send(self, request: HttpRequest, **options: Any) -> Any:
        """See `HttpTransport`.

        Raises:
            StorageUnavailable: The request would write for a call that is over.
        """
        call = running_call.current()
        if call is None or request.method in READS:
            return self._send(request, **options)
        return self._write(call, request, options)

    def _write(self, call: RunningCall, request: HttpRequest, options: dict[str, Any]) -> Any:
        limits = {**self._limits, **{name: options[name] for name in self._limits if name in options}}
        seconds, may_have_happened = call.begin_write(), True
        try:
            answer = self._send(request, **{**options, **{name: min(limit, seconds) for name, limit in limits.items()}})
            may_have_happened = answer.status_code < 300 or (answer.status_code >= 500 and answer.status_code != _BUSY)
        except AzureError as error:
            may_have_happened = not isinstance(error.inner_exception, ConnectTimeoutError | NewConnectionError)
            raise
        finally:
            call.end_write(may_have_happened=may_have_happened)
        return answer

    def _send(self, request: HttpRequest, **options: Any) -> Any:
        sent_us = steady_us()
        answer = super().send(request, **options)
        self._clock.note_date(answer.headers.get("date"), sent_us, steady_us())
        if _is_cut(request, answer):
            raise ServiceResponseError("the answer ended within its headers")
        return answer


def _is_cut(request: HttpRequest, answer: Any) -> bool:
    """Whether the connection ended within the headers of an answer: the library below takes it for one without a body.

    Source: RFC 9112, 6.3; storage gives the length of every body, or sends it in chunks.
    """
    has_body = request.method != "HEAD" and answer.status_code not in _WITHOUT_BODY
    return has_body and not any(name in answer.headers for name in _LENGTHS)
