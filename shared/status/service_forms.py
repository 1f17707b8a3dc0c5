"""Answers about the service itself: is it ready, and what is missing."""

from shared.web.json_forms import Wire


class Readiness(Wire):
    """Whether the service is ready, and what is missing otherwise."""

    ready: bool
    missing: list[str]


class ServiceStatus(Wire):
    """The same in the shape that the old service's containers had."""

    service: str
    api_status: str
    api_status_message: str
