"""What schemathesis makes up by the served description: requests as they are described, and requests that are not.

One takes some ten milliseconds, a hundred times as long as a call may take to make. So there are some for each
operation, which are sent again and again, to other loops and by other callers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

EXAMPLES = 4
"""For each operation, of either kind."""


@dataclass(frozen=True, slots=True)
class Example:
    """A request without its path.

    Attributes:
        values: Of the parameters in the path.
        query: Of the parameters behind it.
        body: None for no body; a value that goes as JSON, or bytes.
    """

    values: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any


class SchemathesisCases:
    """Makes examples for operations when they are first wanted; the same for the same seed."""

    def __init__(self, document: Mapping[str, Any], seed: int) -> None:
        """Take the served description and the seed."""
        self._document = document
        self._seed = seed
        self._operations: dict[tuple[str, str], Any] = {}
        self._examples: dict[tuple[str, str], list[Example]] = {}

    def of(self, method: str, path: str) -> list[Example]:
        """Give the examples of an operation, by its path with parameters in braces."""
        key = (method.upper(), path)
        if key not in self._examples:
            self._examples[key] = self._make(self._find(*key))
        return self._examples[key]

    def _find(self, method: str, path: str) -> Any:
        import schemathesis

        if not self._operations:
            schema = schemathesis.openapi.from_dict(dict(self._document))
            operations: list[Any] = [result.ok() for result in cast("Any", schema).get_all_operations()]
            self._operations = {(each.method.upper(), each.path): each for each in operations}
        return self._operations[method, path]

    def _make(self, operation: Any) -> list[Example]:
        from hypothesis import HealthCheck, Phase, given, seed, settings
        from schemathesis import GenerationMode

        made: list[Example] = []
        modes = [mode for mode in GenerationMode if mode.is_positive or operation.body or operation.query]
        for mode in modes:

            @seed(self._seed)
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def take(case: Any) -> None:
                made.append(_example(case))

            take()
        return made


def _example(case: Any) -> Example:
    from schemathesis.core import NOT_SET

    values = {name: str(value) for name, value in (case.path_parameters or {}).items()}
    return Example(values, dict(case.query or {}), None if case.body is NOT_SET else case.body)
