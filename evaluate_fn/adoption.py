"""Adoption of a policy: its learning settings, and the model that it learned from the log, become those of the loop."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.corrections import agree
from shared.configuration.service_configuration import LearningMode
from shared.configuration.settings_change import Cause
from shared.evaluation import evaluation_run_store
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.tasks import TrainedModel
from shared.models import current_export, model_store, published_store
from shared.models.published import ModelFiles, ModelReference, Origin, Published, Start, model_id
from shared.models.replacement import replace_model
from shared.storage.clock import now_us


@dataclass(frozen=True, slots=True)
class LearnedPolicy:
    """Learning settings, and a model that has learned a log with them.

    Attributes:
        from_us: The position of the loop's log at which the model's learning began.
        to_us: The position at which learning goes on.
        mode: The learning mode of the events that it learned.
        at_us: The moment that the model's id begins with.
    """

    settings: LearningSettings
    model: TrainedModel
    from_us: int
    to_us: int
    mode: LearningMode
    at_us: int
    origin: Origin


def adopt(evaluation: Evaluation, learned: LearnedPolicy, check: Callable[[Configuration], None], cause: Cause) -> None:
    """Use a policy and its model from now on, and go on learning behind what the model has learned.

    If the log is corrected otherwise since the evaluation was created, the model is not taken: with the settings, the
    trainer learns anew from the log as it is corrected now.

    The settings are written first: if the process dies before it writes the model, the trainer learns anew with them.
    Another call goes on from there, and changes nothing where all is done.

    Args:
        evaluation: Has the files of the model.
        check: Gets the configuration that is to be changed, perhaps again; what it raises is passed on, nothing
            changed.
        cause: Who wants it, as the history of settings tells.

    Raises:
        DamagedModel: The files of the model were deleted or are damaged.
        AutoOptimizationOfSlots: A loop with automatic optimization would become a multi-slot loop.
    """
    at_us, model = now_us(), learned.model
    state, predictor = (
        evaluation_run_store.read_model(evaluation, sha256) for sha256 in (model.state_sha256, model.predictor_sha256)
    )

    def use_learning(stored: Configuration) -> Configuration:
        check(stored)
        return stored.with_learning(learned.settings, at_us)

    configuration = configuration_store.change_configuration(use_learning, cause)
    is_of_own_log = learned.from_us < learned.to_us
    if is_of_own_log and not agree(
        evaluation.log.corrections, configuration.corrections, learned.from_us, learned.to_us
    ):
        return
    predictor_blob = model_store.put(predictor, at_us, configuration.revision)
    state_blob = model_store.put(state, at_us, configuration.revision)
    files = ModelFiles.at(
        state_blob, predictor_blob, model.events, model.first_event_id, model.last_event_id, learned.mode
    )
    reference = _refer(learned, files, configuration, at_us)
    published_store.change_published(lambda published: _publish(published, reference), cause)
    current_export.follow()


def _refer(learned: LearnedPolicy, files: ModelFiles, configuration: Configuration, at_us: int) -> ModelReference:
    """The reference to a model, under the configuration that it came with."""
    return ModelReference.of(
        files,
        model_id(learned.at_us, configuration.revision, files.predictor_sha256),
        arguments=configuration.learning.arguments,
        revision=configuration.revision,
        learned_from_us=learned.from_us,
        learned_up_to_us=learned.to_us,
        made_at_us=at_us,
        origin=learned.origin,
    )


def _publish(published: Published, reference: ModelReference) -> Published:
    """Put the model in use, unless an earlier call did so and training went on from there."""
    if published.start.model is not None and published.start.model.id == reference.id:
        return published
    start = Start(reference, reference.learned_up_to_us, revision=reference.revision)
    return replace_model(published, reference, start, reference.made_at_us)
