"""The form of what a loop learned as an apprentice."""

from shared.web.json_forms import Wire


class ApprenticeCounts(Wire):
    """How many events a loop saw as an apprentice, and what they earned."""

    number_of_events: int
    sum_of_rewards: float
    number_of_imitated_events: int
    sum_of_imitated_rewards: float
    match_rate: float | None
    match_rate_interval: tuple[float, float] | None
    match_rate_ceiling: float | None
    reward_achievement_ratio: float | None
    reward_achievement_ratio_interval: tuple[float, float] | None


class ApprenticeMetrics(ApprenticeCounts):
    """The same since the loop was made, and of its last events; times are null before the first."""

    start_time: str | None
    last_processed_event_time: str | None
    last_batch_metrics: ApprenticeCounts
