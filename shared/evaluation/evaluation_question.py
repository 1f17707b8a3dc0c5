"""What an evaluation takes from its loop at the moment when it is asked for."""

from dataclasses import dataclass

from shared.configuration.configuration import Configuration
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Purpose, Source
from shared.evaluation.names import ONLINE
from shared.log.ranked_event import line_kind


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know; its parts mean what they do in an `Evaluation`."""

    id: str
    name: str
    start_us: int
    end_us: int
    purpose: Purpose = Purpose.EVALUATION
    custom: tuple[Policy, ...] = ()
    optimise: bool = False
    round_number: int = 0
    is_of_2022: bool = False


def evaluation(question: Question, loop: Configuration, joined_up_to_us: int, at_us: int) -> Evaluation:
    """The evaluation of a question that is asked at a moment.

    Args:
        joined_up_to_us: Up to which time rows have become log.
    """
    return Evaluation(
        id=question.id,
        purpose=question.purpose,
        name=question.name,
        is_of_2022=question.is_of_2022,
        start_us=question.start_us,
        end_us=question.end_us,
        created_us=at_us,
        custom=question.custom,
        optimise=question.optimise,
        round_number=question.round_number,
        online=Policy(ONLINE, loop.learning.arguments, Source.ONLINE),
        exploration=loop.service.exploration_percentage,
        log=evaluated_log(question, loop, joined_up_to_us),
    )


def evaluated_log(question: Question, loop: Configuration, joined_up_to_us: int) -> EvaluatedLog:
    """The part of the log that a question is about; empty if nothing of it was logged, or all of that was deleted."""
    from_us = max(question.start_us, loop.logs_deleted_before_us, 0)
    to_us = max(min(question.end_us, joined_up_to_us), from_us)
    kind = line_kind(loop.learning.problem_type, loop.service.learning_mode)
    return EvaluatedLog(from_us, to_us, kind, loop.rewards)
