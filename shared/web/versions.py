"""The published versions of the API: what differs between them, one entry each, the oldest first."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Version:
    """One published version.

    Attributes:
        name: As clients know it.
        prefix: Before the path of each operation.
        api_version: What the query says as `api-version`; None if the prefix alone names the version.
        renamed_codes: Codes of errors that it calls otherwise.
        tells_code_in_header: Whether a refusal has its code in the header `x-ms-error-code` too.
        left_out: Fields of evaluations that it does not tell yet.
        renamed_statuses: Statuses of evaluations for which it has no word of its own.
    """

    name: str
    prefix: str
    api_version: str | None = None
    renamed_codes: Mapping[str, str] = field(default_factory=dict, hash=False)
    tells_code_in_header: bool = False
    left_out: frozenset[str] = frozenset()
    renamed_statuses: Mapping[str, str] = field(default_factory=dict, hash=False)

    def code(self, code: str) -> str:
        """The name of a code of errors in this version."""
        return self.renamed_codes.get(code, code)


_LATER_THAN_1_0 = frozenset(("evaluationType", "optimalPolicy", "creationTime", "policySource", "averageReward"))
_STATUSES_1_0 = {"timeout": "failed", "optimalPolicyApplied": "completed", "onlinePolicyRetained": "completed"}
_OLD_CODES = {"InvalidSasUri": "InvalidContainer"}

VERSIONS = (
    Version(
        "v1.0",
        "personalizer/v1.0",
        renamed_codes=_OLD_CODES,
        left_out=_LATER_THAN_1_0,
        renamed_statuses=_STATUSES_1_0,
    ),
    *(
        Version(name, f"personalizer/{name}", renamed_codes=_OLD_CODES)
        for name in ("v1.1-preview.1", "v1.1-preview.2", "v1.1-preview.3")
    ),
    Version(
        "2022-09-01-preview",
        "personalizer",
        api_version="2022-09-01-preview",
        tells_code_in_header=True,
    ),
)


LAST_OF_V1 = "v1.1-preview.3"
"""The last version that has its name in the path."""


def since(name: str, until: str | None = None) -> tuple[Version, ...]:
    """A version and all after it, up to another one if that is the last."""
    names = [version.name for version in VERSIONS]
    last = len(names) if until is None else names.index(until) + 1
    return VERSIONS[names.index(name) : last]


def dated(date: str | None) -> Version | None:
    """The version that a query names by its `api-version`, in any letter case; None if there is none."""
    return next((version for version in VERSIONS if date and version.api_version == date.lower()), None)
