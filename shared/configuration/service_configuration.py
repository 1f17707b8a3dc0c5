"""The service configuration: each field is declared here once, for the loop and for all versions of the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Annotated, Any

from shared import durations
from shared.configuration.api_field import ApiField
from shared.configuration.container_sas import MAX_LENGTH, hide_secret
from shared.configuration.field_readers import (
    hint_at_fraction,
    read_date,
    read_duration,
    read_export_frequency,
    read_optimization_frequency,
    word_of,
)
from shared.configuration.reward_aggregation import MEANINGS, Aggregation
from shared.float32 import shortest_float32
from shared.stored_objects import StoredObject
from shared.times import DAY, to_iso

MOST_DAYS = 2**31 - 1
NEVER = "1601-01-01T00:00:00"
"""What the old service answered for a date that never came."""

_V1_1 = "v1.1-preview.1"
_V2022 = "2022-09-01-preview"


def _none_if_unset(value: Any) -> Any:
    return value or None


class LearningMode(StrEnum):
    """The values of the service configuration's `learningMode`."""

    ONLINE = "Online"
    APPRENTICE = "Apprentice"
    LOGGING_ONLY = "LoggingOnly"


_MODES: Mapping[str, str] = {
    LearningMode.ONLINE: "Rank shows what it draws by the model's chances, and the loop learns from rewards",
    LearningMode.APPRENTICE: "Rank shows the first action that is not excluded, and the loop learns to choose the same",
    LearningMode.LOGGING_ONLY: "Rank shows the first action that is not excluded, and the loop learns from its rewards",
}


@dataclass(frozen=True, slots=True)
class ServiceConfiguration(StoredObject):
    """The old service's configuration object; durations stay as they were sent.

    Attributes:
        exploration_percentage: A fraction from 0 to 1, in spite of its name.
        log_retention_days: -1 keeps logs for ever; 0 as long as learning needs, see `retention_days`.
        log_mirror_sas_uri: Address of a container, with the permission to write into it; a secret.
        model_retrain_days: How much log a model that learns anew starts from.
        auto_optimization_start_date: As it was sent, or that of a new loop; None in a loop of an earlier version.
        last_edit_us: When a change last started a re-training; None before the first.
    """

    reward_wait_time: Annotated[
        str,
        ApiField(
            meaning="How long rewards count",
            values="5 seconds to `MAX_REWARD_WAIT_TIME`",
            unit="duration",
            read=read_duration,
            learns_anew=True,
        ),
    ] = "PT10M"
    default_reward: Annotated[
        float,
        ApiField(
            meaning="The reward of an event without one",
            values="−1 to 1",
            least=-1,
            most=1,
            read=shortest_float32,
            answer=shortest_float32,
            learns_anew=True,
        ),
    ] = 0.0
    reward_aggregation: Annotated[
        Aggregation,
        ApiField(
            meaning="How several rewards become one",
            values="`earliest`, `average`, `median`, `sum`, `min`, `max`, in any case",
            words=MEANINGS,
            read=word_of(Aggregation),
            learns_anew=True,
        ),
    ] = Aggregation.EARLIEST
    exploration_percentage: Annotated[
        float,
        ApiField(
            meaning="How much is tried: "
            "[2% to 5%](evaluation.md#the-settings-of-a-new-loop) earns most once a loop has learned",
            values="0 to 1: a fraction, in spite of its name",
            unit="fraction",
            least=0,
            most=1,
            hint=hint_at_fraction,
            read=shortest_float32,
            answer=shortest_float32,
            learns_anew=True,
        ),
    ] = 0.2
    model_export_frequency: Annotated[
        str,
        ApiField(
            meaning="The shortest time between two models",
            values="more than 0, at most 30 days",
            unit="duration",
            read=read_export_frequency,
        ),
    ] = "PT5M"
    log_mirror_enabled: Annotated[
        bool, ApiField(meaning="Whether the log is copied", answer=_none_if_unset, answer_type=bool | None)
    ] = False
    log_mirror_sas_uri: Annotated[
        str,
        ApiField(
            meaning="Where the log is copied to",
            values="if `logMirrorEnabled`, the https address of a container with a signature that lets write "
            "(`sp` with `w` or `c`), [reached from the internet](operating.md#a-copy-of-the-log-elsewhere)",
            longest=MAX_LENGTH,
            answer=_none_if_unset,
            answer_type=str | None,
        ),
    ] = field(default="", repr=False)
    log_retention_days: Annotated[
        int,
        ApiField(
            meaning="How long logs are kept",
            values="at least the wait and a day, rounded up; −1 for ever; "
            "0 for [as long as learning needs](operating.md#retention-deleting-logs-resetting)",
            unit="days",
            least=-1,
            most=MOST_DAYS,
        ),
    ] = 90
    model_retrain_days: Annotated[
        int,
        ApiField(
            meaning="How many days of log a model that learns anew starts from",
            values="0 to `logRetentionDays`",
            unit="days",
            since=_V2022,
        ),
    ] = 2
    learning_mode: Annotated[
        LearningMode,
        ApiField(
            meaning="What Rank answers, and what is learned: "
            "[what a change does](how-the-loop-works.md#when-the-learning-mode-changes)",
            values="`Online`, `Apprentice`, `LoggingOnly`, in any case",
            words=_MODES,
            since=_V1_1,
            read=word_of(LearningMode),
        ),
    ] = LearningMode.ONLINE
    is_auto_optimization_enabled: Annotated[
        bool,
        ApiField(
            meaning="Whether the loop finds, tries and takes better learning settings by itself: "
            "[automatic optimization](evaluation.md#automatic-optimization)",
            since=_V1_1,
        ),
    ] = False
    auto_optimization_frequency: Annotated[
        str,
        ApiField(
            meaning="From 32,000 learned events on, the time after which it searches again",
            values="`P1D` to `P3650D` in whole days",
            unit="duration",
            since=_V1_1,
            read=read_optimization_frequency,
        ),
    ] = "P28D"
    auto_optimization_start_date: Annotated[
        str | None,
        ApiField(
            meaning="Before this date it does not search",
            values="any date",
            unit="moment",
            since=_V1_1,
            new_loop="15 days after it was made",
            read=read_date,
            answer=lambda text: text or NEVER,
            answer_type=str,
        ),
    ] = None
    is_inference_explainability_enabled: Annotated[
        bool, ApiField(meaning="Whether Rank of 2022-09-01-preview explains its answer", since=_V2022)
    ] = False
    last_edit_us: Annotated[
        int | None,
        ApiField(
            meaning="When a change last made the model learn anew",
            since=_V1_1,
            is_settable=False,
            alias="lastConfigurationEditDate",
            answer=lambda at_us: NEVER if at_us is None else to_iso(at_us),
            answer_type=str,
        ),
    ] = None

    @property
    def shortest_days(self) -> int:
        """The fewest days for which logs may be kept: the reward wait time and a day more, rounded up."""
        return -(-(durations.parse(self.reward_wait_time) + DAY) // DAY)

    @property
    def retention_days(self) -> int:
        """The days for which logs are kept; -1 for ever."""
        return self.log_retention_days or max(self.shortest_days, self.model_retrain_days)

    def without_secrets(self) -> "ServiceConfiguration":
        """The configuration as those see it who may read it and change nothing."""
        hidden: dict[str, Any] = {name: hide_secret(getattr(self, name)) for name in SECRETS}
        return replace(self, **hidden)


SECRETS = frozenset(each.name for each in fields(ServiceConfiguration) if not each.repr) - {"unknown"}
"""The fields with secrets, which also the history of settings and previews keep to themselves."""
