"""The trainer's state after settings changed, a model was replaced by hand, or a re-trained model has caught up."""

from dataclasses import replace

from shared.configuration.configuration import Configuration, problem_type
from shared.configuration.corrections import differences
from shared.configuration.learning_arguments import mean_the_same
from shared.metrics.recount import Recount
from shared.models.published import Published
from shared.times import DAY
from shared.training import mode_changes
from shared.training.cursor import Counters, Cursor, empty_cursor
from shared.training.training_state import State
from shared.training.trial import why_over


def new_state(configuration: Configuration, published: Published) -> State:
    """The state of a loop that was never trained; a model may have been imported already.

    Args:
        configuration: As in `apply_changes`.
    """
    state = State(joined_up_to_us=0, running=empty_cursor(configuration, published.generation, 0), has_marks=True)
    return _start_generation(state, configuration, published)


def apply_changes(state: State, configuration: Configuration, published: Published) -> State:
    """The state that follows what was published and configured since.

    A model that was replaced by hand starts where `published.start` says. A new revision starts `next` from the last
    `modelRetrainDays` of log, while `running` goes on; but a model of another problem type is dropped at once. So does
    a `running` whose training state is lost.
    Settings that come back to those of a model start none: `next` is dropped, or goes on, and the model follows the
    revision. A change of the learning mode starts no model: the models go on with events ranked in the new mode, or the
    model from before an apprentice returns (`mode_changes`).

    Args:
        configuration: Read after `published`, so that what was published is for no later revision than this.
    """
    if state.running.generation != published.generation:
        state = _start_generation(state, configuration, published)
    state = _follow_trial(_follow_corrections(state, configuration), configuration)
    state = mode_changes.follow_mode(state, configuration.service.learning_mode)
    if problem_type(state.running.arguments) != configuration.learning.problem_type:
        return replace(state, running=_retraining_cursor(state, configuration, published), next=None)
    if _is_for(state.running, configuration) and not state.running.is_lost:
        return replace(state, running=_follow(state.running, configuration), next=None)
    if state.next is not None and _is_for(state.next, configuration):
        return replace(state, next=_follow(state.next, configuration))
    return replace(state, next=_retraining_cursor(state, configuration, published))


def foresee(state: State, configuration: Configuration, published: Published) -> State:
    """The state with which the next run of the trainer begins, if storage has what the commit record names."""
    state = apply_changes(state, configuration, published)
    earlier = state.before_apprentice
    if earlier is None or not mode_changes.is_return_ahead(state, configuration):
        return state
    if loss := mode_changes.cannot_return(state, configuration):
        return mode_changes.give_up_return(state, loss)
    return apply_changes(state, configuration, mode_changes.publish_return(earlier, published, state.joined_up_to_us))


def note_settings(state: State, configuration: Configuration, now_us: int) -> State:
    """The state whose verdict is about the mode, the settings and the generation of models as they are now."""
    lift, service = state.metrics.lift, configuration.service
    settings = f"{service.learning_mode}/{state.running.generation}/{configuration.revision}"
    is_edit = lift.settings.rpartition("/")[0] == settings.rpartition("/")[0]
    changed_us = service.last_edit_us if is_edit and service.last_edit_us else now_us
    return replace(state, metrics=replace(state.metrics, lift=lift.follow(settings, changed_us)))


def lose_running(state: State, configuration: Configuration, published: Published) -> State:
    """The state after the training state of `running` was found lost: another model learns from the log instead.

    If only the state within a log blob is lost, that blob is learned anew.
    """
    if state.running.begun is not None:
        return replace(state, running=replace(state.running, begun=None))
    lost = replace(state.running, is_lost=True)
    coming = state.next or _retraining_cursor(state, configuration, published)
    return replace(state, running=lost, next=coming)


def regain_running(state: State, configuration: Configuration) -> State:
    """The state in which `running` learns again, although its training state was lost before."""
    coming = state.next if configuration.revision != state.running.revision else None
    return replace(state, running=replace(state.running, is_lost=False), next=coming)


def lose_next(state: State, configuration: Configuration, published: Published) -> State:
    """The state after the training state of `next` was found lost: it begins anew, or its last log blob does."""
    if state.next is not None and state.next.begun is not None:
        return replace(state, next=replace(state.next, begun=None))
    return replace(state, next=_retraining_cursor(state, configuration, published))


def _follow_trial(state: State, configuration: Configuration) -> State:
    """The state in which a trial has ended that cannot go on under a configuration."""
    if state.trial is None:
        return state
    because = why_over(state.trial, configuration)
    if because is not None:
        return replace(state, trial=state.trial.stop(because))
    challenger = state.trial.challenger
    if not challenger.agrees_with(configuration.corrections, _reach_us(state)):
        because = "The log was corrected meanwhile by a quarantine or a relabel, or one of these was lifted."
        return replace(state, trial=state.trial.stop(because))
    challenger = _correct(challenger, configuration)
    return replace(state, trial=replace(state.trial, challenger=challenger))


def _follow_corrections(state: State, configuration: Configuration) -> State:
    """The state in which the metrics count the log as it is corrected now, or begin to do so."""
    changed = differences(state.counted_under, configuration.corrections)
    if not changed:
        return state
    joined_us, recount = _reach_us(state), state.recount
    for correction in changed:
        if correction.from_us < joined_us:
            recount = Recount.over(correction.from_us, min(correction.to_us, joined_us)).after(recount)
    recent = state.recent
    if recent is not None and any(each.touches(recent.from_us, joined_us) for each in changed):
        recent = None
    return replace(state, counted_under=configuration.corrections, recount=recount, recent=recent)


def _reach_us(state: State) -> int:
    """Up to where log is counted as it was corrected before; a part in progress goes on as it was begun."""
    return state.joined_up_to_us if state.intent is None else state.intent.to_us


def _is_for(cursor: Cursor, configuration: Configuration) -> bool:
    """Whether a model is trained for the settings as they are now, whatever they were in between."""
    is_same = _has_settings(cursor, configuration) and cursor.agrees_with(configuration.corrections)
    return is_same or cursor.revision == configuration.revision


def _has_settings(cursor: Cursor, configuration: Configuration) -> bool:
    """Whether a model is trained for the settings as they are now, however the log is corrected."""
    settings = configuration.service.exploration_percentage, configuration.rewards
    is_same = mean_the_same(cursor.arguments, configuration.learning.arguments)
    return is_same and (cursor.exploration, cursor.rewards) == settings


def _follow(cursor: Cursor, configuration: Configuration) -> Cursor:
    """A model that is for a later revision, too."""
    if cursor.revision == configuration.revision:
        return _correct(cursor, configuration)
    followed = replace(cursor, revision=configuration.revision, trained_since_revision=cursor.first_revision)
    return _correct(followed, configuration)


def _correct(cursor: Cursor, configuration: Configuration) -> Cursor:
    """A model that learns the log as it is corrected now, from its position on; a begun part, from its start."""
    if cursor.corrections == configuration.corrections:
        return cursor
    return replace(cursor, corrections=configuration.corrections, begun=None)


def _start_generation(state: State, configuration: Configuration, published: Published) -> State:
    """The state in a new generation: learning goes on where `published.start` says, with the model that it names."""
    start, generation = published.start, published.generation
    if state.trial is not None:
        state = replace(state, trial=state.trial.stop("The model was replaced by hand meanwhile."))
    if start.newest:
        coming = None if state.next is None else replace(state.next, generation=generation)
        return replace(state, running=replace(state.running, generation=generation), next=coming, publishing=None)
    earlier, mode = state.before_apprentice, configuration.service.learning_mode
    if earlier is not None and mode_changes.is_return(start, earlier):
        return mode_changes.return_to_model(state, earlier, mode, generation)
    running = _cursor_of_start(state, configuration, published)
    earlier = mode_changes.keep_beside(state, running, configuration)
    return replace(state, running=running, next=None, publishing=None, before_apprentice=earlier, mode_switch=None)


def _cursor_of_start(state: State, configuration: Configuration, published: Published) -> Cursor:
    """The cursor of the model that was put by hand, or of an empty one."""
    start, joined_us = published.start, state.joined_up_to_us
    start_us = joined_us if start.learned_up_to_us is None else min(start.learned_up_to_us, joined_us)
    running = empty_cursor(configuration, published.generation, start_us)
    if start.revision is not None:
        corrections = configuration.corrections_at(start.revision)
        running = replace(running, revision=start.revision, corrections=corrections)
    if start.model is not None:
        running = replace(
            running,
            arguments=start.model.arguments,
            model=start.model.files,
            learned_from_us=min(start.model.learned_from_us, start_us),
        )
    return running


def _retraining_cursor(state: State, configuration: Configuration, published: Published) -> Cursor:
    """The cursor of an empty model that will learn the log of `modelRetrainDays`, and all after them.

    The days end where the model in use has come to. A model that returns after a long time as an apprentice has come
    to the end of what was ranked Online, and the last days of all log may hold nothing to learn. What a reset has
    forgotten is not learned again for a quarantine, since no settings changed.
    """
    running, start = state.running, published.start
    end_us = min(state.joined_up_to_us, running.learned_up_to_us)
    start_us = max(0, end_us - configuration.service.model_retrain_days * DAY)
    is_after_reset = start.model is None and start.learned_up_to_us is not None
    if is_after_reset and _has_settings(running, configuration):
        start_us = max(start_us, running.learned_from_us)
    return empty_cursor(configuration, published.generation, start_us)


def promote_next(state: State) -> State:
    """The state in which `next` has replaced `running`, if `next` has learned all of the log.

    A `next` that found nothing to learn replaces only a model that has learned nothing either.
    """
    candidate = state.next
    if candidate is None or candidate.learned_up_to_us < state.joined_up_to_us:
        return state
    if candidate.events == 0 and state.running.events > 0:
        return state
    return replace(_count_events_of(state, candidate), running=candidate, next=None)


def _count_events_of(state: State, candidate: Cursor) -> State:
    """Count the events that the candidate has learned and the running model had not reached."""
    since_us, up_to_us = candidate.learned_from_us, candidate.learned_up_to_us
    outcomes = state.metrics.outcomes(up_to_us, candidate.kind, since_us)
    counted = Counters(
        learned=outcomes.learned,
        not_activated=outcomes.not_activated,
        passed_over=outcomes.passed_over,
        answered_otherwise=state.metrics.count_answered_otherwise(up_to_us, candidate.kind, since_us),
        quarantined=sum(state.metrics.count_quarantined(up_to_us, candidate.kind, since_us)),
    )
    return replace(
        state,
        counted_up_to_us=max(state.counted_up_to_us, up_to_us),
        counters=state.counters.plus(counted),
        metrics=state.metrics.settle(up_to_us - 1, candidate.kind, since_us, refused=0),
    )
