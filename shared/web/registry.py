"""What the app serves: the operations of all modules, composed with what the process has; each in its frame."""

import asyncio
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

from azure.functions import Blueprint, HttpRequest, HttpResponse

from shared.access.role import Role
from shared.storage.paths import DEFAULT, begin_in_loop, check_name
from shared.web import callers, urls, versions
from shared.web.api_keys import LoopAccess
from shared.web.call_record import CallCounts, Kind
from shared.web.endpoint import Handler, endpoint, handing_on_endpoint, open_endpoint
from shared.web.errors import UnknownPath
from shared.web.form import Form
from shared.web.operations import Api, Functions, Operation, OperationDoc, PerVersion
from shared.web.threads import CustomerCalls, LogReaders, short_turns
from shared.web.versions import Version

_NAMES = "|".join(re.escape(version.name) for version in versions.VERSIONS)
_PREFIXES_TOO_MANY = re.compile(
    rf"\A(?:personalizer/(?:(?:{_NAMES})/)?)+(?=personalizer/|{Api.OWN.value})", re.IGNORECASE
)
"""Prefixes of the API that an endpoint ends in, before the prefix that the client writes."""


_PAGE = re.compile(r"rankloop(?:/(?P<file>.*))?", re.IGNORECASE)


class HotPaths(LoopAccess, Protocol):
    """What the registry knows of the hot paths of all loops."""

    def here(self) -> Any:
        """Give what serves this loop, which handlers are given."""

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
        role: What a caller needs; None for what is open to everyone.
        changes_documents: As that of `Operation`.
    """

    name: str
    methods: Sequence[str]
    route: str
    handler: Handler
    version: Version | None
    api: Api
    role: Role | None
    doc: OperationDoc
    changes_documents: bool

    @property
    def request(self) -> Any:
        """The model of the body."""
        return self._of_version(self.doc.request)

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
        if isinstance(model, PerVersion) and self.version:
            model = model.model(self.version)
        return model.load() if isinstance(model, Form) else model


type _Match = tuple[ServedOperation, dict[str, str]]
"""An operation whose path a call has, and what the path has as its parameters."""


class _Paths:
    """Operations, to be found by the path of a call."""

    def __init__(self, operations: Sequence[ServedOperation]) -> None:
        self.operations = operations
        self.page = next((operation for operation in operations if operation.api is Api.PAGE), None)
        self.described = [operation for operation in operations if operation.api not in (Api.PAGE, Api.ANY_PATH)]
        self._without_parameters = {
            (method, operation.route.lower()): operation
            for operation in self.described
            if "{" not in operation.route
            for method in operation.methods
        }

    def find(self, method: str, path: str) -> _Match | None:
        """Give what a call matches; None if no operation has such a path."""
        if (served := self._without_parameters.get((method, path.lower()))) is not None:
            return served, {}
        for served in self.described:
            if method in served.methods and (match := served.pattern.fullmatch(path)):
                return served, match.groupdict()
        if self.page and method in self.page.methods and (match := _PAGE.fullmatch(path)):
            return self.page, match.groupdict("")
        return None


class Registry:
    """The operations that the app serves: those of the hot path from its start, all others from the first call of one.

    The others have no functions of their own: their calls come as those of any path.
    """

    def __init__(
        self,
        hot_paths: HotPaths,
        modules: Iterable[Functions],
        import_others: Callable[[], Iterable[Functions]] = lambda: (),
    ) -> None:
        """Compose what modules declare: each handler is given those of its parameters that it asks for by name.

        Args:
            import_others: Imports the modules that no cold start waits for.
        """
        self._hot_paths = hot_paths
        self._log_readers = LogReaders()
        self._customer_calls = CustomerCalls()
        self._call_counts = CallCounts()
        self._at_start = self._compose(modules)
        self._import_others = import_others

    @property
    def operations(self) -> list[ServedOperation]:
        """Those that the description lists."""
        return [*self._at_start.described, *self._others.described]

    def blueprint(self) -> Blueprint:
        """Make the functions for the app; those of GET also take HEAD, whose answers the host sends without a body."""
        blueprint = Blueprint()  # type: ignore[no-untyped-call]
        for served in self._at_start.operations:
            methods = [*served.methods, *(["HEAD"] if "GET" in served.methods else [])]
            route = blueprint.route(route=served.route, methods=methods)
            blueprint.function_name(served.name)(route(_in_default(served.handler)))
        return blueprint

    async def serve_path(self, req: HttpRequest) -> HttpResponse:
        """Serve a call of an operation without a function, of another loop, or with a slash or a prefix too many.

        A path of another loop begins with its name. With a slash or a prefix too many come calls to endpoints such as
        `…/news/` or `…/personalizer/v1.0`. Of what is open to everyone, only the page is about a loop.

        Raises:
            UnknownPath: There is no such operation.
        """
        loop, path = _split_loop(urls.path_of_call(req))
        path = _PREFIXES_TOO_MANY.sub("", path)
        method = "GET" if req.method == "HEAD" else req.method
        if match := self._at_start.find(method, path):
            return await _serve_in(loop, match, req)
        with short_turns():  # these work in threads
            return await _serve_in(loop, await self._find_other(method, path), req)

    async def _find_other(self, method: str, path: str) -> _Match:
        if "_others" not in vars(self):
            await asyncio.to_thread(lambda: self._others)  # meanwhile, Ranks are answered
        if (match := self._others.find(method, path)) is None:
            raise UnknownPath
        return match

    @cached_property
    def _others(self) -> _Paths:
        return self._compose(self._import_others())

    def _compose(self, modules: Iterable[Functions]) -> _Paths:
        return _Paths(
            [operation for module in modules for declared in module.operations for operation in self._serve(declared)]
        )

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
        role, note, limit_bytes = declared.role, self._hot_paths.note_refusal, declared.limit_bytes
        count = partial(self._call_counts.count, _kind(declared))
        if declared.api is Api.ANY_PATH:
            framed = handing_on_endpoint(handler, note_refusal=note, count_answer=count)
        elif role is None:
            framed = open_endpoint(handler, limit_bytes=limit_bytes, note_refusal=note)
        else:
            framed = endpoint(
                handler,
                role,
                self._hot_paths,
                version=version,
                limit_bytes=limit_bytes,
                note_refusal=note,
                count_answer=count,
                changes_documents=declared.changes_documents,
            )
        return ServedOperation(
            *(name, declared.methods, route, framed, version, declared.api, role, declared.doc),
            declared.changes_documents,
        )

    def _bind(self, handler: Callable[..., Any], **of_version: Version) -> Handler:
        at_hand = {
            "registry": self,
            "log_readers": self._log_readers,
            "customer_calls": self._customer_calls,
            **of_version,
        }
        of_call: dict[str, Callable[[], Any]] = {
            "hot_path": self._hot_paths.here,
            "caller": callers.current,
            "role": callers.current_role,
        }
        wanted = inspect.signature(handler).parameters
        given = {name: at_hand[name] for name in wanted if name in at_hand}
        late = {name: of_call[name] for name in wanted if name in of_call}
        if not given and not late:
            return handler
        return _name_as(handler, lambda req: handler(req, **given, **{name: find() for name, find in late.items()}))


def _kind(declared: Operation) -> Kind:
    """What calls of an operation count as."""
    if declared.role is not Role.RANK:
        return Kind.OTHER
    if declared.path.endswith("rank"):
        return Kind.RANKS
    return Kind.OTHER if declared.path.startswith("logs/") else Kind.REWARDS


async def _serve_in(loop: str, match: _Match, req: HttpRequest) -> HttpResponse:
    """Serve a call of a loop by the operation that matches its path."""
    served, params = match
    if served.role is None and loop != DEFAULT and served.api is not Api.PAGE:
        raise UnknownPath
    begin_in_loop(loop)
    return await served.handler(urls.with_route(req, params) if params else req)


def _split_loop(path: str) -> tuple[str, str]:
    """Split a path into the name of its loop, in any letter case, and what follows; other paths are of `default`."""
    first, _, rest = path.partition("/")
    try:
        return (check_name(first.lower()), rest) if rest else (DEFAULT, path)
    except ValueError:
        return DEFAULT, path


def _in_default(handler: Handler) -> Handler:
    """Serve the loop `default`."""

    async def serve(req: HttpRequest) -> HttpResponse:
        begin_in_loop(DEFAULT)
        return await handler(req)

    return _name_as(handler, serve)


def _name_as(handler: Callable[..., Any], call: Handler) -> Handler:
    """Give a call the name and the docstring of the handler that it calls."""
    call.__name__, call.__doc__ = handler.__name__, handler.__doc__
    return call
