"""What is told over HTTP about the service itself."""

from collections.abc import Sequence

import orjson

_SERVICE = "Personalizer"


def readiness(missing: Sequence[str]) -> bytes:
    """Whether the service is ready; what is missing otherwise, in plain words."""
    return orjson.dumps({"ready": not missing, "missing": list(missing)})


def service_status(missing: Sequence[str]) -> bytes:
    """The same in the shape that the old service's containers had."""
    status, message = ("Invalid", " ".join(missing)) if missing else ("Valid", "The service is ready.")
    return orjson.dumps({"service": _SERVICE, "apiStatus": status, "apiStatusMessage": message})
