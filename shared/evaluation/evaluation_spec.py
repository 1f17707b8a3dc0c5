"""The specification of an evaluation, and the evaluation that the loop makes of it."""

from dataclasses import dataclass

from shared.configuration.configuration import Configuration
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, ImportSource, Policy, Purpose, Source
from shared.evaluation.names import ONLINE
from shared.evaluation.whole_log import whole_log
from shared.log.ranked_event import line_kind


@dataclass(frozen=True, slots=True)
class EvaluationSpec:
    """What a caller, or the loop itself, wants evaluated; the fields are those of `Evaluation`."""

    id: str
    name: str
    start_us: int
    end_us: int
    purpose: Purpose = Purpose.EVALUATION
    custom: tuple[Policy, ...] = ()
    optimise: bool = False
    round_number: int = 0
    is_of_2022: bool = False
    source: ImportSource | None = None


def build_evaluation(spec: EvaluationSpec, loop: Configuration, joined_up_to_us: int, at_us: int) -> Evaluation:
    """Make the evaluation of a specification, with the settings and the log of the loop at this moment.

    Args:
        loop: The configuration at the moment `at_us`.
        joined_up_to_us: Up to which time rows have become log.
    """
    return Evaluation(
        id=spec.id,
        purpose=spec.purpose,
        name=spec.name,
        is_of_2022=spec.is_of_2022,
        start_us=spec.start_us,
        end_us=spec.end_us,
        created_us=at_us,
        custom=spec.custom,
        optimise=spec.optimise,
        round_number=spec.round_number,
        online=Policy(ONLINE, None if spec.source else loop.learning.arguments, Source.ONLINE),
        exploration=loop.exploration.share,
        exploration_default=loop.exploration.default,
        log=whole_log() if spec.source else choose_log(spec, loop, joined_up_to_us),
        source=spec.source,
    )


def choose_log(spec: EvaluationSpec, loop: Configuration, joined_up_to_us: int) -> EvaluatedLog:
    """Choose the part of the log that is evaluated; empty if the range has no log, or all of it was deleted."""
    from_us = max(spec.start_us, loop.logs_deleted_before_us, 0)
    to_us = max(min(spec.end_us, joined_up_to_us), from_us)
    kind = line_kind(loop.learning.problem_type, loop.service.learning_mode)
    corrections = tuple(each for each in loop.corrections if each.touches(from_us, to_us))
    return EvaluatedLog(from_us, to_us, kind, loop.rewards, corrections)
