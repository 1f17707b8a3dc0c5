"""What a change of the configuration would do, in sentences; and the warning of one after which the loop knows less."""

from dataclasses import replace

import pytest

from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.service_configuration import LearningMode
from shared.metrics.apprentice import ImitatedEvent
from shared.metrics.bins import Bin, PartMetrics, PolicySums
from shared.models.published import Published
from shared.status import exploration_preview
from shared.status.configuration_preview import ChangeFigures, FutureChange, Preview, preview
from shared.status.mode_warnings import mode_warnings
from shared.status.warnings import counter_warnings
from shared.times import DAY, HOUR
from shared.training import mode_changes
from shared.training.configuration_changes import apply_changes, foresee
from shared.training.training_state import State
from tests.unit.metrics.test_lift_record import grow
from tests.unit.training.test_configuration_changes import _CONFIGURATION, _SLOTS, NOW_US, service, state_with_model
from tests.unit.training.test_mode_changes import (
    _APPRENTICE,
    _IMITATION,
    _LOGGING,
    apprentice,
    learned,
    online,
    published_of,
)


def imitating(state: State, matches: int, events: int = 200) -> State:
    """The state of an apprentice that has chosen the first action in so many of its last events."""
    seen = [ImitatedEvent(0.0, matches=number < matches, ceiling=0.84, at_us=number) for number in range(events)]
    return replace(state, metrics=state.metrics.plus(PartMetrics([], imitated=seen), 0, 1))


def never_online(matches: int, events: int = 200) -> State:
    """An apprentice that was never Online."""
    state = apply_changes(state_with_model(), _APPRENTICE, Published())
    return imitating(replace(learned(state, _IMITATION), before_apprentice=None), matches, events)


def foreseen(
    before: Configuration,
    after: Configuration,
    state: State | None,
    figures: ChangeFigures = ChangeFigures(),  # noqa: B008
) -> Preview:
    published = published_of(state) if state else Published()
    return preview(FutureChange(before, after, state, published), figures)


def day_online(loop: float, first: float) -> Bin:
    """A thousand events of which the loop has earned so many a piece, and always the first action would have."""
    spoken = PolicySums(0, 500, 1000.0, 2000.0, first * 1000, first * 2000, first * 2000, 4.0)
    random = PolicySums(0, 1000, 1000.0, 1100.0, 200.0, 220.0, 240.0, 2.0)
    return Bin(NOW_US, 1000, loop * 1000, loop * 1000, 0.0, 1.0, spoken, random, 1000)


def test_a_change_of_nothing_says_so() -> None:
    assert foreseen(_CONFIGURATION, _CONFIGURATION, online()) == Preview(
        [], ["The configuration is like this already: nothing happens."], [], []
    )


def test_a_loop_that_was_never_online_is_told_that_it_goes_on_with_what_the_apprentice_has_learned() -> None:
    """With the match rate, for it or against it."""
    good, poor = (foreseen(_APPRENTICE, _CONFIGURATION, never_online(matches)) for matches in (160, 60))

    assert good.changes == ["learningMode changes from Apprentice to Online."]
    assert "goes on with what the apprentice has learned: with 900 events" in " ".join(good.happens)
    assert "passed over" in " ".join(good.happens)
    assert (len(good.reasons), good.doubts) == (1, [])
    assert good.reasons[0].startswith(
        "In its last 200 events, the apprentice would have shown the first action in 0.800"
    )
    assert "0.840 is the most" in good.reasons[0]
    assert (poor.reasons, len(poor.doubts)) == ([], 1)
    assert "0.300 of them (0.237 to 0.369" in poor.doubts[0]
    few = foreseen(_APPRENTICE, _CONFIGURATION, never_online(8, 10))
    assert (few.reasons, len(few.doubts)) == ([], 1)
    assert few.doubts[0].endswith("That does not tell yet whether it imitates well.")


def test_a_loop_that_was_online_before_is_told_which_model_returns_and_what_it_earned() -> None:
    figures = ChangeFigures(before_apprentice=(day_online(0.42, 0.2),))
    told = foreseen(_APPRENTICE, _CONFIGURATION, imitating(apprentice(), 10), figures)

    text = " ".join(told.happens)
    assert "the loop had before it became an apprentice, with 100 events learned" in text
    assert f"stays in the list of models as {published_of(apprentice()).model.id}" in text  # type: ignore[union-attr]
    assert told.doubts == []
    assert "the loop earned 0.420 (" in told.reasons[0]
    assert "over 1,000 events; always the first action would have earned 0.200" in told.reasons[0]


@pytest.mark.parametrize(("first", "others", "is_against"), [(0.1, 0.8, True), (0.8, 0.1, False)])
def test_a_loop_that_becomes_an_apprentice_is_told_what_it_gives_away(
    first: float, others: float, *, is_against: bool
) -> None:
    """The verdict, which is for the change where the loop earns less than the first action."""
    state = online()
    lift = grow([200] * 8, first=first, others=others)
    told = foreseen(
        _CONFIGURATION,
        _APPRENTICE,
        replace(state, metrics=replace(state.metrics, lift=lift)),
        ChangeFigures(now_us=3 * HOUR),
    )

    assert "is kept with its training state" in " ".join(told.happens)
    assert (len(told.doubts), len(told.reasons)) == ((1, 0) if is_against else (0, 1))
    assert "per event than always the first action would have" in (told.doubts + told.reasons)[0]


def test_settings_that_learn_anew_are_told_with_what_there_is_to_learn() -> None:
    """And against it that the model in use has learned much more."""
    log = {"cb": 30, "cb-apprentice": 500}
    told = foreseen(_CONFIGURATION, service(_CONFIGURATION, default_reward=0.5), online(), ChangeFigures(log))
    empty = foreseen(_CONFIGURATION, service(_CONFIGURATION, default_reward=0.5), online(), ChangeFigures({}))

    assert told.changes == ["defaultReward changes from 0 to 0.5."]
    assert "about 30 events that were ranked Online or in LoggingOnly" in told.happens[0]
    assert "500 events there teach it nothing." in told.happens[0]
    assert "Rank answers with the model in use" in told.happens[1]
    assert told.doubts == [
        "The model in use has learned 100 events; the new one begins with about 30, and may rank worse until it has "
        "learned more."
    ]
    assert "has no events that were ranked Online or in LoggingOnly" in empty.happens[0]
    assert "however few" in empty.doubts[0]


def test_settings_that_were_changed_as_an_apprentice_are_told_to_be_learned_anew_behind_the_returned_model() -> None:
    changed = service(_APPRENTICE, default_reward=0.5)
    state = apply_changes(apprentice(), changed, Published())
    change = FutureChange(changed, service(changed, learning_mode=LearningMode.ONLINE), state, published_of(state))

    assert change.new_cursor
    assert change.new_cursor.learned_up_to_us == NOW_US - 2 * DAY
    text = " ".join(preview(change, ChangeFigures({"cb": 70})).happens)
    assert "uses the model again that the loop had" in text
    assert "about 70 events that were ranked Online" in text


def test_a_field_that_was_not_set_is_told_so() -> None:
    after = service(_CONFIGURATION, auto_optimization_start_date="2026-12-01")

    assert foreseen(_CONFIGURATION, after, online()).changes == [
        "autoOptimizationStartDate changes from 1970-01-16T00:00:00 to 2026-12-01."
    ]


def test_settings_that_need_no_model_start_none() -> None:
    seldom = foreseen(_CONFIGURATION, service(_CONFIGURATION, model_export_frequency="PT1H"), online())
    less = foreseen(_CONFIGURATION, service(_CONFIGURATION, log_retention_days=30), online())
    more = service(_CONFIGURATION, exploration_percentage=0.5)
    state = apply_changes(online(), more, Published())
    back = foreseen(more, service(more, exploration_percentage=0.2), state)

    assert (seldom.happens, less.doubts) == (
        ["No model learns anew: the model in use stays, and goes on learning."],
        [],
    )
    assert less.happens[0].startswith("Log that is older than 30 days is deleted")
    assert back.happens == [
        "The model in use was trained for these settings already: none learns anew.",
        "The learning anew that is at work ends.",
    ]


@pytest.mark.parametrize(("arguments", "doubts"), [("--epsilon 0.2", 1), ("--squarecb", 0)])
def test_to_explore_no_more_is_doubted_where_it_is_epsilon_that_explores(arguments: str, doubts: int) -> None:
    """The status warns of it then, and says of other ways of exploring neither before nor after that there is none."""
    learning = LearningSettings("x", f"--cb_explore_adf {arguments} -q ::")
    before = replace(_CONFIGURATION, learning=learning)
    after = service(before, exploration_percentage=0.0)
    state = apply_changes(online(), before, Published())
    said = [doubt for doubt in foreseen(before, after, state).doubts if "exploration is 0" in doubt]

    assert len(said) == doubts
    assert [warning.code for warning in counter_warnings(state, after)] == ["NoExploration"] * doubts


def test_to_explore_only_is_doubted_with_what_it_costs() -> None:
    """Also when a loop that is set so goes Online; not once more for what it is already."""
    only = service(_CONFIGURATION, exploration_percentage=1.0)
    caution = exploration_preview.caution(only)
    set_now, goes_online, stays = (
        foreseen(before, after, apply_changes(online(), before, Published())).doubts
        for before, after in (
            (_CONFIGURATION, only),
            (service(only, learning_mode=LearningMode.LOGGING_ONLY), only),
            (only, service(only, default_reward=0.5)),
        )
    )

    assert caution is not None
    assert "no Rank follows the model, however much it has learned" in caution
    assert (caution in set_now, caution in goes_online, caution in stays) == (True, True, False)


@pytest.mark.parametrize(
    ("arguments", "from_to", "said"),
    [
        ("--synthcover --epsilon 0.2 --clip_p=0.5", (0.2, 0.05), ("10% more", "")),
        ("--synthcover --epsilon 0.2 --clip_p 0.1", (0.1, 0.02), ("10% more", "")),
        ("--synthcover --epsilon 0.2 --clip_p 0.5", (0.05, 0.02), ("", "")),
        ("--synthcover --epsilon 0.2 --clip_p 0.5", (0.05, 0.3), ("", "2% to 5%")),
        ("--synthcover --epsilon 0.2 --clip_p 0.5", (0.2, 0.01), ("", "below 2%")),
        ("--epsilon 0.2", (0.2, 0.3), ("", "")),
        ("--squarecb --epsilon 0.2", (0.2, 0.3), ("", "")),
    ],
)
def test_an_exploration_is_told_by_what_settings_like_those_of_a_new_loop_earn(
    arguments: str, from_to: tuple[float, float], said: tuple[str, str]
) -> None:
    """Of other settings nothing is known, and nothing is said."""
    learning = LearningSettings("x", f"--cb_explore_adf {arguments} -q ::")
    before, after = (
        service(replace(_CONFIGURATION, learning=learning), exploration_percentage=share) for share in from_to
    )
    told = foreseen(before, after, apply_changes(online(), before, Published()))

    for sentences, expected in zip((told.reasons, told.doubts), said, strict=True):
        about = [sentence for sentence in sentences if "xploration" in sentence or "10%" in sentence]
        assert bool(about) == bool(expected)
        assert expected in "".join(about)


@pytest.mark.parametrize("mode", [LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY])
def test_a_loop_that_shows_the_default_is_not_warned_that_it_does_not_explore(mode: LearningMode) -> None:
    """What it draws is not shown, so nothing is missing until it goes Online."""
    after = service(_CONFIGURATION, exploration_percentage=0.0, learning_mode=mode)

    assert counter_warnings(online(), after) == []


def test_another_problem_type_is_told_to_drop_the_model() -> None:
    told = foreseen(_CONFIGURATION, _CONFIGURATION.with_learning(_SLOTS, NOW_US), online(), ChangeFigures({"cb": 9}))
    as_apprentice = _APPRENTICE.with_learning(_SLOTS, NOW_US)
    state = apply_changes(apprentice(), as_apprentice, Published())
    back = FutureChange(as_apprentice, service(as_apprentice, learning_mode=LearningMode.ONLINE), state, Published())

    assert told.changes[1].startswith("The arguments of the learning settings change from --cb_explore_adf")
    assert "is dropped with the next run of the trainer" in " ".join(told.happens)
    assert told.doubts == ["The model in use has learned 100 events, of which nothing is used any more."]
    assert "cannot be used again, since the learning settings are for another problem type now" in " ".join(
        preview(back, ChangeFigures()).happens
    )


def test_a_loop_that_only_logs_and_one_that_has_not_run_have_previews_too() -> None:
    logging = foreseen(_CONFIGURATION, _LOGGING, online())
    fresh = foreseen(_APPRENTICE, _CONFIGURATION, None)

    assert logging.happens[1] == "The model in use goes on."
    assert "no model yet" in " ".join(fresh.happens)
    assert len(fresh.doubts) == 1


def test_no_secret_is_told() -> None:
    uri = "https://kitchen.blob.core.windows.net/menus?sp=rw&sig=secret"
    told = foreseen(_CONFIGURATION, service(_CONFIGURATION, log_mirror_sas_uri=uri), online())

    assert told.changes == ["logMirrorSasUri changes."]


def switched(state: State, after: Configuration = _CONFIGURATION) -> State:
    """The state after a run of the trainer, after a change of the mode."""
    return foresee(state, after, published_of(state))


def test_a_poor_apprentice_that_goes_online_is_warned_of_until_the_loop_has_learned_enough() -> None:
    """From the moment of the change, before the trainer has followed it; taking it back ends the warning, too."""
    state = never_online(60)
    after = switched(state)
    later, enough = (
        replace(after, counters=replace(after.counters, learned=after.counters.learned + more)) for more in (999, 1000)
    )
    published = published_of(state)

    for warned in (state, after, later):
        (warning,) = mode_warnings(warned, _CONFIGURATION, published)
        assert warning.code == "ModeSwitchForgets"
        assert "0.300 of them" in warning.message
    assert mode_warnings(enough, _CONFIGURATION, published) == []
    assert mode_warnings(after, _APPRENTICE, published) == mode_warnings(after, _LOGGING, published) == []


def test_a_poor_apprentice_that_only_logs_for_a_while_before_it_goes_online_is_warned_of() -> None:
    logging = switched(never_online(60), _LOGGING)

    assert [warning.code for warning in mode_warnings(logging, _CONFIGURATION, Published())] == ["ModeSwitchForgets"]


@pytest.mark.parametrize("state", [never_online(150), never_online(30, 99), imitating(apprentice(), 10), online()])
def test_a_loop_that_goes_online_without_loss_is_not_warned_of(state: State) -> None:
    """It imitates well, or has had too few events to tell, or goes on with the model that it had, or was Online."""
    assert mode_warnings(state, _CONFIGURATION, published_of(state)) == []
    assert mode_warnings(switched(state), _CONFIGURATION, published_of(state)) == []
    assert mode_warnings(None, _CONFIGURATION, Published()) == []


def test_a_model_that_cannot_return_is_warned_of_with_the_reason() -> None:
    online_again = switched(apprentice(), _APPRENTICE)
    ahead = apply_changes(online_again, _CONFIGURATION, published_of(online_again))
    lost = mode_changes.give_up_return(ahead, "the model a/b.vw is gone or damaged in storage")
    slots = _CONFIGURATION.with_learning(LearningSettings("slots", _SLOTS.arguments), NOW_US)

    (warning,) = mode_warnings(lost, _CONFIGURATION, published_of(lost))
    (of_slots,) = mode_warnings(apprentice(), slots, published_of(apprentice()))

    assert "a/b.vw is gone" in warning.message
    assert "another problem type" in of_slots.message
