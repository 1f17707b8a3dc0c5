"""What a list of 2022-09-01-preview says of an evaluation, of either purpose."""

from typing import Any, Self

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.forms.evaluation_times import format_moment
from shared.web.json_forms import Wire


class RunDetails(Wire):
    """The fields that evaluations and feature importances have alike."""

    id: str
    name: str
    start_time: str
    end_time: str
    creation_time: str
    status: str

    @classmethod
    def of(cls, evaluation: Evaluation, **more: Any) -> Self:
        """Describe an evaluation.

        Args:
            more: The fields that a subclass adds.
        """
        return cls(
            id=evaluation.id,
            name=evaluation.name,
            start_time=format_moment(evaluation.start_us),
            end_time=format_moment(evaluation.end_us),
            creation_time=format_moment(evaluation.created_us),
            status=evaluation.status.value,
            **more,
        )
