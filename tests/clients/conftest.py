"""The same host as for the tests over HTTP."""

from tests.http.conftest import api, host, second_key

__all__ = ["api", "host", "second_key"]
