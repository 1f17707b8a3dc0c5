"""A trial: what belongs to it, what ends it, and which of its models stay."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.configuration import quarantine_changes
from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.corrections import CorrectedFeature, Correction, Quarantine
from shared.configuration.exploration import ExplorationShares
from shared.configuration.service_configuration import LearningMode
from shared.evaluation.optimization_schedule import FIRST_ANALYSIS
from shared.evaluation.trial_verdict import TrialDecision, TrialVerdict
from shared.metrics.estimators.trial_sums import TrialSums
from shared.models.published import ModelFiles, Origin, Published, PublishedTrial
from shared.ranking.live_settings import CurrentSettings
from shared.training import publication
from shared.training.configuration_changes import apply_changes, foresee, new_state
from shared.training.cursor import empty_cursor
from shared.training.training_state import State
from shared.training.trial import Trial
from train_timer import model_retention

_FIRST = new_configuration(4)
LOOP = replace(_FIRST, service=replace(_FIRST.service, is_auto_optimization_enabled=True))
LOOP_IN_OTHER_DIGITS = LOOP.learning.arguments.replace("--epsilon 0.2", "--epsilon 0.20000000298023224")
RUNNING, EARLIER, LATER = (ModelFiles.at(f"a/{name}1.vw", f"a/{name}2.vw", 100) for name in "rel")


def quarantined(correction: Correction) -> Configuration:
    return quarantine_changes.add(LOOP, Quarantine(correction, "why", 7, "test", 0), 7)


def trial(model: ModelFiles | None = LATER) -> Trial:
    exploration = LOOP.trial_exploration
    assert exploration is not None
    challenger = replace(empty_cursor(LOOP, 0, 0), arguments="--cb_explore_adf --squarecb", model=model)
    return Trial("auto-1", "Hyper2", LOOP.learning.arguments, challenger, exploration, 5)


def state_of(on_trial: Trial | None) -> State:
    state = new_state(LOOP, Published())
    return replace(state, running=replace(state.running, model=RUNNING), trial=on_trial)


def published(state: State) -> Published:
    return Published(model=publication.reference(state.running, Origin.TRAINED, 9))


def test_evidence_of_other_trials_does_not_count() -> None:
    one, other = TrialSums.of([(1.0, 1.0)]), TrialSums.of([(1.0, 0.0), (-1.0, 1.0)])

    grown = trial().plus({"auto-1": one, "auto-0": other}).plus({"auto-0": other}).plus({"auto-1": one})

    assert grown.sums == one.plus(one)


def test_a_trial_ends_once() -> None:
    """What came first stays, also if the loop changes before that is carried out."""
    applied = trial().conclude(TrialVerdict(TrialDecision.APPLY, "It earned more."))
    assert applied.end is not None

    later = apply_changes(state_of(applied), replace(LOOP, exploration_shares=_FIRST.exploration_shares), Published())

    assert later.trial == applied.stop("Another one was named.") == applied
    assert (applied.end.because, applied.end.applies) == ("It earned more.", True)


@pytest.mark.parametrize("decision", TrialDecision)
def test_after_an_analysis_more_events_come_before_the_next(decision: TrialDecision) -> None:
    analysed = replace(trial(), sums=TrialSums(events=FIRST_ANALYSIS)).conclude(TrialVerdict(decision, "why"))

    assert analysed.analysed_at > FIRST_ANALYSIS
    assert (analysed.end is None) == (decision is TrialDecision.GO_ON)


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        (LOOP, None),
        (replace(LOOP, learning=replace(LOOP.learning, name="another name")), None),
        (replace(LOOP, learning=LearningSettings("x", "--cb_explore_adf --epsilon 0.1")), "learning settings"),
        (replace(LOOP, learning=LearningSettings("x", LOOP_IN_OTHER_DIGITS)), None),
        (replace(LOOP, service=replace(LOOP.service, default_reward=0.5)), "What a reward is worth"),
        (replace(LOOP, exploration_shares=replace(LOOP.exploration_shares, default=0.1)), None),
        (replace(LOOP, exploration_shares=replace(LOOP.exploration_shares, default=0.05)), "exploration was changed"),
        (replace(LOOP, exploration_shares=replace(LOOP.exploration_shares, challenger=0.0)), "explore"),
        (_FIRST, "isAutoOptimizationEnabled is false"),
        (quarantined(Correction("q", 1, 6, "tea")), "depends on what was drawn"),
        (quarantined(Correction("q", 1, 5, "tea")), None),
        (quarantined(Correction("q", 1, 6, feature=CorrectedFeature("user", "ann"))), None),
    ],
)
def test_what_makes_the_loop_another_one_ends_the_trial(configuration: Configuration, words: str | None) -> None:
    """But not what changes nothing in a trial: of the default's share, a tenth is left in one.

    Where the events that showed an action are in quarantine, those that are left are in favour of who seldom shows it.
    """
    for follow in (apply_changes, foresee):
        after = follow(state_of(trial()), configuration, Published()).trial

        assert after is not None
        assert (after.end is None) == (words is None)
        assert (words or "") in (after.end.because if after.end else "")


@pytest.mark.parametrize(
    "change",
    [
        lambda loop: loop.with_exploration_shares(ExplorationShares(0.1, 0.2)),
        lambda loop: loop.with_service(replace(loop.service, exploration_percentage=0.5), 8),
        lambda loop: loop.with_service(replace(loop.service, learning_mode=LearningMode.APPRENTICE), 8),
        lambda loop: loop.with_service(replace(loop.service, is_auto_optimization_enabled=False), 8),
        lambda loop: loop.with_service(replace(loop.service, default_reward=0.5), 8),
        lambda loop: loop.with_learning(LearningSettings("x", "--cb_explore_adf --squarecb"), 8),
    ],
)
def test_what_was_changed_and_changed_back_ends_the_trial_too(change: Callable[[Configuration], Configuration]) -> None:
    """Between two runs of the trainer too; from the first change on, no instance draws an event in the trial."""
    begun, before = state_of(trial()), published(state_of(None))
    before = replace(before, trial=publication.trial(begun, before, 9))
    back = change(LOOP).with_service(LOOP.service, 9).with_learning(LOOP.learning, 9)
    back = back.with_exploration_shares(LOOP.exploration_shares)

    after = apply_changes(begun, back, before).trial

    assert after is not None
    assert "changed back" in (after.end.because if after.end else "")
    assert CurrentSettings.of(back, before).trial_exploration is None
    assert CurrentSettings.of(LOOP, before).trial_exploration == LOOP.trial_exploration


def test_a_challenger_is_published_with_a_model_of_its_generation() -> None:
    """And without the ids of events, which a redaction would have to find there."""
    named = replace(LATER, first_event_id="first", last_event_id="last")
    state = state_of(trial(named))
    before = published(state)

    announced = publication.trial(state, before, 9)

    assert announced is not None
    assert (announced.id, announced.challenger.predictor_blob) == ("auto-1", LATER.predictor_blob)
    assert (announced.challenger.first_event_id, announced.challenger.last_event_id) == (None, None)
    assert publication.trial(state, replace(before, generation=1), 9) is None
    assert publication.trial(state, replace(before, model=None), 9) is None
    assert publication.trial(state_of(trial(None)), before, 9) is None
    assert publication.trial(state_of(trial().stop("It was not ahead.")), before, 9) is None
    assert publication.trial(state_of(None), before, 9) is None


def test_a_challenger_that_learned_after_the_last_model_went_out_is_published_alone() -> None:
    """If a model has anything new, the challenger goes out with that one."""
    state = state_of(trial(EARLIER))
    before = replace(published(state), trial=publication.trial(state, published(state), 9))
    later = state_of(trial(LATER))
    ahead = replace(later, running=replace(later.running, model=ModelFiles.at("a/n1.vw", "a/n2.vw", 100)))

    alone = publication.trial_to_announce(later, before, 11)

    assert alone is not None
    assert (alone.challenger.predictor_blob, alone.challenger.made_at_us) == (LATER.predictor_blob, 11)
    assert publication.trial_to_announce(state, before, 11) == before.trial
    assert publication.trial_to_announce(ahead, before, 11) == before.trial
    assert publication.trial_to_announce(state_of(None), before, 11) is None


def test_retention_leaves_both_models_of_a_trial() -> None:
    """That in training, and the earlier one that instances still show."""
    state = state_of(trial())
    reference = publication.reference(replace(trial().challenger, model=EARLIER), Origin.TRAINED, 9)
    before = replace(published(state), trial=PublishedTrial("auto-1", reference))

    paths = model_retention.name_blobs(state, before, [])

    assert {*RUNNING.paths, *EARLIER.paths, *LATER.paths} <= paths
