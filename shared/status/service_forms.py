"""Answers about the service itself: is it ready, and what is missing."""

from collections.abc import Sequence

from shared.web.json_forms import Wire


class Readiness(Wire):
    """Whether the service is ready, and what is missing otherwise."""

    ready: bool
    missing: list[str]

    @classmethod
    def of(cls, missing: Sequence[str]) -> "Readiness":
        """The answer of a service that lacks what these sentences say; ready without any."""
        return cls(ready=not missing, missing=list(missing))


class ServiceStatus(Wire):
    """The same in the shape that the old service's containers had."""

    service: str
    api_status: str
    api_status_message: str

    @classmethod
    def of(cls, missing: Sequence[str]) -> "ServiceStatus":
        """The answer of a service that lacks what these sentences say; valid without any."""
        status, message = ("Invalid", " ".join(missing)) if missing else ("Valid", "The service is ready.")
        return cls(service="Personalizer", api_status=status, api_status_message=message)
