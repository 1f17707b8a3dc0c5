"""A pass over a log, against a slow and plain program that does the same with VW's Python interface."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

import orjson
import pytest

from shared.configuration.exploration import Exploration
from shared.evaluation.replay import log_pass, parallel_learners
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.predictions import Chances
from shared.evaluation.tasks import LineCounts, Task
from shared.learner.arguments import parse
from shared.learner.model import Model
from tests.unit.evaluation.replay.evaluated import (
    TIMEOUT,
    assert_same,
    carry_out,
    costs,
    evaluation,
    line,
    lines,
    plain_sums,
    predict,
)

GREEDY = "--cb_explore_adf --epsilon 0.1 -q ::"
SQUARE = "--cb_explore_adf --squarecb --epsilon 0.05 -q ::"
LOG = lines(600, pdrop=True)


def terms(log: Sequence[bytes], chances: Iterator[list[float]] | None, policy: str = "") -> list[dict[str, float]]:
    """What each event adds to the sums of a policy."""
    made = []
    for text, worth, drawn in zip(log, costs(log), chances or ([] for _ in log), strict=True):
        fields = orjson.loads(text)
        action, count = fields["_labelIndex"], len(fields["p"])
        drawn = {
            "": [chance / sum(drawn) for chance in drawn] if drawn else [],
            "online": [float(place == action) * fields["p"][0] for place in range(count)],
            "baseline1": [float(place == 0) for place in range(count)],
            "baselineRand": [1 / count] * count,
        }[policy]
        chosen = -worth[action] if policy == "online" else -sum(map(float.__mul__, drawn, worth))
        made.append(
            {
                "q": 1 / (1 - fields.get("pdrop", 0)),
                "pi": drawn[action],
                "p": fields["p"][0],
                "r": -fields["_label_cost"],
            }
            | {"least": min(fields["p"]), "chosen": chosen, "shown": -worth[action]}
        )
    return made


@pytest.mark.parametrize(
    "arguments",
    [GREEDY, SQUARE, "--cb_explore_adf --softmax --lambda 3", "--cb_explore_adf --synthcover --epsilon 0.1 -q Fi",
     "--cb_explore_adf --regcbopt --cb_min_cost -1.5 --cb_max_cost 0.5", "--cb_explore_adf --first 100",
     "--cb_explore_adf --cb_type dr --epsilon 0.3 --cubic :::"],
)  # fmt: skip
def test_sums_are_those_of_a_plain_program(arguments: str, tmp_path: Path) -> None:
    """With a reward model, with events that represent several, for all kinds of exploration."""
    result = carry_out(Task("k", 0, arguments, with_reward_model=True), LOG, tmp_path)

    assert_same(plain_sums(terms(LOG, predict(arguments, LOG))), result.sums())
    assert result.lines == LineCounts(600, 600)


def test_a_policy_that_the_loop_would_use_shows_the_first_action_as_the_loop_does(tmp_path: Path) -> None:
    """That share is taken from what exploration gives to all actions alike, also in the reward that is predicted."""
    task = Task("k", 0, GREEDY, with_reward_model=True, explores_as_loop=True)
    shares = replace(evaluation(), exploration=0.1, exploration_default=0.04)
    moved = (
        [chance - 0.04 / len(drawn) + (0.04 if place == 0 else 0) for place, chance in enumerate(drawn)]
        for drawn in ([chance / sum(row) for chance in row] for row in predict(GREEDY, LOG))
    )

    result = log_pass.run_in_process(task, shares, LOG, folder=tmp_path)

    assert_same(plain_sums(terms(LOG, moved)), result.sums())


@pytest.mark.parametrize("policy", ["online", "baseline1", "baselineRand"])
def test_what_was_logged_is_summed_for_online_and_the_baselines(policy: str, tmp_path: Path) -> None:
    """Doubly robust too; for online that is just what was earned."""
    result = carry_out(Task("logged", 0, None, with_reward_model=True), LOG, tmp_path)

    assert_same(plain_sums(terms(LOG, None, policy)), result.sums(policy))
    assert set(result.bins) == {"online", "baseline1", "baselineRand"}


def test_the_logged_policy_gains_nothing_over_itself(tmp_path: Path) -> None:
    """Not even by rounding."""
    online = carry_out(Task("logged", 0, None, with_reward_model=True), LOG, tmp_path).sums("online")

    assert (online.gains, online.gain_squares, online.surpluses, online.surplus_squares) == (0, 0, 0, 0)
    assert online.weights == online.events > online.lines


def test_only_events_from_the_first_that_counts_up_to_the_last_that_is_learned_are_summed(tmp_path: Path) -> None:
    """Earlier events are learned too, and nothing behind the last event is read."""
    result = carry_out(
        Task("k", 0, SQUARE, counted_from=100, until=300, with_reward_model=True), [*LOG, b"{"], tmp_path
    )

    expected = terms(LOG[:300], predict(SQUARE, LOG[:300]))[100:]
    assert_same(plain_sums(expected), result.sums())
    assert result.lines == LineCounts(300, 300)


def test_bins_hold_the_events_of_their_time(tmp_path: Path) -> None:
    """Of an hour here; together they are the sums over all."""
    hour = 3_600_000_000
    result = carry_out(Task("k", 0, GREEDY, width_us=hour), LOG, tmp_path)

    bins = result.bins[""][""]
    assert [sums.lines for sums in bins.values()] == [60] * 10
    assert result.width_us == hour
    assert all(start % hour == 0 for start in bins)
    assert result.counted_from_us is not None
    assert min(bins) <= result.counted_from_us < min(bins) + hour


def test_without_a_width_there_is_one_bin(tmp_path: Path) -> None:
    """It begins at 0."""
    assert [*carry_out(Task("k", 0, GREEDY), LOG[:5], tmp_path).bins[""][""]] == [0]


def test_the_same_task_gives_the_same_result_in_this_process_and_over_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last digit, models too."""
    task = Task("k", 0, SQUARE, width_us=60_000_000, with_reward_model=True, keeps_model=True)
    folders = [tmp_path / name for name in ("pipes", "files", "process")]
    for folder in folders:
        folder.mkdir()
    pipes = carry_out(task, LOG, folders[0])
    process = log_pass.run_in_process(task, evaluation(), LOG, folder=folders[2])
    monkeypatch.setattr(parallel_learners, "is_possible", lambda: False)
    files = carry_out(task, LOG, folders[1])

    assert pipes.model is not None
    assert pipes == files
    assert (pipes.bins, pipes.lines) == (process.bins, process.lines)
    assert process.model is None


def test_tasks_that_share_a_pass_have_the_results_that_each_has_alone(tmp_path: Path) -> None:
    """To the last digit, models too: the reward model learns for all, and each begins to count where it wants to."""
    tasks = [
        Task("logged", 0, None, width_us=60_000_000, with_reward_model=True),
        Task("square", 0, SQUARE, width_us=60_000_000, with_reward_model=True, keeps_model=True),
        Task("greedy", 0, GREEDY, counted_from=101, with_reward_model=True, keeps_model=True),
    ]
    together = log_pass.run_together(tasks, evaluation(), LOG, folder=tmp_path, timeout=TIMEOUT)

    assert [result for result, _ in together] == [carry_out(task, LOG, tmp_path) for task in tasks]
    assert [files is not None for _, files in together] == [False, True, True]


def test_who_listens_hears_what_is_predicted_of_each_counted_event(tmp_path: Path) -> None:
    """By the event's id and the action's position: what the same predictions would have earned can be reckoned then."""
    heard: dict[str, list[float]] = {}

    def hear(events: Sequence[EvaluatedEvent], drawn: Sequence[Chances]) -> None:
        heard.update((event.event_id, [*chances[0]]) for event, chances in zip(events, drawn, strict=True))

    log_pass.run_in_process(Task("k", 0, GREEDY, counted_from=100), evaluation(), LOG, folder=tmp_path, listener=hear)

    expected = [[chance / sum(drawn) for chance in drawn] for drawn in predict(GREEDY, LOG)]
    assert [*heard] == [f"e{number}" for number in range(100, 600)]
    assert [*heard.values()] == [pytest.approx(drawn, abs=1e-5) for drawn in expected[100:]]


def test_the_model_that_is_kept_has_learned_the_log(tmp_path: Path) -> None:
    """Rank can load it."""
    task = Task("k", 0, GREEDY, keeps_model=True)
    result, files = log_pass.run(task, evaluation(), LOG, folder=tmp_path, timeout=TIMEOUT)

    assert result.model is not None
    assert files is not None
    assert (result.model.events, result.model.first_event_id, result.model.last_event_id) == (600, "e0", "e599")
    model = Model.load(files.predictor.read_bytes(), parse(GREEDY), Exploration(0.1))
    assert len(set(model.probabilities(orjson.dumps(orjson.loads(LOG[0])["c"]), 3))) > 1
    model.close()


@pytest.mark.parametrize("with_reward_model", [False, True])
def test_a_policy_that_lost_itself_has_figures_but_no_model(with_reward_model: bool, tmp_path: Path) -> None:
    """What is no probability counts as 0, and where nothing is one, Rank would choose with equal chances."""
    log = [line(index, [index % 2, 1 - index % 2], [0.5, 0.5], 1.0) for index in range(100)]
    task = Task("k", 0, GREEDY, keeps_model=True, counted_from=50, with_reward_model=with_reward_model)
    result, files = log_pass.run(
        task,
        evaluation(),
        log,
        folder=tmp_path,
        timeout=TIMEOUT,
        rewrite=lambda text: text.replace(b'"_label_cost":-1.0', b'"_label_cost":1e39'),
    )

    assert (result.lines.used, result.model, files) == (100, None, None)
    assert result.sums().weights == pytest.approx(50, rel=0.2)
    assert all(isfinite(number) for number in result.sums())
