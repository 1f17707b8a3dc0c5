"""What the app serves: the operations of all modules, composed with what the process has; each in its frame."""

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from azure.functions import Blueprint, HttpRequest, HttpResponse

from shared.web import callers, urls, versions
from shared.web.endpoint import Handler, endpoint, open_endpoint
from shared.web.errors import UnknownPath
from shared.web.operations import Api, Functions, Operation, OperationDoc, PerVersion
from shared.web.threads import LogReaders
from shared.web.versions import Version

_NAMES = "|".join(re.escape(version.name) for version in versions.VERSIONS)
_PREFIXES_TOO_MANY = re.compile(
    rf"\A(?:personalizer/(?:(?:{_NAMES})/)?)+(?=personalizer/|{Api.OWN.value})", re.IGNORECASE
)
"""Prefixes of the API that an endpoint ends in, before the prefix that the client writes."""


class RefusalCounter(Protocol):
    """What the registry knows of the hot path, which it hands to handlers."""

    def note_refusal(self, error: Exception) -> None:
        """Count a refusal, if it is of a kind that is counted."""


@dataclass(frozen=True)
class ServedOperation:
    """An operation in one version.

    Attributes:
        name: Of its function.
        route: Its path, with parameters in braces.
        handler: What answers, in its frame.
        version: None for what has no versions.
    """

    name: str
    methods: Sequence[str]
    route: str
    handler: Handler
    version: Version | None
    api: Api
    doc: OperationDoc

    @property
    def answer(self) -> Any:
        """The model of the answer in this version."""
        return self._of_version(self.doc.answer)

    @property
    def query(self) -> Any:
        """The model of the query parameters in this version."""
        return self._of_version(self.doc.query)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path of this operation matches, in any letter case, with a group for each parameter."""
        parts = re.split(r"\{(\w+)\}", self.route)
        texts = (f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        return re.compile("".join(texts), re.IGNORECASE)

    def _of_version(self, model: Any) -> Any:
        return model.model(self.version) if isinstance(model, PerVersion) and self.version else model


class Registry:
    """The operations that the app serves.

    Attributes:
        operations: Those that the description lists.
    """

    def __init__(self, hot_path: RefusalCounter, modules: Iterable[Functions]) -> None:
        """Compose what modules declare: each handler is given those of its parameters that it asks for by name."""
        self._hot_path = hot_path
        self._log_readers = LogReaders()
        served = [
            operation for module in modules for declared in module.operations for operation in self._serve(declared)
        ]
        self.operations = [operation for operation in served if operation.api not in (Api.PAGE, Api.ANY_PATH)]
        self._served = served

    def blueprint(self) -> Blueprint:
        """Make the functions for the app."""
        blueprint = Blueprint()  # type: ignore[no-untyped-call]
        for served in self._served:
            route = blueprint.route(route=served.route, methods=list(served.methods))
            blueprint.function_name(served.name)(route(served.handler))
        return blueprint

    async def serve_any_spelling(self, req: HttpRequest) -> HttpResponse:
        """Serve a call whose path has a slash too many, or a prefix too many.

        Such are the calls to an endpoint with a slash at its end, and to one that ends in `/personalizer/v1.0`.

        Raises:
            UnknownPath: There is no such operation.
        """
        path = _PREFIXES_TOO_MANY.sub("", urls.path_of_call(req))
        for served in self.operations:
            if req.method in served.methods and (match := served.pattern.fullmatch(path)):
                return await served.handler(urls.with_route(req, match.groupdict()))
        raise UnknownPath

    def _serve(self, declared: Operation) -> list[ServedOperation]:
        name, handler = declared.handler.__name__, declared.handler
        if declared.api is not Api.PERSONALIZER:
            return [self._frame(declared, name, f"{declared.api.value}{declared.path}", self._bind(handler), None)]
        return [
            self._frame(
                declared,
                f"{name}_{re.sub(r'\W', '_', version.name)}",
                f"{version.prefix}/{declared.path}",
                self._bind(handler, version=version),
                version,
            )
            for version in versions.since(declared.since, declared.until)
        ]

    def _frame(
        self, declared: Operation, name: str, route: str, handler: Handler, version: Version | None
    ) -> ServedOperation:
        note = self._hot_path.note_refusal
        if declared.api in (Api.OPEN, Api.PAGE, Api.ANY_PATH):
            framed = open_endpoint(handler, limit_bytes=declared.limit_bytes, note_refusal=note)
        else:
            framed = endpoint(handler, version=version, limit_bytes=declared.limit_bytes, note_refusal=note)
        return ServedOperation(name, declared.methods, route, framed, version, declared.api, declared.doc)

    def _bind(self, handler: Callable[..., Any], **of_version: Version) -> Handler:
        at_hand = {
            "hot_path": self._hot_path,
            "registry": self,
            "log_readers": self._log_readers,
            **of_version,
        }
        wanted = inspect.signature(handler).parameters
        given = {name: at_hand[name] for name in wanted if name in at_hand}
        if "caller" not in wanted:
            return _name_as(handler, lambda req: handler(req, **given)) if given else handler
        return _name_as(handler, lambda req: handler(req, caller=callers.current(), **given))


def _name_as(handler: Callable[..., Any], call: Handler) -> Handler:
    """Give a call the name and the docstring of the handler that it calls."""
    call.__name__, call.__doc__ = handler.__name__, handler.__doc__
    return call
