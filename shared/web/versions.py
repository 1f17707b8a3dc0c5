"""The published versions of the API and their differences, the oldest first."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Version:
    """One published version.

    Attributes:
        name: The name that clients use.
        prefix: Before the path of each operation.
        api_version: The value of `api-version` in the query; None if the prefix alone names the version.
        renamed_codes: Error codes that have another name in this version.
        has_code_header: Whether a refusal has its code in the header `x-ms-error-code` too.
        has_inference_explanation: Whether Rank explains its answer, if the service configuration says so.
        left_out: Fields of evaluations that this version does not have yet.
        renamed_statuses: Statuses of evaluations that this version lacks, and the status to answer instead.
    """

    name: str
    prefix: str
    api_version: str | None = None
    renamed_codes: Mapping[str, str] = field(default_factory=dict, hash=False)
    has_code_header: bool = False
    has_inference_explanation: bool = False
    left_out: frozenset[str] = frozenset()
    renamed_statuses: Mapping[str, str] = field(default_factory=dict, hash=False)

    def code(self, code: str) -> str:
        """Give the name of an error code in this version."""
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
        has_code_header=True,
        has_inference_explanation=True,
    ),
)


LAST_OF_V1 = "v1.1-preview.3"
"""The last version with its name in the path."""


def since(name: str, until: str | None = None) -> tuple[Version, ...]:
    """List a version and all later versions, up to `until` if given."""
    names = [version.name for version in VERSIONS]
    last = len(names) if until is None else names.index(until) + 1
    return VERSIONS[names.index(name) : last]


def find_by_date(date: str | None) -> Version | None:
    """Find the version that a query names by its `api-version`, in any letter case; None if there is none."""
    return next((version for version in VERSIONS if date and version.api_version == date.lower()), None)
