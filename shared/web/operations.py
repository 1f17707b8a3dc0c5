"""Operations as modules declare them: each is written once, for every version of the API that has it.

Declaring an operation serves nothing yet: `shared.web.registry` composes what the app serves.
"""

import inspect
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from shared.access.role import Role
from shared.web.endpoint import MAX_BODY_BYTES
from shared.web.versions import Version

BINARY = "application/octet-stream"
LINES = "application/x-ndjson"
JSON = "application/json"


class Api(Enum):
    """Which API an operation is of, by the prefix of its path; a version of Personalizer has one of its own."""

    PERSONALIZER = None
    OWN = "rankloop/v1/"
    """The loop's own API, which the old service had no counterpart for."""
    OPEN = ""
    """What everyone may read without a key."""
    PAGE = "rankloop/{*file}"
    """The files of the page; open, and not in the description."""
    ANY_PATH = "{*path}"
    """What no other operation serves; open, and not in the description."""


class PerVersion(NamedTuple):
    """A model of which each version has its own; `model` may give its `Form`."""

    model: Callable[[Version], Any]


class OperationDoc(NamedTuple):
    """What the description says of an operation.

    Attributes:
        request: The model of the body, its `Form`, or a media type such as `application/octet-stream`; None for no
            body. What is imported at the start has forms.
        answer: The same of the answer, if all is well; may be `PerVersion`.
        query: The model of the query parameters, None for none; may be `PerVersion`.
        statuses: Those of the answer.
        refusals: Statuses of refusals, beyond those that every operation has.
    """

    request: Any = None
    answer: Any = None
    query: Any = None
    statuses: Sequence[int] = (200,)
    refusals: Sequence[int] = ()


class Operation(NamedTuple):
    """An operation as its module declares it.

    Attributes:
        handler: What answers. Besides the request, a handler may have parameters `version` (the API version that was
            called), `caller` (who called), `hot_path`, `log_readers`, `customer_calls` and `registry` (what the process
            is composed of).
        path: What follows the prefix of the API or of a version, such as `events/{eventId}/reward`.
        role: What a caller needs; None for what is open to everyone.
        since, until: The first and the last version that have the operation; None for the newest version.
        limit_bytes: The longest body.
    """

    handler: Callable[..., Any]
    methods: Sequence[str]
    path: str
    role: Role | None
    api: Api = Api.PERSONALIZER
    since: str = "v1.0"
    until: str | None = None
    doc: OperationDoc = OperationDoc()
    limit_bytes: int = MAX_BODY_BYTES

    @property
    def changes_documents(self) -> bool:
        """Whether it may write more than rows of the intake, which are for the hot path to write."""
        return {*self.methods} != {"GET"} and "hot_path" not in inspect.signature(self.handler).parameters


class Functions:
    """The operations that one module declares, in the order of their declaration."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def operation[Handler: Callable[..., Any]](
        self,
        methods: Sequence[str],
        path: str,
        role: Role | None,
        *,
        api: Api = Api.PERSONALIZER,
        since: str = "v1.0",
        until: str | None = None,
        request: Any = None,
        answer: Any = None,
        query: Any = None,
        status: int | tuple[int, ...] | None = 200,
        refusals: Sequence[int] = (),
        limit_bytes: int = MAX_BODY_BYTES,
    ) -> Callable[[Handler], Handler]:
        """Declare that the decorated handler answers an operation; the arguments are those of `Operation` and its doc.

        Args:
            status: Of the answer, or all that it may have; None if the operation always refuses.
            refusals: Statuses of refusals beyond those that every operation has.
        """
        statuses = status if isinstance(status, tuple) else () if status is None else (status,)

        def declare(handler: Handler) -> Handler:
            doc = OperationDoc(request, answer, query, statuses, refusals)
            self.operations.append(Operation(handler, methods, path, role, api, since, until, doc, limit_bytes))
            return handler

        return declare
