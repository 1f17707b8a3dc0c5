"""The published versions of the API: what differs between them, one entry each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """One published version.

    Attributes:
        name: As clients know it.
        prefix: Before the path of each operation.
        configuration_fields: What its answers tell of the service configuration, in order.
    """

    name: str
    prefix: str
    configuration_fields: tuple[str, ...]


VERSIONS = (
    Version(
        name="v1.0",
        prefix="personalizer/v1.0",
        configuration_fields=(
            "rewardWaitTime",
            "defaultReward",
            "rewardAggregation",
            "explorationPercentage",
            "modelExportFrequency",
            "logMirrorEnabled",
            "logMirrorSasUri",
            "logRetentionDays",
        ),
    ),
)
