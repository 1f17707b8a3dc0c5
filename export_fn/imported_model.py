"""A model from outside becomes the one that Rank uses, and that training goes on from."""

import hashlib
import threading
from dataclasses import dataclass

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.learner import arguments, model_check
from shared.learner.model_check import UnusableModel
from shared.models import current_export, model_store, published_store
from shared.models.published import ModelReference, Origin, Start
from shared.models.replacement import replaced
from shared.storage.clock import now_us
from shared.times import compact
from shared.training import lease
from shared.web.errors import InvalidModelImportFormat, ModelDoesNotFit

_one_at_a_time = threading.Lock()
"""Looking into a model may take much memory."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A model that can be used, and where it is kept."""

    predictor_blob: str
    state_blob: str
    arguments: str
    events: int = 0


def forget() -> None:
    """Use no model; learning starts with the events to come."""
    revision, at_us = configuration_store.read_configuration().revision, now_us()
    start = Start(learned_up_to_us=lease.joined_up_to_us(), revision=revision)
    published_store.change_published(lambda published: replaced(published, None, start, at_us))
    current_export.settle()


def take_in(data: bytes) -> None:
    """Use a model file from now on, and let training go on from it at the end of the log.

    Raises:
        InvalidModelImportFormat: It cannot be used.
        ModelDoesNotFit: It is of another problem type than the learning settings.
    """
    configuration, at_us = configuration_store.read_configuration(), now_us()
    taken, joined_us = _kept(data, configuration, at_us), lease.joined_up_to_us()
    sha256 = hashlib.sha256(data).hexdigest()
    reference = ModelReference(
        id=f"{compact(at_us)}-{configuration.revision}-{sha256[:12]}",
        predictor_blob=taken.predictor_blob,
        sha256=sha256,
        state_blob=taken.state_blob,
        arguments=taken.arguments,
        revision=configuration.revision,
        learned_up_to_us=joined_us,
        learned_events=taken.events,
        made_at_us=at_us,
        origin=Origin.IMPORTED,
        learned_from_us=joined_us,
    )
    start = Start(reference, joined_us, revision=configuration.revision)
    published_store.change_published(lambda published: replaced(published, reference, start, at_us))
    current_export.settle()


def _kept(data: bytes, configuration: Configuration, at_us: int) -> _Taken:
    """See that the model is one for this loop, and keep it with the training state that belongs to it."""
    examined = _examined(data, configuration)
    predictor_blob = model_store.put(data, at_us, configuration.revision)
    own = model_store.made_here(hashlib.sha256(data).hexdigest())
    if own is not None:
        return _Taken(predictor_blob, own.state_blob, own.told["arguments"], own.told["events"])
    state_blob = model_store.put(examined.state, at_us, configuration.revision)
    return _Taken(predictor_blob, state_blob, examined.arguments.text)


def _examined(data: bytes, configuration: Configuration) -> model_check.Examined:
    own = arguments.parse(configuration.learning.arguments)
    try:
        with _one_at_a_time:
            examined = model_check.examine(data, own, configuration.service.exploration_percentage)
    except UnusableModel as problem:
        raise InvalidModelImportFormat(f"The model cannot be used: {problem.reason[:500]}.") from problem
    if examined.arguments.problem_type != own.problem_type:
        theirs, ours = (f"--{one.problem_type}_explore_adf" for one in (examined.arguments, own))
        raise ModelDoesNotFit(f"The model is for {theirs}, and the learning settings are for {ours}.")
    return examined
