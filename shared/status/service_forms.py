"""Answers about the service itself: is it ready, and what is missing."""

from shared.web.json_forms import Wire


class Readiness(Wire):
    """Whether the service is ready, and what is missing otherwise."""

    ready: bool
    missing: list[str]


class ServiceStatus(Wire):
    """The same in the shape that the old service's containers had, and the id of the package that answers."""

    service: str
    api_status: str
    api_status_message: str
    package: str | None
