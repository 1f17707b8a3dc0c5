"""Replaces the model in use by a model from outside, or by none."""

import hashlib

from export_fn import trusted_signers
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.configuration.settings_change import Act, Cause
from shared.learner import model_check
from shared.learner.arguments import parse
from shared.learner.model_check import UnusableModel
from shared.models import current_export, model_store, published_store
from shared.models.published import ModelFiles, ModelReference, Origin, Start, model_id
from shared.models.replacement import replace_model
from shared.storage.clock import now_us
from shared.training import lease
from shared.web.errors import InvalidModelImportFormat, ModelDoesNotFit


def forget(caller: str) -> None:
    """Use no model; learning starts with the events to come."""
    revision, at_us = configuration_store.read_configuration().revision, now_us()
    start = Start(learned_up_to_us=lease.read_joined_up_to_us(), revision=revision)
    cause = Cause(caller, Act.RESET)
    published_store.change_published(lambda published: replace_model(published, None, start, at_us), cause)
    current_export.follow()


def import_model(data: bytes, caller: str, signer: str | None) -> None:
    """Use a model file from now on, and let training go on from it at the end of the log.

    Args:
        signer: The fingerprint of the certificate by which exactly these bytes are signed; None if they are not.

    Raises:
        InvalidModelImportSignature: The loop does not take models of this signer, or none that is not signed.
        InvalidModelImportFormat: The file is no model that can be used.
        ModelDoesNotFit: The model is of another problem type than the learning settings.
    """
    trusted_signers.check(signer)
    configuration, at_us = configuration_store.read_configuration(), now_us()
    (files, arguments), joined_us = _store(data, configuration, at_us), lease.read_joined_up_to_us()
    reference = ModelReference.of(
        files,
        model_id(at_us, configuration.revision, files.predictor_sha256),
        arguments=arguments,
        revision=configuration.revision,
        learned_from_us=joined_us,
        learned_up_to_us=joined_us,
        made_at_us=at_us,
        origin=Origin.IMPORTED,
        signer=signer,
    )
    start = Start(reference, joined_us, revision=configuration.revision)
    cause = Cause(caller, Act.IMPORT)
    published_store.change_published(lambda published: replace_model(published, reference, start, at_us), cause)
    current_export.follow()


def _store(data: bytes, configuration: Configuration, at_us: int) -> tuple[ModelFiles, str]:
    """Check that the model fits this loop, and store it with its training state; gives its learning arguments too."""
    examined = _examine(data, configuration)
    predictor_blob = model_store.put(data, at_us, configuration.revision)
    own = model_store.find_described(hashlib.sha256(data).hexdigest())
    if own is not None:
        learned_in = None if own.description.mode is LearningMode.LOGGING_ONLY else own.description.mode
        files = ModelFiles.at(own.state_blob, predictor_blob, own.description.events, learned_in=learned_in)
        return files, own.description.arguments
    state_blob = model_store.put(examined.state, at_us, configuration.revision)
    return ModelFiles.at(state_blob, predictor_blob, events=0), examined.arguments.text


def _examine(data: bytes, configuration: Configuration) -> model_check.CheckedModel:
    own = parse(configuration.learning.arguments)
    try:
        examined = model_check.examine(data, own, configuration.service.exploration_percentage)
    except UnusableModel as problem:
        raise InvalidModelImportFormat(f"The model cannot be used: {problem.reason[:500]}.") from problem
    if examined.arguments.problem_type != own.problem_type:
        theirs, ours = (f"--{kind}_explore_adf" for kind in (examined.arguments.problem_type, own.problem_type))
        raise ModelDoesNotFit(f"The model is for {theirs}, and the learning settings are for {ours}.")
    return examined
