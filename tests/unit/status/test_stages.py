"""The five stages say where a loop is in order, and never contradict the rest of the status."""

import re
from dataclasses import replace

import pytest

from shared.metrics.bins import Bin, EventOutcomes, Metrics, Pending
from shared.models.published import ModelFiles, Published
from shared.status import learning_status, troubles
from shared.status.late_rewards import LateRewards
from shared.status.learning_status import StatusInputs, Waiting
from shared.status.stage_rules import Light
from shared.status.stages import TROUBLED, WARNED, Stage, StageName, judge_stages
from shared.status.warnings import LoopWarning, counter_warnings
from shared.times import DAY, HOUR, MINUTE, SECOND
from shared.training import trouble
from shared.training.configuration_changes import new_state
from shared.training.cursor import Counters
from shared.training.reward_rate import RewardedEvents, RewardRate
from shared.training.training_state import LastRun, Snapshot, State
from shared.training.trouble import Subject
from tests.unit.pages import ROOT, page
from tests.unit.status.test_learning_status import _CONFIGURATION, _MODEL, NOW_US, inputs, state_of_trained_loop

JOINED_US = NOW_US - 11 * MINUTE
PUBLISHED = Published(model=_MODEL)


def judge(status: StatusInputs, *warnings: LoopWarning) -> dict[StageName, Stage]:
    """The stages by name, with the warnings of the counters and others."""
    stages = judge_stages(status, [*counter_warnings(status.state, status.configuration), *warnings])
    assert [stage.name for stage in stages] == list(StageName)
    return {stage.name: stage for stage in stages}


def lights(status: StatusInputs, *warnings: LoopWarning) -> str:
    """The first letters of the five lights: g, w or t."""
    return "".join(stage.light[0] for stage in judge(status, *warnings).values())


def state_in_use(**changes: object) -> State:
    """A loop that has had 100 Ranks in the last bin before the join position."""
    bin_us = JOINED_US - MINUTE
    bins = (Bin(bin_us - bin_us % (5 * MINUTE), joined=100, outcomes=EventOutcomes(learned=100)),)
    metrics = Metrics(bins=bins, last_rank_us=JOINED_US - MINUTE, last_reward_us=JOINED_US - 4 * MINUTE)
    counters = Counters(events=100, learned=100, rewards=50, unlike_default=50)
    whole = state_of_trained_loop(joined_up_to_us=JOINED_US, metrics=metrics, counters=counters)
    return replace(whole, **{"snapshots": (Snapshot(0, Counters()),), **changes})  # type: ignore[arg-type]


def waiting(events: int) -> Waiting:
    """Ranks of the last minute."""
    return Waiting(events, False, NOW_US - MINUTE, NOW_US - SECOND, events)


def test_every_warning_turns_a_stage_or_none() -> None:
    """A new warning has to be given a place, or none, by whoever makes it."""
    sources = [*ROOT.glob("shared/status/*warnings.py"), *ROOT.glob("status_fn/*.py")]
    codes = {code for path in sources for code in re.findall(r'LoopWarning\(\s*"(\w+)"', path.read_text("utf-8"))}

    assert set(WARNED) == codes
    assert set(TROUBLED) == set(Subject)


def test_the_page_tells_which_warnings_turn_which_stage() -> None:
    """All of them, and no other."""
    documented: dict[str, set[str]] = {}
    for stage, *cells in page("docs/operating.md").rows():
        codes = {code for code in re.findall(r"\w+", " ".join(cells)) if WARNED.get(code)}
        if stage in set(StageName) and codes:
            documented[stage] = codes

    assert documented == {
        name: {code for code, turned in WARNED.items() if turned is name}
        for name in StageName
        if name in WARNED.values()
    }


@pytest.mark.parametrize("code", [code for code, name in WARNED.items() if name])
def test_a_warning_turns_its_stage_with_its_own_words(code: str) -> None:
    """And no other stage."""
    stages = judge(inputs(state_in_use(), waiting(3), PUBLISHED), LoopWarning(code, "message", "advice"))
    in_trouble = [stage for stage in stages.values() if stage.light is Light.TROUBLE]

    assert [(stage.name, stage.because, stage.what_to_do) for stage in in_trouble] == [
        (WARNED[code], "message", "advice")
    ]


@pytest.mark.parametrize("subject", [*Subject, "of a newer version"])
def test_trouble_of_the_trainer_turns_the_stage_that_does_not_go_on(subject: str) -> None:
    """What only goes on beside the loop turns none."""
    state = state_in_use(troubles=trouble.with_failure({}, subject, "it broke", "", NOW_US))
    stages = judge(inputs(state, waiting(3), PUBLISHED)).values()
    told = troubles.message(subject, state.troubles[subject]), troubles.what_to_do(subject)

    in_trouble = [(stage.name, stage.because, stage.what_to_do) for stage in stages if stage.light is Light.TROUBLE]
    assert in_trouble == ([(name, *told)] if (name := TROUBLED.get(subject)) else [])


FRESH = new_state(_CONFIGURATION, Published())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (inputs(None), "wwwww"),
        (inputs(None, waiting(1)), "gwwww"),
        (inputs(None, Waiting(1, False, NOW_US - DAY, NOW_US - DAY, 1)), "wwtww"),
        (inputs(FRESH), "wwwww"),
        (inputs(FRESH, waiting(1)), "gwwww"),
        (replace(inputs(FRESH, waiting(1)), newest_reward_us=NOW_US), "ggwww"),
        (inputs(state_in_use(), waiting(3), PUBLISHED), "ggggg"),
        (inputs(state_in_use(), Waiting(), PUBLISHED), "ggggg"),
        (replace(inputs(state_in_use(), Waiting(), PUBLISHED), now_us=NOW_US + HOUR), "wgggg"),
        (inputs(state_in_use(), Waiting(3, False, NOW_US - DAY, NOW_US, 3), PUBLISHED), "ggtgg"),
        (inputs(state_in_use(), waiting(3)), "ggggw"),
        (inputs(state_in_use(running=FRESH.running), waiting(3)), "gggww"),
        (inputs(state_in_use(), waiting(3), Published(model=replace(_MODEL, arguments="--ccb_explore_adf"))), "gggww"),
        (inputs(state_in_use(counters=Counters(events=9, not_activated=9)), waiting(3)), "gwgtw"),
        (inputs(state_in_use(counters=Counters(events=9, passed_over=9)), waiting(3)), "gwgww"),
        (inputs(state_in_use(counters=Counters(events=9, refused=9)), waiting(3)), "gwgtw"),
    ],
)
def test_the_lights_of_a_loop(status: StatusInputs, expected: str) -> None:
    """Ranks, rewards, joined, learned, published; a loop that does not learn has a light that says why."""
    verdict, stages = learning_status.judge_learning(status), judge(status)

    assert lights(status) == expected
    if not verdict.learns:
        others = [stage for stage in stages.values() if stage.light is not Light.GOOD]
        assert any(stage.light is Light.TROUBLE or stage.because in verdict.because for stage in others)


def test_rewards_that_stopped_turn_the_light_of_rewards_until_they_come_again() -> None:
    """With the words of the warning."""
    past = (RewardedEvents(JOINED_US - DAY, 200, 100),)
    silent = RewardRate(past, RewardedEvents(JOINED_US - HOUR, 60, 0), 14.0, has_stopped=True)
    stage = judge(inputs(state_in_use(reward_rate=silent), waiting(3), PUBLISHED))[StageName.REWARDS]

    assert stage.light is Light.TROUBLE
    assert stage.because.startswith("Of 60 events in a row, since ")
    assert stage.what_to_do is not None


def test_the_light_of_rewards_that_come_too_late_asks_for_a_longer_wait_and_not_for_rewards() -> None:
    """From the first one on, which is not log yet; a few more are trouble."""
    state = state_in_use(counters=Counters(events=100, learned=100))
    status = replace(inputs(state, waiting(3), PUBLISHED), late=LateRewards(1, delays_us=(12 * MINUTE,)))
    first, third = (
        judge_stages(each, counter_warnings(state, each.configuration, each.late))[1]
        for each in (status, replace(status, late=LateRewards(3, delays_us=(12 * MINUTE,) * 3)))
    )

    assert (first.light, third.light) == (Light.WAITING, Light.TROUBLE)
    assert first.because.startswith("1 reward came after the reward wait time of 10 minutes, 0 within it. They came 12")
    assert first.what_to_do == third.what_to_do
    assert first.what_to_do is not None
    assert first.what_to_do.startswith("Raise rewardWaitTime to PT15M")


def test_ranks_that_wait_and_ranks_that_are_joined_count_together() -> None:
    """Over a stretch that begins with a bin."""
    stage = judge(inputs(state_in_use(), waiting(3), PUBLISHED))[StageName.RANKS]

    assert stage.count is not None
    assert (stage.count.count, stage.count.to_us, stage.last_us) == (103, NOW_US, NOW_US - SECOND)
    assert 15 * MINUTE <= NOW_US - stage.count.from_us < 20 * MINUTE
    assert stage.count.per_minute == 103 * MINUTE / (NOW_US - stage.count.from_us)


def test_where_not_all_were_counted_the_rate_is_of_what_was() -> None:
    """However many came after that."""
    crowd = Waiting(20_000, True, NOW_US - 9 * MINUTE, NOW_US, 20_400, NOW_US - 2 * MINUTE)
    stage = judge(inputs(state_in_use(), crowd, PUBLISHED))[StageName.RANKS]

    assert stage.count is not None
    assert (stage.count.count, stage.count.to_us, stage.last_us) == (20_500, NOW_US - 2 * MINUTE, NOW_US)


def test_a_stretch_ends_now_if_the_minute_goes_on_in_which_counting_stopped() -> None:
    """Rows are counted by minutes, and this one is not over."""
    crowd = Waiting(20_000, True, NOW_US - MINUTE, NOW_US, 20_400, NOW_US + 30 * SECOND)
    stage = judge(inputs(state_in_use(), crowd, PUBLISHED))[StageName.RANKS]

    assert stage.count is not None
    assert stage.count.to_us == NOW_US


def test_no_stretch_reaches_into_days_whose_bins_may_be_gone() -> None:
    """They move to a blob of their own, which no status reads."""
    midnight = NOW_US - NOW_US % DAY
    state = state_in_use(joined_up_to_us=midnight + 3 * MINUTE, metrics=Metrics())
    status = replace(inputs(state, Waiting(), PUBLISHED), now_us=midnight + 14 * MINUTE)

    assert {stage.count.from_us for stage in list(judge(status).values())[:1] if stage.count} == {midnight}


def test_a_quiet_loop_is_joined_up_to_what_is_due() -> None:
    """The join position stays where the last event was, and what is told of late must not be of yesterday."""
    state = state_in_use(joined_up_to_us=NOW_US - 12 * HOUR)
    stage = judge(inputs(state, Waiting(), PUBLISHED))[StageName.JOINED]

    assert stage.count is not None
    assert (stage.light, stage.count.to_us) == (Light.GOOD, NOW_US - 11 * MINUTE)


def test_nothing_is_joined_beyond_the_oldest_event_that_waits() -> None:
    """However long it is overdue."""
    oldest_us = JOINED_US + MINUTE
    status = replace(
        inputs(state_in_use(), Waiting(1, False, oldest_us, oldest_us, 1), PUBLISHED), now_us=NOW_US + HOUR
    )
    count = judge(status)[StageName.JOINED].count

    assert count is not None
    assert count.to_us == oldest_us


@pytest.mark.parametrize(("published_us", "light"), [(NOW_US - HOUR, Light.WAITING), (NOW_US, Light.GOOD)])
def test_a_model_waits_to_be_published_once_it_may_be(published_us: int, light: Light) -> None:
    """Before that it comes as planned."""
    newer = ModelFiles("s", "1", "newer", "2", 100)
    state = state_in_use(published_at_us=published_us)
    state = replace(state, running=replace(state.running, model=newer))

    assert judge(inputs(state, published=PUBLISHED))[StageName.PUBLISHED].light is light


def test_last_times_outlast_runs_that_do_other_things() -> None:
    """A run that only learns does not forget when the last one joined."""
    joined = LastRun.after(None, 1, 2, 5, 0)
    state = state_in_use(last_run=LastRun.after(joined, 3, 4, 0, 5))
    stages = judge(inputs(state, waiting(3), PUBLISHED))

    assert (stages[StageName.JOINED].last_us, stages[StageName.LEARNED].last_us) == (2, 4)


def test_of_joined_events_that_no_model_has_learned_the_light_says_how_many() -> None:
    """Between the steps of the trainer."""
    state = state_in_use()
    pending = Pending(state.running.learned_up_to_us, JOINED_US, state.running.kind, 7, 1)
    stage = judge(inputs(replace(state, metrics=replace(state.metrics, pending=(pending,)))))[StageName.LEARNED]

    assert (stage.light, stage.because) == (Light.WAITING, "7 joined events wait to be learned.")


def test_models_are_counted_as_far_back_as_they_are_listed() -> None:
    """There may have been more than the list has."""

    def of_list(length: int) -> tuple[int, int]:
        models = [replace(_MODEL, id=f"m-{place}", made_at_us=NOW_US - place * MINUTE) for place in range(length)]
        count = judge(inputs(state_in_use(), published=Published(model=models[0], previous=tuple(models[1:]))))
        stage = count[StageName.PUBLISHED].count
        assert stage is not None
        return stage.count, (NOW_US - stage.from_us) // MINUTE

    assert (of_list(3), of_list(51)) == ((3, 60), (51, 50))


def test_rewards_are_counted_since_a_snapshot_with_events_after_it() -> None:
    """Of the snapshots that are an hour ago, the last."""
    at = [
        Snapshot(JOINED_US - hours * HOUR, Counters(events=events, rewards=events // 2))
        for hours, events in ((9, 20), (3, 60), (0, 100))
    ]
    stage = judge(inputs(state_in_use(snapshots=tuple(at)), waiting(3), PUBLISHED))[StageName.REWARDS]

    assert stage.count is not None
    assert (stage.count.count, stage.count.from_us) == (20, JOINED_US - 3 * HOUR)
    assert stage.because.startswith("20 rewards came in time for 40 events that arrived since ")
