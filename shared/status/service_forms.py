"""What is told over HTTP about the service itself."""

from collections.abc import Sequence

import orjson

from shared.web.json_forms import Wire

_SERVICE = "Personalizer"


class Readiness(Wire):
    """Whether the service is ready, and what is missing otherwise."""

    ready: bool
    missing: list[str]


class ServiceStatus(Wire):
    """The same in the shape that the old service's containers had."""

    service: str
    api_status: str
    api_status_message: str


def readiness(missing: Sequence[str]) -> bytes:
    """Whether the service is ready; what is missing otherwise, in plain words."""
    return orjson.dumps({"ready": not missing, "missing": list(missing)})


def service_status(missing: Sequence[str]) -> bytes:
    """The same in the shape that the old service's containers had."""
    status, message = ("Invalid", " ".join(missing)) if missing else ("Valid", "The service is ready.")
    return orjson.dumps({"service": _SERVICE, "apiStatus": status, "apiStatusMessage": message})
