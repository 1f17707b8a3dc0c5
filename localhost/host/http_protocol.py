"""HTTP/1.1 of the server, with one addition: an offer to go on in HTTP/2 is passed over, as the platform does."""

import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_OFFER = re.compile(rb"\r\nupgrade:(?=[^\r]*h2c)", re.IGNORECASE)


class Http11(HttpToolsProtocol):
    """Keeps the body of requests that offer `Upgrade: h2c`, as Java's own HTTP client does in every first request.

    The parser underneath takes what follows such a header for another protocol, and the body would be lost.
    """

    def data_received(self, data: bytes) -> None:
        """Take what came over the wire."""
        if b"h2c" in data and (self.cycle is None or self.cycle.response_complete):
            head, end, body = data.partition(b"\r\n\r\n")
            data = _OFFER.sub(b"\r\nx-passed-over-upgrade:", head) + end + body
        super().data_received(data)
