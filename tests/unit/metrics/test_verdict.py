"""What the verdict says of a loop, and when."""

from dataclasses import replace

import pytest

from shared.configuration.service_configuration import LearningMode
from shared.metrics.apprentice import Apprentice, ImitatedEvent
from shared.metrics.bins import Metrics
from shared.metrics.estimators.lift import LiftSums
from shared.metrics.lift_record import Conclusion, LiftRecord, Lifts, Over
from shared.metrics.model_rewards import ModelSums
from shared.metrics.model_rewards_forms import Earned
from shared.metrics.verdict import Advantage, Verdict, describe, judge
from shared.times import HOUR, MINUTE, from_iso
from shared.words import round_figure, round_up
from tests.unit.metrics.estimators.test_lift import some_events, sums
from tests.unit.metrics.test_lift_record import grow, part

NOW_US = from_iso("2026-11-28T12:00:00Z")


def judge_record(record: LiftRecord, mode: LearningMode = LearningMode.ONLINE, now_us: int = 2 * HOUR) -> Verdict:
    """Judge a loop by its record alone."""
    return judge(Metrics(lift=record), mode, now_us)


def test_a_loop_that_earns_more_is_better_and_says_by_how_much_and_since_when() -> None:
    verdict = judge_record(grow([300] * 4, first=0.1, others=0.8))

    assert verdict.conclusion is Conclusion.BETTER
    assert verdict.because.startswith("Over the last 1,200 events, the loop earned 0.5")
    assert "more per event than always the first action would have (95 % interval 0." in verdict.because
    assert verdict.because.endswith("So it has been since 1970-01-01T00:05:00Z.")
    assert [*(window.over for window in verdict.windows), Over.LIFE] == list(Over)


def test_a_loop_that_earns_less_is_worse() -> None:
    verdict = judge_record(grow([300] * 4, first=0.8, others=0.1))

    assert verdict.conclusion is Conclusion.WORSE
    assert "less per event than always the first action would have (95 % interval -0." in verdict.because
    assert verdict.windows[0].first.more_events is None


def test_a_loop_that_cannot_be_told_from_its_default_says_how_many_events_would_tell() -> None:
    """From the longest time of which there is anything."""
    verdict = judge_record(grow([100, 100], first=0.3, others=0.6))
    first = verdict.windows[-1].first

    assert verdict.conclusion is Conclusion.NOT_DISTINGUISHABLE
    assert verdict.because.startswith(
        "Over 200 events since 1970-01-01T00:00:00Z (all since mode, settings or model last changed)"
    )
    assert first.more_events is not None
    assert f"which may be chance. If it stays so, about {first.more_events:,} more events will tell." in verdict.because
    assert first.interval is not None
    assert first.interval.low < 0 < first.interval.high


def test_only_a_window_that_keeps_its_events_foretells_how_many_more_will_tell() -> None:
    """The last 1,000 events never become 3,000. Where two of three tell nothing, three times as many are needed."""
    record = grow([300] * 8, first=0.3, others=0.38)
    windows = judge_record(record).windows
    more = [window.first.more_events for window in windows]
    silent = replace(record.sums.first, silent=2 * record.sums.first.events)
    (of_silent,) = [
        window.first.more_events
        for window in judge_record(LiftRecord("loop").plus(Lifts(silent, silent), 0, MINUTE)).windows
        if window.over is Over.CHANGE
    ]

    assert more[:-1] == [None, None, None]
    assert more[-1] is not None
    assert of_silent == pytest.approx(3 * more[-1], rel=0.1)


def test_a_change_of_settings_takes_nothing_back_that_is_proven() -> None:
    """What the loop earned over its life stands beside what it earned since the change."""
    proven = grow([300] * 4, first=0.1, others=0.8)
    verdicts = [
        judge_record(proven.follow(f"{mode}/2/2", 30 * MINUTE), mode)
        for mode in (LearningMode.ONLINE, LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY)
    ]

    for verdict in verdicts:
        assert verdict.conclusion is Conclusion.UNKNOWN
        assert verdict.life is not None
        assert verdict.life.first.conclusion is Conclusion.BETTER
        assert describe(verdict.life).startswith(
            "Over 1,200 events since 1970-01-01T00:00:00Z (the loop's whole life), the loop earned 0.5"
        )
    assert judge_record(LiftRecord("loop")).life is None


def test_the_whole_life_foretells_how_many_more_events_will_tell() -> None:
    """It lets go of no event."""
    life = judge_record(grow([100, 100], first=0.3, others=0.6).follow("others", HOUR)).life

    assert life is not None
    assert life.first.conclusion is Conclusion.NOT_DISTINGUISHABLE
    assert life.first.more_events is not None


def test_without_a_chance_for_the_first_action_nothing_is_known_of_it() -> None:
    """Exploration 0."""
    silent = LiftSums(silent=40)
    verdict = judge_record(LiftRecord("loop").plus(Lifts(silent, silent), 0, MINUTE))

    assert verdict.conclusion is Conclusion.UNKNOWN
    assert "The first action had no chance to be shown in 40 events since" in verdict.because
    assert (verdict.windows[0].first.lift, verdict.windows[0].first.interval) == (None, None)
    assert verdict.since_us == MINUTE, "since the first part, and not since 1970"


def test_events_that_tell_nothing_of_the_first_action_are_told_apart() -> None:
    """An exploration of 0 where the model thinks the first action best now and then: then alone it has a chance."""
    some = replace(part(400, first=0.1, others=0.8).first, silent=1600)
    verdict = judge_record(LiftRecord("loop").plus(Lifts(some, some), 0, MINUTE))

    assert verdict.because.startswith(
        "Over those 400 of the last 2,000 events in which the first action had a chance to be shown, the loop earned 0."
    )


def test_events_that_count_only_if_another_action_was_drawn_tell_nothing() -> None:
    """An application that activates what it likes; without the rule the loop would be better for certain."""
    chosen = [event for place, event in enumerate(some_events(2000, 1)) if not event[0] or place % 2]
    biased = sums(chosen)
    verdict = judge_record(LiftRecord("loop").plus(Lifts(biased, biased), 0, MINUTE))
    (earned, fair) = (
        Earned.of(ModelSums(each.events, each.rewards, each.reward_squares, each)).above_first_action
        for each in (biased, sums(some_events(2000, 1)))
    )

    assert verdict.conclusion is Conclusion.UNKNOWN
    assert "the first action was not drawn as often as its chances say" in verdict.because
    assert verdict.windows[0].first == Advantage(Conclusion.UNKNOWN, len(chosen), 0, None, None, None)
    assert (earned.lift, earned.interval, "as often as" in (earned.because or "")) == (None, None, True)
    assert fair.lift is not None


def test_before_the_first_event_nothing_is_known() -> None:
    assert judge_record(LiftRecord()) == Verdict(
        Conclusion.UNKNOWN,
        "No event is joined yet that was ranked since mode, settings or model last changed.",
        None,
        (),
    )


@pytest.mark.parametrize(
    ("matches", "returns", "says"),
    [
        (83, False, "It has learned its default."),
        (31, False, "as an Online loop it may begin below that."),
        (31, True, "Online it goes on with the model that it had before."),
        (76, False, "These events do not tell yet whether it has learned its default."),
    ],
)
def test_an_apprentice_is_judged_by_how_well_it_imitates(matches: int, says: str, *, returns: bool) -> None:
    """What it earns is what its default earns."""
    imitated = [ImitatedEvent(1.0, matches=number < matches, ceiling=0.84) for number in range(100)]
    metrics = Metrics(apprentice=Apprentice().plus(imitated, 1, 2), lift=grow([300]))
    verdict = judge(metrics, LearningMode.APPRENTICE, NOW_US, returns=returns)

    assert verdict.conclusion is Conclusion.UNKNOWN
    assert f"In {matches}% of the last 100 events" in verdict.because
    assert "at most 84% is possible" in verdict.because
    assert verdict.because.endswith(says)
    assert verdict.apprentice is not None
    assert verdict.apprentice.match_rate == matches / 100


@pytest.mark.parametrize("matches", [True, False])
def test_one_event_does_not_tell_whether_an_apprentice_has_learned(*, matches: bool) -> None:
    """It was drawn at random, for there was no model."""
    metrics = Metrics(apprentice=Apprentice().plus([ImitatedEvent(1.0, matches, 0.9)], 1, 1), lift=grow([1]))
    verdict = judge(metrics, LearningMode.APPRENTICE, NOW_US)

    assert verdict.because.endswith("These events do not tell yet whether it has learned its default.")


def test_an_apprentice_is_not_judged_by_a_model_that_it_has_no_more() -> None:
    """How it imitated in March says nothing of a copy of an Online model, or of an empty one."""
    before = [ImitatedEvent(1.0, matches=True, ceiling=0.9)] * 500
    now = [ImitatedEvent(1.0, matches=number < 30, ceiling=0.9) for number in range(100)]
    apprentice = Apprentice().plus(before, 1, 2)
    anew = judge(Metrics(apprentice=apprentice), LearningMode.APPRENTICE, NOW_US)
    later = judge(Metrics(apprentice=apprentice.plus(now, 3, 4), lift=grow([100])), LearningMode.APPRENTICE, NOW_US)

    assert anew.because.endswith("No event is joined yet that was ranked since mode, settings or model last changed.")
    assert "In 30% of the last 100 events" in later.because


def test_a_loop_that_logs_only_has_nothing_to_compare() -> None:
    assert judge_record(grow([300]), LearningMode.LOGGING_ONLY).windows == ()


def test_a_conclusion_that_the_last_part_did_not_come_to_has_no_beginning() -> None:
    """A day that passes without an event can change the verdict, too."""
    record = replace(grow([300] * 4, first=0.8, others=0.1), conclusion=Conclusion.BETTER)

    assert judge_record(record).since_us is None


@pytest.mark.parametrize(("count", "rounded"), [(0.3, 10), (10.2, 11), (99.5, 100), (1234, 1300), (56_001, 57_000)])
def test_a_forecast_has_two_digits(count: float, rounded: int) -> None:
    assert round_up(count) == rounded


def test_more_events_like_these_make_the_difference_clear() -> None:
    """As many as were foretold, for one loop of which the estimate stays."""
    record = grow([200], first=0.2, others=0.5)
    verdict = judge_record(record)
    more = verdict.windows[-1].first.more_events

    assert more is not None
    times = 1 + more / 200
    log_sums = part(200, 0, 0.2, 0.5).first.times(times * 1.02)
    later = LiftRecord("loop").plus(Lifts(log_sums, log_sums), 0, MINUTE)
    assert later.window(Over.CHANGE, HOUR) is not None
    assert judge_record(later).conclusion is Conclusion.BETTER


def test_what_was_earned_is_over_the_events_that_are_compared() -> None:
    """So that a lift and what it is above of belong together; events that tell nothing of the first action are not."""
    some = replace(part(400, first=0.1, others=0.8).first, silent=1600)
    (window, *_) = judge_record(LiftRecord("loop").plus(Lifts(some, some), 0, MINUTE)).windows
    nothing = LiftSums(silent=40)
    (unknown, *_) = judge_record(LiftRecord("loop").plus(Lifts(nothing, nothing), 0, MINUTE)).windows

    assert window.earned.average_reward == pytest.approx(some.rewards / 400)
    assert window.earned.interval is not None
    assert window.earned.interval[0] < some.rewards / 400 < window.earned.interval[1]
    assert window.first.events == window.earned.non_zero_weights == 400
    assert (unknown.earned.average_reward, unknown.earned.interval) == (None, None)


def test_the_verdict_names_the_window_that_decides() -> None:
    """The one that its sentence is about."""
    clear = judge_record(grow([300] * 4, first=0.1, others=0.8))
    open_ = judge_record(grow([100, 100], first=0.3, others=0.6))

    assert (clear.over, open_.over, judge_record(LiftRecord()).over) == (Over.EVENTS, Over.CHANGE, None)


@pytest.mark.parametrize(
    ("figure", "text"), [(4e-18, "0"), (-0.0, "0"), (0.00001, "0.00001"), (-0.3426, "-0.34"), (1234.5, "1200")]
)
def test_a_figure_of_a_sentence_has_no_exponent(figure: float, text: str) -> None:
    """Nor does a difference that is none look like one."""
    assert round_figure(figure) == text
