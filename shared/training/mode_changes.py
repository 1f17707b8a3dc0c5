"""Changes of the learning mode: an apprentice keeps the model that had learned Online, which then returns."""

from dataclasses import replace

from shared.configuration.configuration import Configuration, problem_type
from shared.configuration.service_configuration import LearningMode
from shared.models.published import Origin, Published, Start
from shared.models.replacement import replace_model
from shared.training.cursor import Cursor
from shared.training.mode_switch import ModeSwitch
from shared.training.publication import reference
from shared.training.training_state import State

_NEVER_ONLINE = (LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY)


def follow_mode(state: State, mode: LearningMode) -> State:
    """The state in which the models learn what is ranked in a mode.

    A loop that becomes an apprentice keeps the model that has learned Online; the apprentice goes on with a copy.
    """
    if {cursor.mode for cursor in (state.running, state.next) if cursor} == {mode}:
        return state
    earlier = state.before_apprentice
    if mode is LearningMode.APPRENTICE:
        earlier = earlier or model_to_keep(state.running) or (state.next and model_to_keep(state.next))
    switch = ModeSwitch(state.joined_up_to_us, state.running.mode, state.counters.learned)
    if state.mode_switch and state.running.mode is LearningMode.LOGGING_ONLY:
        switch = replace(state.mode_switch, at_us=switch.at_us, learned=switch.learned)
    return replace(
        state,
        running=replace(state.running, mode=mode),
        next=None if state.next is None else replace(state.next, mode=mode),
        before_apprentice=earlier,
        mode_switch=switch,
    )


def model_to_keep(running: Cursor) -> Cursor | None:
    """The model that an apprentice keeps, at the start of a part of the log; None if it has never learned Online."""
    if running.model is None or running.model.learned_in in _NEVER_ONLINE:
        return None
    return replace(running, begun=None)


def is_return_ahead(state: State, configuration: Configuration) -> bool:
    """Whether the loop is no apprentice any more, and the model that it had before has not returned yet."""
    return state.before_apprentice is not None and configuration.service.learning_mode is not LearningMode.APPRENTICE


def cannot_return(state: State, configuration: Configuration) -> str | None:
    """Why the model from before cannot return, whatever is in storage; None if it can."""
    earlier = state.before_apprentice
    if earlier is None or problem_type(earlier.arguments) == configuration.learning.problem_type:
        return None
    return "the learning settings are for another problem type now"


def give_up_return(state: State, loss: str) -> State:
    """The state of a loop that goes on with what its apprentice has learned, since the model from before is lost.

    Args:
        loss: Why, in plain words.
    """
    switch = replace(state.mode_switch, loss=loss) if state.mode_switch else None
    return replace(state, before_apprentice=None, mode_switch=switch)


def publish_return(earlier: Cursor, published: Published, at_us: int) -> Published:
    """What is published when the model from before returns: that model, as after a roll back to it."""
    blob = earlier.model.predictor_blob if earlier.model else ""
    before = next((model for model in published.models if model.predictor_blob == blob), None)
    model = before or reference(earlier, Origin.TRAINED, at_us)
    return replace_model(published, model, Start(model, earlier.learned_up_to_us, revision=earlier.revision), at_us)


def is_return(start: Start, earlier: Cursor | None) -> bool:
    """Whether a new generation begins with the model from before, where it had come to."""
    if earlier is None or earlier.model is None or start.model is None:
        return False
    position = start.model.files.paths, start.learned_up_to_us, start.revision
    return position == (earlier.model.paths, earlier.learned_up_to_us, earlier.revision)


def return_to_model(state: State, earlier: Cursor, mode: LearningMode, generation: int) -> State:
    """The state in which the model from before goes on, with the settings and from the position that it had."""
    return replace(
        state,
        running=replace(earlier, generation=generation, mode=mode),
        next=None,
        publishing=None,
        before_apprentice=earlier if mode is LearningMode.APPRENTICE else None,
        mode_switch=replace(state.mode_switch, is_return=True) if state.mode_switch else None,
    )


def keep_beside(state: State, running: Cursor, configuration: Configuration) -> Cursor | None:
    """What an apprentice keeps after a model was put by hand: that one, unless it is an apprentice's itself."""
    if configuration.service.learning_mode is not LearningMode.APPRENTICE or running.model is None:
        return None
    return model_to_keep(running) or state.before_apprentice
