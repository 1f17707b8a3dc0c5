"""What is asked for of offline evaluations in 2022-09-01-preview: a part of the list, or of one of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.forms.evaluation_times import format_moment, read_range
from shared.web.errors import InvalidRequest
from shared.web.json_forms import SentMoment, Wire
from shared.web.pages import PageQuery

INTERVALS = (5, 60, 360, 720, 1440)
ROLLING, EXPANDING = "Rolling", "Expanding"
_LONGEST_FILTER = 256

_FILTER = re.compile(r"(?:metadata=)?evaluationType eq '(manual|auto)'", re.IGNORECASE | re.ASCII)


class EvaluationQuery(Wire):
    """Which part of what was found is asked for, and in which intervals; without a word all of it."""

    start_time: SentMoment | None = None
    end_time: SentMoment | None = None
    interval_in_minutes: Literal[5, 60, 360, 720, 1440] | None = None
    window: Literal["Expanding", "Rolling"] | None = None


class EvaluationsQuery(PageQuery):
    """Which part of the list is asked for, such as `metadata=evaluationType eq 'Manual'`."""

    filter: Annotated[str | None, Field(max_length=_LONGEST_FILTER)] = None


@dataclass(frozen=True, slots=True)
class AnswerRange:
    """The part of an evaluation that a call wants.

    Attributes:
        minutes: Length of an interval.
        rolling: Whether each interval stands for itself; else it includes all before it.
    """

    from_us: int
    to_us: int
    minutes: int
    rolling: bool


def read_answer_range(params: Mapping[str, str], evaluation: Evaluation) -> AnswerRange:
    """Read the query of a call for an evaluation.

    Raises:
        InvalidRequest: The range or the interval is none, or the window does not go with the interval.
    """
    start = params.get("startTime") or format_moment(evaluation.start_us)
    end = params.get("endTime") or format_moment(evaluation.end_us)
    whole = read_range(start, end, InvalidRequest, InvalidRequest)
    minutes, rolling = _interval(params.get("intervalInMinutes"), params.get("window"))
    return AnswerRange(whole.start, whole.stop, minutes, rolling)


def parse_filter(text: str | None) -> Callable[[Evaluation], bool]:
    """Make the predicate that evaluations of a list have to pass from the filter of a query.

    Raises:
        InvalidRequest: The text is no such filter.
    """
    if not text:
        return lambda _: True
    match = _FILTER.fullmatch(" ".join(text.split())) if len(text) <= _LONGEST_FILTER else None
    if match is None:
        raise InvalidRequest("It has to be metadata=evaluationType eq 'Manual', or 'Auto'.", "filter")
    automatic = match[1].lower() == "auto"
    return lambda evaluation: evaluation.is_automatic == automatic


def _interval(minutes: str | None, window: str | None) -> tuple[int, bool]:
    """The length of an interval, and whether intervals roll; the one follows from the other if it is not given.

    Source: the old service took `Expanding` with 5 minutes only, and `Rolling` with all others.
    """
    rolling = _window(window) if window else None
    number = _minutes(minutes) if minutes else (60 if rolling else 5)
    if rolling is not None and rolling != (number > 5):
        raise InvalidRequest("Expanding goes with 5 minutes only, and Rolling with 60, 360, 720 or 1440.", "window")
    return number, number > 5


def _window(text: str) -> bool:
    if text.lower() not in (ROLLING.lower(), EXPANDING.lower()):
        raise InvalidRequest("It has to be Expanding or Rolling.", "window")
    return text.lower() == ROLLING.lower()


def _minutes(text: str) -> int:
    minutes = next((minutes for minutes in INTERVALS if text == str(minutes)), None)
    if minutes is None:
        raise InvalidRequest("It has to be 5, 60, 360, 720 or 1440.", "intervalInMinutes")
    return minutes
