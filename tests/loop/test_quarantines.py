"""Quarantines and relabels: what a loop has that gets one later is what it would have had from the beginning."""

import json
from collections.abc import Iterable, Iterator
from copy import replace
from pathlib import Path

import pytest

from evaluate_fn import adoption
from evaluate_fn.adoption import LearnedPolicy
from export_fn import correction_range, quarantine_preview, relabel_evaluation
from shared.configuration import configuration_store, quarantine_changes, relabel_changes
from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.corrections import Correction, Quarantine, Relabel, RelabelFigures, RewardFormula
from shared.configuration.service_configuration import LearningMode
from shared.configuration.settings_change import Act, Cause
from shared.evaluation import evaluation_run_store
from shared.evaluation.outcome import PolicyOutcome
from shared.evaluation.tasks import TrainedModel
from shared.intake.rows import Event
from shared.log import log_line, ranked_event
from shared.log.corrected_lines import CorrectedLines
from shared.log.quarantine_forms import QuarantinePreview
from shared.metrics import metrics_store, recent_store
from shared.metrics.bins import BIN_US, Bin, Day, EventOutcomes, Metrics, Pending, day_us, total
from shared.metrics.recent import hour_us
from shared.metrics.recount import Recount
from shared.models import model_store, published_store
from shared.models.model_description import ModelDescription
from shared.models.published import ModelFiles, ModelReference, Origin, Published, Start
from shared.status.event_trace import trace
from shared.status.quarantine_effect import find_effect
from shared.storage import json_documents
from shared.times import DAY, HOUR, MINUTE
from shared.training.cursor import empty_cursor
from shared.training.training_state import State
from status_fn.evidence import read_evidence
from tests.clock import now_us
from tests.loop import driven_log, evaluated_log, past
from tests.loop.conftest import StartTrainer
from tests.loop.driven_log import START_US
from tests.loop.evaluated_log import use_storage
from tests.loop.stored_loop import StoredLoop
from train_timer import earlier_start, last_day, model_replay, optimization_rounds, recounting, trials

FROM_US = hour_us(now_us()) - 11 * HOUR
TO_US = FROM_US + 90 * MINUTE
"""So long ago that all rewards of the events before it are in parts that are over, as of `past.long_ago`."""
BAD = Correction("bad-hour", FROM_US + 37 * MINUTE, FROM_US + 62 * MINUTE)


def rows() -> past.Past:
    """Everything that happens to a loop in an hour and a half."""
    return past.lively(11, FROM_US, TO_US, 100, past.OFTEN_WAIT)


HALVED = replace(BAD, id="halved", formula=RewardFormula(0.5))


def correct_from_the_beginning(configuration: Configuration, *corrections: Correction) -> Configuration:
    """The configuration with these quarantines and relabels from the beginning."""
    revision = configuration.revision
    quarantines = [Quarantine(each, "why", 0, "test", revision) for each in corrections if each.formula is None]
    relabels = [relabel(each, revision) for each in corrections if each.formula is not None]
    return replace(configuration, quarantines=tuple(quarantines), relabels=tuple(relabels))


def relabel(correction: Correction, revision: int) -> Relabel:
    """A relabel that is active since a revision, or proposed."""
    figures = RelabelFigures(0)
    return Relabel(correction, "why", figures, 0, "test", revision, activated_us=1 if revision else None)


def activate(stored_loop: StoredLoop, correction: Correction) -> None:
    """Propose a relabel, and activate it."""
    with use_storage(stored_loop.storage):
        figures = relabel_evaluation.evaluate(correction)
        new = Relabel(correction, "why", figures, now_us(), "test")
        configuration_store.change_configuration(lambda stored: relabel_changes.propose(stored, new))
        configuration_store.change_configuration(
            lambda stored: relabel_changes.activate(stored, correction.id, "test", now_us())
        )


def learn(stored_loop: StoredLoop, trainer: StartTrainer, text: str = "", *, single_part: bool = False) -> State:
    """Let the trainer join, learn, count and publish, and log a text; gives the commit record after it."""
    with trainer(stored_loop.storage, single_part=single_part) as running:
        running.succeed()
        assert text in running.read_log()
    return json_documents.read(State, stored_loop.blob("state.json") or b"")


def make(stored_loop: StoredLoop, correction: Correction) -> None:
    """Put events into quarantine."""
    new = Quarantine(correction, "a bad hour", now_us(), "test", 0)
    with use_storage(stored_loop.storage):
        configuration_store.change_configuration(lambda stored: quarantine_changes.add(stored, new, now_us()))


def lift(stored_loop: StoredLoop, quarantine_id: str) -> None:
    """Lift a quarantine."""
    with use_storage(stored_loop.storage):
        configuration_store.change_configuration(
            lambda stored: quarantine_changes.lift(stored, quarantine_id, "test", now_us())
        )


def sums(bins: Iterable[Bin]) -> list[object]:
    """What bins hold, to a precision in which the order of additions does not show."""
    return [json.loads(json_documents.to_json(each), parse_float=_round) for each in bins]


def _round(text: str) -> float:
    return round(float(text), 6)


def read_bins(stored_loop: StoredLoop, state: State) -> list[Bin]:
    """The bins of five minutes, those of a finished day too: at some hours, the rows are of yesterday."""
    with use_storage(stored_loop.storage):
        return metrics_store.read_bins(FROM_US, now_us(), state.metrics)


def read_last_day(stored_loop: StoredLoop) -> list[object]:
    """The bins of ten seconds of the last day."""
    with use_storage(stored_loop.storage):
        return sums(recent_store.read_bins(FROM_US - DAY, now_us()))


def test_a_quarantine_leaves_what_a_loop_has_that_was_in_it_from_the_beginning(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """Models, bins and the last day; the log stays, and all is as it was once the quarantine is lifted.

    Learning anew begins with the model that ends before the bad hour.
    """
    past.configure(stored_loop, past.often())
    past.configure(undisturbed, correct_from_the_beginning(past.often(), BAD))
    for loop in (stored_loop, undisturbed):
        rows().write(loop)
    learn(stored_loop, trainer, single_part=True)  # publishes a model that ends before the bad hour
    expected = learn(undisturbed, trainer)
    for _ in range(2):  # two models where the rows are of two days: one ends with the first of them
        past.await_export_time(stored_loop)
        before = learn(stored_loop, trainer)
    bins_before = sums(read_bins(stored_loop, before))
    lines, day = stored_loop.lines(), read_last_day(stored_loop)

    make(stored_loop, BAD)
    past.await_export_time(stored_loop)
    after = learn(stored_loop, trainer, "learning anew begins with model")

    assert stored_loop.lines() == lines
    assert (after.next, after.running.corrections) == (None, (BAD,))
    assert after.running.events == expected.running.events < before.running.events
    published = stored_loop.document("published.json")["model"]
    assert published["learned_events"] == expected.running.events
    assert sums(read_bins(stored_loop, after)) == sums(read_bins(undisturbed, expected)) != bins_before
    assert read_last_day(stored_loop) == read_last_day(undisturbed) != day
    counted = expected.counters
    taken = counted.learned + counted.not_activated + counted.refused + counted.passed_over + counted.answered_otherwise
    assert counted.quarantined == counted.events - taken > 0
    [compared] = after.changed_decisions
    assert (compared.corrections, compared.revision) == ((BAD.key,), after.running.revision)
    held = CorrectedLines([BAD])
    assert 0 < compared.events == sum(_is_usable(line) and not held.is_quarantined(line) for line in lines)

    check_told(stored_loop, BAD, lines)
    with use_storage(stored_loop.storage):
        assert model_replay.replay(published["id"], lambda _: None).identical

    lift(stored_loop, BAD.id)
    again = learn(stored_loop, trainer)
    assert (again.running.corrections, again.running.events) == ((), before.running.events)
    assert sums(read_bins(stored_loop, again)) == bins_before
    assert read_last_day(stored_loop) == day


def test_a_relabel_leaves_what_a_loop_has_that_had_it_from_the_beginning(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """Sums of rewards and what models have learned; how the events ended stays."""
    past.configure(stored_loop, past.often())
    past.configure(undisturbed, correct_from_the_beginning(past.often(), HALVED))
    for loop in (stored_loop, undisturbed):
        rows().write(loop)
    before, expected = learn(stored_loop, trainer), learn(undisturbed, trainer)
    bins_before, lines = read_bins(stored_loop, before), stored_loop.lines()

    activate(stored_loop, HALVED)
    after = learn(stored_loop, trainer)
    bins = read_bins(stored_loop, after)

    assert stored_loop.lines() == lines
    assert after.running.corrections == (HALVED,)
    assert after.running.events == before.running.events
    assert predictor(stored_loop, after) == predictor(undisturbed, expected) != predictor(stored_loop, before)
    assert sums(bins) == sums(read_bins(undisturbed, expected)) != sums(bins_before)
    assert [each.outcomes for each in bins] == [each.outcomes for each in bins_before]
    assert read_last_day(stored_loop) == read_last_day(undisturbed)
    with use_storage(stored_loop.storage):
        [made] = configuration_store.read_configuration().relabels
    figures, sum_before, sum_after = made.figures, total(bins_before, 0), total(bins, 0)
    assert figures.after[0] - figures.before[0] == pytest.approx(sum_after.rewards - sum_before.rewards)
    assert 0 < sum_after.relabelled <= figures.events
    assert 0 < figures.changed < figures.rewards


def test_what_waits_to_be_learned_is_counted_anew_as_what_it_will_be(stored_loop: StoredLoop) -> None:
    """Of a loop whose model does not come to it, it would be learned in the metrics for ever."""
    lines = [line(past.event(str(number), START_US + number * MINUTE)) for number in range(10)]
    correction = replace(BAD, from_us=START_US + 3 * MINUTE, to_us=START_US + 7 * MINUTE)
    bins = (Bin(START_US, events=5, joined=5), Bin(START_US + BIN_US, events=5, joined=5))
    pending = tuple(Pending(START_US, each.from_us, "cb", 5, 0) for each in bins)
    with driven_log.begin(stored_loop, lines), driven_log.take() as trainer:
        metrics = Metrics(bins, pending)
        recount = Recount.over(correction.from_us, correction.to_us)
        trainer.commit(replace(trainer.state, metrics=metrics, counted_under=(correction,), recount=recount))

        recounting.go_on(trainer, 0)

        metrics = trainer.state.metrics
    assert [(each.events, sum(each.quarantined)) for each in metrics.bins] == [(3, 0), (3, 0)]
    settled = metrics.settle(START_US, "cb", 0, refused=0)
    ends = [(each.joined, each.outcomes.learned, each.quarantined.learned) for each in settled.bins]
    assert ends == [(5, 3, 2), (5, 3, 2)]


def test_days_that_are_over_are_counted_anew_and_what_has_left_the_log_stays(stored_loop: StoredLoop) -> None:
    """However often: the position may be lost after the day was written. Metrics say what they still hold."""
    lines = [line(past.event(str(number), START_US + number * MINUTE)) for number in range(5)]
    correction = replace(BAD, from_us=START_US + 3 * MINUTE, to_us=START_US + 7 * MINUTE)
    whole = Bin(START_US, events=5, joined=5, outcomes=EventOutcomes(learned=5))
    gone = replace(whole, from_us=START_US + BIN_US)
    recount = Recount.over(correction.from_us, correction.to_us)
    with driven_log.begin(stored_loop, lines), driven_log.take() as trainer:
        metrics_store.write(day_us(START_US), Day((whole, gone)))

        for _ in range(2):
            trainer.commit(replace(trainer.state, counted_under=(correction,), recount=recount))
            recounting.go_on(trainer, 0)

        counted, left = metrics_store.read_bins(START_US, START_US + HOUR, Metrics())
        after = trainer.state.recount
    assert (counted.events, counted.outcomes.learned, counted.quarantined.learned) == (3, 3, 2)
    assert left == gone
    assert after is not None
    assert (after.is_done, after.left_from_us) == (True, gone.from_us)


def test_a_range_that_begins_long_before_the_loop_is_counted_anew_at_once(stored_loop: StoredLoop) -> None:
    """Each of its days would take a write, and a pass comes to some hundreds of them."""
    lines = [line(past.event(str(number), START_US + number * MINUTE)) for number in range(5)]
    correction = replace(BAD, from_us=0, to_us=START_US + 7 * MINUTE)
    with driven_log.begin(stored_loop, lines), driven_log.take() as trainer:
        metrics = Metrics((Bin(START_US, events=5, joined=5, outcomes=EventOutcomes(learned=5)),))
        recount = Recount.over(correction.from_us, correction.to_us)
        trainer.commit(replace(trainer.state, metrics=metrics, counted_under=(correction,), recount=recount))

        recounting.go_on(trainer, 0)

        state = trainer.state
    assert [(each.events, each.quarantined.learned) for each in state.metrics.bins] == [(0, 5)]
    assert state.recount is not None
    assert state.recount.is_done


@pytest.mark.parametrize("cut", [slice(200), slice(-40), slice(20), slice(0)])
def test_a_line_that_somebody_has_cut_holds_nothing_up(stored_loop: StoredLoop, cut: slice) -> None:
    """A bad hour can still be previewed, relabelled, and counted anew."""
    lines = [line(past.event(str(number), START_US + number * MINUTE)) for number in range(5)]
    correction = replace(BAD, from_us=START_US, to_us=START_US + HOUR)
    with driven_log.begin(stored_loop, [*lines, lines[0][cut]]), driven_log.take() as trainer:
        figures = relabel_evaluation.evaluate(replace(correction, formula=RewardFormula(0.5)))
        previewed = quarantine_preview.preview(correction)
        metrics = Metrics((Bin(START_US, events=5, joined=5, outcomes=EventOutcomes(learned=5)),))
        recount = Recount.over(correction.from_us, correction.to_us)
        trainer.commit(replace(trainer.state, metrics=metrics, counted_under=(correction,), recount=recount))

        recounting.go_on(trainer, 0)
        details = last_day.read_details(iter([*lines, lines[0][cut]]), 0, CorrectedLines(()), None)

        state = trainer.state
    assert (figures.events, previewed.events >= 5, total(details.bins, 0).events) == (5, True, 5)
    assert state.recount is not None
    assert state.recount.is_done
    assert state.metrics.bins[0].events == 0


def test_a_relabel_tells_what_it_changes_of_what_others_have_made(stored_loop: StoredLoop) -> None:
    """It comes after those that are active."""
    ranked, settings = past.event("e", START_US), past.configuration(**driven_log.SOON).rewards
    event = ranked_event.unpack(ranked.payload, ranked.event_id, ranked.at_us)
    text = log_line.event_line(event, [past.reward("e", START_US + MINUTE)], settings).text
    correction = replace(BAD, from_us=START_US, to_us=START_US + HOUR)
    active = replace(correction, id="active", formula=RewardFormula(fixed=0.5))
    with driven_log.begin(stored_loop, [text]):
        activate(stored_loop, active)

        formulas = RewardFormula(low=0.25, high=0.75), RewardFormula(high=0.25)
        figures = [relabel_evaluation.evaluate(replace(correction, formula=formula)) for formula in formulas]

    assert [(each.rewards, each.changed, each.before[0], each.after[0]) for each in figures] == [
        (1, 0, 0.5, 0.5),
        (1, 1, 0.5, 0.25),
    ]


def line(event: Event) -> bytes:
    """An event as it is logged without rewards."""
    ranked = ranked_event.unpack(event.payload, event.event_id, event.at_us)
    return log_line.event_line(ranked, [], past.configuration().rewards).text


@pytest.mark.parametrize("correction", [BAD, replace(BAD, from_us=TO_US, to_us=TO_US + HOUR)], ids=["inside", "later"])
@pytest.mark.usefixtures("at_home")
def test_a_policy_is_applied_without_what_it_has_learned_of_log_that_was_put_into_quarantine_since(
    correction: Correction, tmp_path: Path
) -> None:
    """The loop then learns anew with its settings."""
    (tmp_path / "model").write_bytes(b"a model")
    evaluation = evaluated_log.build_evaluation("e", (FROM_US, TO_US))
    sha256 = evaluation_run_store.keep_model(evaluation, tmp_path / "model")
    settings = LearningSettings("custom", evaluated_log.CUSTOM[0].arguments or "")
    model = TrainedModel(sha256, sha256, 7)
    learned = LearnedPolicy(settings, model, FROM_US, TO_US, LearningMode.ONLINE, TO_US, Origin.APPLIED)
    new = Quarantine(correction, "why", 0, "test", 0)
    configuration_store.change_configuration(lambda stored: quarantine_changes.add(stored, new, now_us()))

    adoption.adopt(evaluation, learned, lambda _: None, Cause("test", Act.EVALUATION))

    assert configuration_store.read_configuration().learning == settings
    assert published_store.read_published().generation == (0 if correction == BAD else 1)


@pytest.mark.usefixtures("at_home")
def test_a_quarantine_from_before_a_search_does_not_end_the_trial_of_what_it_found(tmp_path: Path) -> None:
    """Although it begins after the log of the search: its events are to come, for the challenger, too."""
    (tmp_path / "model").write_bytes(b"a model")
    to_come = Quarantine(replace(BAD, from_us=TO_US, to_us=TO_US + HOUR), "why", 0, "test", 0)
    configuration = configuration_store.change_configuration(
        lambda stored: quarantine_changes.add(stored, to_come, now_us())
    )
    evaluation = evaluated_log.build_evaluation("e", (FROM_US, TO_US))
    sha256 = evaluation_run_store.keep_model(evaluation, tmp_path / "model")
    policy = PolicyOutcome(evaluated_log.CUSTOM[0], "", {}, model=TrainedModel(sha256, sha256, 7))
    state = State(TO_US + HOUR, empty_cursor(configuration, 0, FROM_US))

    challenger = trials.make_challenger(state, evaluation, policy, configuration)

    assert evaluation.log.corrections == ()
    assert challenger.agrees_with(configuration.corrections, state.joined_up_to_us)


@pytest.mark.parametrize(("ends_after_us", "begins"), [(HOUR, False), (-HOUR, True)])
@pytest.mark.usefixtures("at_home")
def test_no_trial_begins_while_what_showed_an_action_is_in_quarantine(ends_after_us: int, *, begins: bool) -> None:
    """The events that are left would speak for whoever seldom shows that action."""
    now, evaluation = now_us(), evaluated_log.build_evaluation("e", (FROM_US, TO_US))
    policy = PolicyOutcome(evaluated_log.CUSTOM[0], "", {})
    loop = past.configuration(reward_wait_time="PT10M", is_auto_optimization_enabled=True)
    of_action = Correction("q", now - 3 * HOUR, now + ends_after_us, "tea")
    configuration = quarantine_changes.add(loop, Quarantine(of_action, "why", 0, "test", 0), now)

    because = optimization_rounds._why_no_trial(None, evaluation, policy, configuration)

    assert because is None if begins else "depends on what was drawn" in (because or "")


def predictor(stored_loop: StoredLoop, state: State) -> bytes:
    """What Rank would load."""
    assert state.running.model is not None
    with use_storage(stored_loop.storage):
        return model_store.read_intact(state.running.model.predictor_blob)


def check_told(stored_loop: StoredLoop, correction: Correction, lines: list[bytes]) -> None:
    """See what the trace, the preview and the quarantine itself tell."""
    held = CorrectedLines([correction])
    inside = [line for line in lines if held.is_quarantined(line)]
    state = json_documents.read(State, stored_loop.blob("state.json") or b"")
    with use_storage(stored_loop.storage):
        configuration = configuration_store.read_configuration()
        previewed = quarantine_preview.preview(replace(correction, id=""))
        pieces = list(preview_in_pieces(replace(correction, id="")))
        traced = [
            event for line in inside for event in trace(read_evidence(log_line.read_ids(line).event_id, None)).events
        ]
    assert (previewed.events, previewed.quarantined, previewed.already, previewed.done) == (len(inside),) * 3 + (True,)
    assert previewed.first == min(map(log_line.event_us, inside))
    assert sum(piece.quarantined for piece in pieces) == len(inside)
    states = {event.state for event in traced if correction.from_us <= event.at_us < correction.to_us}
    assert {"quarantined"} <= states <= {"quarantined", "answeredOtherwise"}
    assert all(correction.id in event.because for event in traced if event.state == "quarantined")
    effect = find_effect(configuration.quarantines[0], state)
    assert (effect.learned, effect.counted) == (True, True)
    assert effect.decisions is not None
    assert effect.decisions.events == state.changed_decisions[-1].events


def preview_in_pieces(correction: Correction) -> Iterator[QuarantinePreview]:
    """Preview a quarantine by calls that have no time for more than they must count, each from the `next` before it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(correction_range, "_SECONDS", 0.0)
        yield (piece := quarantine_preview.preview(correction))
        while piece.next is not None:
            yield (piece := quarantine_preview.preview(replace(correction, from_us=piece.next)))


def _is_usable(line: bytes) -> bool:
    return log_line.is_event(line) and b"_skipLearn" not in line


@pytest.mark.usefixtures("at_home")
def test_learning_anew_begins_with_a_model_that_has_learned_nothing_of_any_quarantine() -> None:
    """A newer model that has learned an earlier quarantine's events is passed by, and one that is damaged, too."""
    configuration = configuration_store.read_configuration()
    early, late = replace(BAD, id="early", to_us=BAD.from_us + MINUTE), replace(BAD, id="late", from_us=BAD.to_us)
    clean, old, newest = (
        _store_model(configuration, name, up_to_us, corrections)
        for name, up_to_us, corrections in (
            ("clean", BAD.to_us - 3 * MINUTE, (early,)),
            ("old", BAD.to_us - 2 * MINUTE, ()),
            ("newest", BAD.to_us - MINUTE, (early,)),
        )
    )
    cursor = replace(empty_cursor(configuration, 0, 0), learned_from_us=FROM_US)
    running = replace(cursor, learned_up_to_us=TO_US, model=newest.files, corrections=(early, late))
    coming = replace(cursor, learned_up_to_us=FROM_US, corrections=(early,), revision=9)
    state = State(TO_US, running, coming)
    published = Published(model=newest, previous=(old, clean))

    first = earlier_start.find(state, published)
    model_store.remove(next(blob for blob in model_store.list_blobs() if blob.path == newest.state_blob))
    second = earlier_start.find(state, published)

    assert first == replace(coming, model=newest.files, learned_up_to_us=newest.learned_up_to_us)
    assert second == replace(coming, model=clean.files, learned_up_to_us=clean.learned_up_to_us)
    assert earlier_start.find(replace(state, next=replace(coming, exploration=0.9)), published) is None
    assert earlier_start.find(replace(state, next=second), published) is None


@pytest.mark.parametrize(
    ("settings_changed", "from_us", "expected"),
    [(False, BAD.from_us, True), (False, FROM_US - HOUR, True), (True, BAD.from_us, False)],
)
@pytest.mark.usefixtures("at_home")
def test_learning_anew_begins_with_an_imported_model_as_the_model_in_use_did(
    settings_changed: bool, from_us: int, expected: bool
) -> None:
    """It has learned none of the log. Where settings changed since, the model in use has begun with nothing."""
    configuration = configuration_store.read_configuration()
    stored = _store_model(configuration, "imported", FROM_US, ())
    model_store.remove(next(blob for blob in model_store.list_blobs() if blob.path.endswith(".json")))
    imported = replace(stored, learned_in=None)
    cursor = replace(empty_cursor(configuration, 1, 0), learned_from_us=FROM_US)
    running = replace(cursor, learned_up_to_us=TO_US, model=stored.files, revision=2 if settings_changed else 1)
    coming = replace(cursor, learned_up_to_us=FROM_US, corrections=(replace(BAD, from_us=from_us),), revision=9)
    published = Published(generation=1, model=imported, start=Start(imported, FROM_US, revision=1))

    begun = earlier_start.find(State(TO_US, running, coming), published)

    assert (begun == replace(coming, model=imported.files)) is expected
    assert (begun is None) is not expected


def _store_model(
    configuration: Configuration, name: str, up_to_us: int, corrections: tuple[Correction, ...]
) -> ModelReference:
    """A model that the trainer has made, with its description."""
    state_blob, predictor_blob = (model_store.put(f"{kind} {name}".encode(), up_to_us, 1) for kind in ("state", "p"))
    cursor = empty_cursor(configuration, 0, up_to_us)
    description = ModelDescription(
        predictor_blob,
        cursor.arguments,
        cursor.exploration,
        cursor.rewards,
        1,
        up_to_us,
        7,
        None,
        (),
        corrections=corrections,
    )
    model_store.describe(state_blob, description)
    files = ModelFiles.at(state_blob, predictor_blob, 7, learned_in=LearningMode.ONLINE)
    return ModelReference.of(
        files,
        name,
        arguments=cursor.arguments,
        revision=1,
        learned_from_us=FROM_US,
        learned_up_to_us=up_to_us,
        made_at_us=up_to_us,
        origin=Origin.TRAINED,
    )
