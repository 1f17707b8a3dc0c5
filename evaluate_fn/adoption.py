"""Adoption of a policy: its learning settings, and the model that it learned from the log, become those of the loop."""

from collections.abc import Callable

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.corrections import agree
from shared.configuration.settings_change import Act, Cause
from shared.evaluation import evaluation_run_store
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.outcome import PolicyOutcome
from shared.evaluation.tasks import TrainedModel
from shared.log import ranked_event
from shared.models import current_export, model_store, published_store
from shared.models.published import ModelFiles, ModelReference, Origin, Published, Start, model_id
from shared.models.replacement import replace_model
from shared.storage.clock import now_us


def adopt(
    evaluation: Evaluation,
    policy: PolicyOutcome,
    model: TrainedModel,
    check: Callable[[Configuration], None],
    by: str,
) -> None:
    """Use a policy and its model from now on, and go on learning at the end of the evaluated log.

    If the log is corrected otherwise since the evaluation was created, the model is not taken: with the settings, the
    trainer learns anew from the log as it is corrected now.

    The settings are written first: if the process dies before it writes the model, the trainer learns anew with them.
    Another call goes on from there, and changes nothing where all is done.

    Args:
        check: Gets the configuration that is to be changed, perhaps again; what it raises is passed on, nothing
            changed.
        by: Who wants it, as the history of settings tells.

    Raises:
        DamagedModel: The files of the model were deleted or are damaged.
        AutoOptimizationOfSlots: A loop with automatic optimization would become a multi-slot loop.
    """
    at_us = now_us()
    state, predictor = (
        evaluation_run_store.read_model(evaluation, sha256) for sha256 in (model.state_sha256, model.predictor_sha256)
    )
    learning = LearningSettings(policy.policy.name, policy.policy.arguments or "")

    def use_learning(stored: Configuration) -> Configuration:
        check(stored)
        return stored.with_learning(learning, at_us)

    cause = Cause(by, Act.EVALUATION, f"evaluation {evaluation.id}, policy {learning.name}")
    configuration = configuration_store.change_configuration(use_learning, cause)
    log = evaluation.log
    if not agree(log.corrections, configuration.corrections, log.from_us, log.to_us):
        return
    predictor_blob = model_store.put(predictor, at_us, configuration.revision)
    state_blob = model_store.put(state, at_us, configuration.revision)
    mode = ranked_event.mode_of(evaluation.log.kind)
    files = ModelFiles.at(state_blob, predictor_blob, model.events, model.first_event_id, model.last_event_id, mode)
    reference = _refer(evaluation, files, configuration, at_us)
    published_store.change_published(lambda published: _publish(published, reference), cause)
    current_export.follow()


def _refer(evaluation: Evaluation, files: ModelFiles, configuration: Configuration, at_us: int) -> ModelReference:
    """The reference to a model that has learned the evaluated log, under the configuration that it came with."""
    return ModelReference.of(
        files,
        model_id(evaluation.log.to_us, configuration.revision, files.predictor_sha256),
        arguments=configuration.learning.arguments,
        revision=configuration.revision,
        learned_from_us=evaluation.log.from_us,
        learned_up_to_us=evaluation.log.to_us,
        made_at_us=at_us,
        origin=Origin.APPLIED,
    )


def _publish(published: Published, reference: ModelReference) -> Published:
    """Put the model in use, unless an earlier call did so and training went on from there."""
    if published.start.model is not None and published.start.model.id == reference.id:
        return published
    start = Start(reference, reference.learned_up_to_us, revision=reference.revision)
    return replace_model(published, reference, start, reference.made_at_us)
