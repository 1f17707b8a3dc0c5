"""Other settings, evaluated by logs of which the truth is known: every brand's reward is in the data."""

import re
import subprocess
import sys
from collections.abc import Sequence
from statistics import fmean

import pytest

from benchmarks.progress import Progress
from benchmarks.studies import truth
from localhost.demo.failures import DemoFailed
from localhost.demo.hindsight import SETTINGS, Judged, judge, true_rewards
from localhost.demo.picture import evaluate_both
from localhost.demo.purchases import load
from localhost.demo.rehearsal import log_of, rewards_of
from localhost.demo.table import settings_table
from localhost.environment import ROOT
from shared.metrics.intervals import Interval

PICTURE = ROOT / "docs" / "evaluation.svg"
_NUMBER = re.compile(r"\d+\.\d+")


@pytest.fixture(scope="module")
def both_demos() -> dict[str, list[Judged]]:
    """What both demos find at their end."""
    return evaluate_both()


def test_over_many_logs_intervals_hold_the_truth() -> None:
    """At least 9 of 10, over 20 logs that differ in what was drawn and in what was learned from that."""
    coverage = truth.coverage("yogurt", load("yogurt")[:1000], Progress("truth"), logs=20)

    assert coverage.holds, coverage.details


def test_the_truth_is_what_the_decisions_would_have_earned() -> None:
    """Who always draws at random earns each brand's share, whatever was shown and learned."""
    purchases = load("cracker")[:100]

    judgements = judge(log_of("cracker", purchases, rounds=2), true_rewards("cracker", purchases), exploration=1.0)

    assert [judgement.name for judgement in judgements] == [*SETTINGS]
    assert [judgement.earned for judgement in judgements] == [pytest.approx(1 / 4)] * 3
    assert all("--epsilon 1.0" in judgement.arguments for judgement in judgements)


def test_events_are_matched_by_their_ids() -> None:
    """In any order of the true rewards; the rewards of an event that has none are not guessed."""
    purchases = load("yogurt")[:100]
    log, rewards = log_of("yogurt", purchases, rounds=2), true_rewards("yogurt", purchases)

    judgements = judge(log, rewards, exploration=0.2)
    turned = judge(log, dict(reversed([*rewards.items()])), exploration=0.2)

    assert judgements == turned
    with pytest.raises(DemoFailed, match="not that of the events"):
        judge(log, true_rewards("yogurt", purchases[:99]), exploration=0.2)


@pytest.mark.parametrize("log", [[], [b'{"RewardValue":1.0,"EventId":"yogurt-0001"}']])
def test_a_log_without_events_is_no_log_of_the_demo(log: list[bytes]) -> None:
    """The error is one line, not a traceback."""
    with pytest.raises(DemoFailed, match="not that of the events"):
        judge(log, true_rewards("yogurt", load("yogurt")), exploration=0.2)


def test_an_interval_that_misses_the_truth_is_reported() -> None:
    """With that it happens, and that it is no failure."""
    missed = Judged("old default", "--cb_explore_adf", 0.3, Interval(0.25, 0.35), 0.36)
    held = Judged("squarecb", "--cb_explore_adf --squarecb", 0.3, Interval(0.25, 0.35), 0.34)

    table = settings_table([missed, held])

    assert re.findall(r"(old default|squarecb) .* (yes|no)$", table, re.MULTILINE) == [
        ("old default", "no"),
        ("squarecb", "yes"),
    ]
    assert "1 of 20 such intervals misses" in table
    assert "exit code depends on the last fifth" in table
    assert len({len(row) for row in table.splitlines()[3:8]}) == 1


def test_the_picture_is_that_of_both_demos() -> None:
    """Made anew by the command on the page, it is the same one but for what other processors round otherwise."""
    command = [sys.executable, "-m", "localhost.demo.picture"]
    fresh = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    drawn = PICTURE.read_text(encoding="utf-8")

    assert _NUMBER.sub("", drawn) == _NUMBER.sub("", fresh)
    assert _numbers(drawn) == pytest.approx(_numbers(fresh), abs=2)


def test_the_page_tells_what_the_picture_shows(both_demos: dict[str, list[Judged]]) -> None:
    """Figures for those who cannot see it."""
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (yogurt|cracker) \| ([\w ]+) \| ([\d.]+) \| ([\d.]+) – ([\d.]+) \| ([\d.]+) \|$", page, re.M
    )

    shown_rows = [(name, settings, *map(float, figures)) for name, settings, *figures in rows]
    expected = [
        (name, judgement.name, judgement.estimate, judgement.interval.low, judgement.interval.high, judgement.earned)
        for name, judgements in both_demos.items()
        for judgement in judgements
    ]
    assert [row[:2] for row in shown_rows] == [row[:2] for row in expected]
    assert [row[2:] for row in shown_rows] == [pytest.approx(row[2:], abs=0.004) for row in expected]
    earned = fmean(rewards_of(log_of("yogurt", load("yogurt"))))
    assert float(re.findall(r"that loop itself earned ([\d.]+) a purchase", page)[0]) == pytest.approx(
        earned, abs=0.004
    )


def _numbers(text: str) -> Sequence[float]:
    return [float(number) for number in _NUMBER.findall(text)]
