"""Trials of automatic optimization: how they begin, when they are analysed, and what follows from their ends.

Each step is committed before what follows from it is done, and that may be done twice: a run that finds it half done
after a crash does it again.
"""

import logging
from dataclasses import replace

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.learning_arguments import mean_the_same
from shared.configuration.settings_change import AUTOMATIC, Act, Cause
from shared.errors import AutoOptimizationOfSlots, LoopError
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.optimization_schedule import analysis_error
from shared.evaluation.outcome import PolicyOutcome
from shared.evaluation.trial_verdict import judge_trial
from shared.log import ranked_event
from shared.models import model_store
from shared.models.published import ModelFiles
from shared.storage import clock
from shared.training.cursor import Cursor
from shared.training.lease import Trainer
from shared.training.training_state import State
from shared.training.trial import Trial, why_over

_log = logging.getLogger(__name__)


class _NotApplied(LoopError):
    """The loop is another one meanwhile; the text says why its settings stay, in plain words."""


def make_challenger(
    state: State, evaluation: Evaluation, policy: PolicyOutcome, configuration: Configuration
) -> Cursor:
    """Make the challenger's cursor: it goes on from what a policy learned in an evaluation.

    Args:
        configuration: The log of the evaluation is corrected in it as at the evaluation's creation.

    Raises:
        DamagedModel: The files of what the policy has learned were deleted or are damaged.
    """
    model, log = policy.model, evaluation.log
    if model is None:
        raise ValueError("a challenger has learned the log of its evaluation")
    state_blob, predictor_blob = (
        model_store.put(evaluation_run_store.read_model(evaluation, sha256), log.to_us, configuration.revision)
        for sha256 in (model.state_sha256, model.predictor_sha256)
    )
    mode = ranked_event.mode_of(log.kind)
    return Cursor(
        generation=state.running.generation,
        revision=configuration.revision,
        arguments=policy.policy.arguments or "",
        exploration=configuration.service.exploration_percentage,
        rewards=configuration.rewards,
        learned_up_to_us=log.to_us,
        model=ModelFiles.at(state_blob, predictor_blob, model.events, model.first_event_id, model.last_event_id, mode),
        mode=mode,
        learned_from_us=log.from_us,
        corrections=configuration.corrections,
    )


def begin(
    trainer: Trainer, evaluation: Evaluation, name: str, challenger: Cursor, configuration: Configuration
) -> State:
    """The state in which a challenger is on trial; `name` is the policy's in the evaluation."""
    exploration = configuration.trial_exploration
    if exploration is None:
        raise ValueError("a loop that does not explore has no trial")
    in_use, revision = configuration.learning.arguments, configuration.trial_revision
    trial = Trial(evaluation.id, name, in_use, challenger, exploration, clock.now_us(), revision=revision)
    _log.info("%s of %s is on trial", name, trial.id)
    return replace(trainer.state, trial=trial)


def analyse(trainer: Trainer) -> None:
    """Analyse the trial, if it is time to; what is spent of the error is committed with the verdict, so it counts once.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    state, trial = trainer.state, trainer.state.trial
    if trial is None or trial.end is not None or trial.sums.events < trial.analysed_at:
        return
    error = analysis_error(state.rounds, state.counters.learned)
    verdict = judge_trial(trial.sums, trial.exploration.largest_surplus, error)
    _log.info("analysis of %s of %s: %s: %s", trial.name, trial.id, verdict.decision, verdict.because)
    trainer.commit(replace(state, trial=trial.conclude(verdict), rounds=state.rounds.spend(error)))


def finish(trainer: Trainer) -> None:
    """Do what follows from the end of a trial, if it has ended: its settings are applied or not, and the trial is over.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    trial = trainer.state.trial
    if trial is None or trial.end is None:
        return
    trainer.check()
    if trial.end.applies:
        _apply(trainer, trial)
    else:
        note_outcome(trial.id, Status.RETAINED, trial.end.because)
        trainer.commit(replace(trainer.state, trial=None))


def _apply(trainer: Trainer, trial: Trial) -> None:
    """Give the loop the challenger's settings; its model takes the place of the model in use, as one that caught up.

    If what it was trained for was changed since an earlier run, which died here, a model learns anew, as after any
    change.
    """
    at_us, arguments = clock.now_us(), trial.challenger.arguments

    def use_learning(stored: Configuration) -> Configuration:
        if mean_the_same(stored.learning.arguments, arguments):
            return stored
        if why := why_over(trial, stored):
            raise _NotApplied(why)
        return stored.with_learning(LearningSettings(trial.name, arguments), at_us)

    cause = Cause(AUTOMATIC, Act.EVALUATION, f"evaluation {trial.id}, policy {trial.name}")
    try:
        configuration = configuration_store.change_configuration(use_learning, cause)
    except (_NotApplied, AutoOptimizationOfSlots) as reason:
        trainer.commit(replace(trainer.state, trial=replace(trial, end=None).stop(str(reason))))
        finish(trainer)
        return
    note_outcome(trial.id, Status.APPLIED, trial.end.because if trial.end else "", trial.name)
    state = replace(trainer.state, trial=None)
    trained_for = trial.challenger.exploration, trial.challenger.rewards
    is_trained = trained_for == (configuration.service.exploration_percentage, configuration.rewards)
    if is_trained and trial.challenger.agrees_with(configuration.corrections):
        generation = state.running.generation
        state = replace(state, next=replace(trial.challenger, revision=configuration.revision, generation=generation))
    trainer.commit(state)


def note_outcome(evaluation_id: str, status: Status, because: str, optimal: str | None = None) -> None:
    """Store what the loop has done with what an evaluation of its own found, unless that is stored already."""

    def decide(stored: Evaluation) -> Evaluation:
        if stored.status is not Status.SUCCEEDED:
            return stored
        return replace(stored, status=status, reason=because, optimal=optimal or stored.optimal)

    evaluation_store.change(Purpose.EVALUATION, evaluation_id, decide)
    _log.info("evaluation %s: %s: %s", evaluation_id, status, because)
