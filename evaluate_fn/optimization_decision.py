"""The decision after an optimization round: the loop takes better settings, or keeps those in use."""

import logging
from dataclasses import replace

from evaluate_fn.adoption import adopt
from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.configuration.settings_change import AUTOMATIC
from shared.errors import AutoOptimizationOfSlots, LoopError
from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Evaluation, Status
from shared.evaluation.optimization_schedule import why_disabled
from shared.evaluation.optimization_verdict import judge_round
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.learner.arguments import parse
from shared.log.ranked_event import line_kind
from shared.models.model_store import DamagedModel

_log = logging.getLogger(__name__)


class Retained(LoopError):
    """The settings in use stay; the text says why, in plain words."""


def decide(evaluation: Evaluation, outcome: Outcome) -> None:
    """Take better settings, if the evaluation has certainly found some, and store the decision with its reason.

    A call after a crash goes on from where the earlier one stopped.
    """
    conclusion = judge_round(outcome, evaluation.error)
    status, because = Status.APPLIED, conclusion.because
    try:
        if conclusion.better is None:
            raise Retained(conclusion.because)
        _take(evaluation, conclusion.better)
    except (Retained, DamagedModel) as reason:
        status, because = Status.RETAINED, str(reason)
    except AutoOptimizationOfSlots:
        status, because = Status.RETAINED, "The loop has become a multi-slot one."
    _log.info("look %s for better learning settings: %s: %s", evaluation.round_number, status, because)
    evaluation_store.change(
        evaluation.purpose, evaluation.id, lambda now: _set_decision(now, evaluation, status, because)
    )


def _take(evaluation: Evaluation, better: PolicyOutcome) -> None:
    arguments = better.policy.arguments or ""
    if better.model is None:
        raise Retained("What the better settings learned cannot be used.")
    if _are_the_same(arguments, evaluation.online.arguments or ""):
        raise Retained("The best settings that were found are those in use.")

    def check(configuration: Configuration) -> None:
        if why := _why_not(configuration, evaluation, arguments):
            raise Retained(why)

    adopt(evaluation, better, better.model, check, AUTOMATIC)


def _why_not(configuration: Configuration, evaluation: Evaluation, arguments: str) -> str | None:
    """Why the loop as it is now is not changed, in plain words; None if it may be.

    Args:
        arguments: Those of the better settings; where the loop has them already, an earlier call took them.
    """
    service, log = configuration.service, evaluation.log
    if why := why_disabled(configuration):
        return f"Nothing is changed: {why}"
    if service.learning_mode is LearningMode.APPRENTICE:
        return "Nothing is changed in apprentice mode."
    if line_kind(configuration.learning.problem_type, service.learning_mode) != log.kind:
        return "The loop's learning mode was changed meanwhile."
    if (configuration.rewards, configuration.exploration) != (log.rewards, evaluation.loop_exploration):
        return "What a reward is worth, or the exploration, was changed meanwhile."
    if configuration.learning.arguments not in (evaluation.online.arguments, arguments):
        return "The learning settings were changed meanwhile."
    return None


def _are_the_same(arguments: str, other: str) -> bool:
    """Whether two texts of learning arguments mean the same, but for the exploration, which the loop decides on."""
    first, second = (
        sorted((name, value or "") for name, value in parse(text).options if name != "--epsilon")
        for text in (arguments, other)
    )
    return first == second


def _set_decision(now: Evaluation, evaluation: Evaluation, status: Status, because: str) -> Evaluation:
    if now.created_us != evaluation.created_us or now.status is not Status.SUCCEEDED:
        return now
    return replace(now, status=status, reason=because)
