"""Refusals over HTTP: the model of their bodies, which `shared.web.refusals` writes."""

from shared.web.json_forms import Wire


class InternalError(Wire):
    """More exactly what was wrong."""

    code: str | None = None
    innererror: "InternalError | None" = None


class PersonalizerError(Wire):
    """What was wrong: a code for programs, a message for people, and the place in the request."""

    code: str
    message: str
    target: str | None = None
    details: "list[PersonalizerError] | None" = None
    inner_error: InternalError | None = None


class ErrorResponse(Wire):
    """The body of every refusal."""

    error: PersonalizerError
