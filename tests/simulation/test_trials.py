"""Schedules with automatic optimization: how trials end, and mistakes in them that are found."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from shared.evaluation.evaluation import Status
from shared.evaluation.optimization_schedule import analysis_error
from shared.models.published import Published, PublishedTrial
from shared.training import publication
from shared.training.lease import Trainer
from shared.training.training_state import State
from tests.simulation import schedule, trial_checks
from tests.simulation.checks import check
from tests.simulation.faults import Fault, Kind, Request, Seeded
from tests.simulation.outcome import Outcome
from tests.simulation.plan import Change, Plan, PlannedChange, optimized
from tests.simulation.shrinking import try_plan
from train_timer import joiner, optimization_rounds, trials

_MOST: Final = 60
"""So many schedules show all that is wanted of them."""
_DEATHS: Final[Mapping[Kind, float]] = {Kind.DEATH: 0.015, Kind.DEATH_AFTER: 0.015}
_EVIDENCE_COMES_US: Final = 290_000_000
_AFTER_ALL_RUNS_US: Final = 345_000_000
_APPLIED: Final = 12
"""The seed of a schedule whose challenger is applied while runs are planned, if nothing goes wrong."""

_make_challenger, _commit, _trial = trials.make_challenger, joiner.Joiner._commit, publication.trial


def _deadly(seed: int) -> Plan:
    """A plan in which trainers die while evidence comes that is enough, and nothing else goes wrong."""
    return replace(optimized(_APPLIED), seed=seed, chances=_DEATHS, calm_us=_EVIDENCE_COMES_US)


def test_trials_end_in_all_ways() -> None:
    """What never happens is not checked."""
    missing = {"applied", "withdrawn", "from outside", "by a later search", "goes on", "deaths", "failed searches"}
    for seed in range(_MOST):
        with schedule.run(optimized(seed)) as outcome:
            check(outcome)
            missing -= {name for name, number in _describe(outcome).items() if number}
        if not missing:
            return

    assert missing == set()


def _describe(outcome: Outcome) -> Mapping[str, int]:
    """What has become of trials and searches, and how often."""
    happened = Counter(deaths=outcome.deaths, **{"goes on": outcome.last_state.trial is not None})
    for evaluation in trial_checks.own_evaluations(outcome):
        reason = evaluation.reason or ""
        happened["applied"] += evaluation.status is Status.APPLIED
        happened["failed searches"] += evaluation.status is Status.FAILED
        happened["withdrawn"] += "It has -" in reason
        happened["from outside"] += "meanwhile" in reason
        happened["by a later search"] += "a later search named" in reason
    return happened


class _Strike(Seeded):
    """A trainer dies once, at the write by which a challenger's settings become the loop's; nothing else goes wrong.

    Args:
        kind: Whether that is before or after the write.
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__(0, {})
        self.is_left = True
        self._kind = kind

    def decide(self, request: Request) -> Fault:
        is_write = request.operation == "put blob" and request.path == "loops/default/configuration.json"
        if self.is_left and is_write and request.process.startswith("trainer"):
            self.is_left = False
            return Fault(self._kind)
        return super().decide(request)


@pytest.mark.parametrize("kind", [Kind.DEATH, Kind.DEATH_AFTER])
@pytest.mark.parametrize("change", [None, Change.DEFAULT, Change.WAIT, Change.EXPLORATION, Change.APPLY, Change.RESET])
def test_settings_may_change_before_a_trainer_that_died_as_it_took_a_challenger_goes_on(
    kind: Kind, change: Change | None
) -> None:
    """Whoever takes the challenger then must not take it for one that has learned under the later settings."""
    planned = replace(optimized(_APPLIED), chances={}, calm_us=0)
    later = () if change is None else (PlannedChange(2, change, _AFTER_ALL_RUNS_US, _APPLIED),)
    faults = _Strike(kind)
    with schedule.run(replace(planned, changes=(*planned.changes[:1], *later)), faults) as outcome:
        check(outcome)

        assert not faults.is_left
        assert outcome.deaths == 1
        assert change is None or outcome.acknowledged.changes[change] == 1


def _apply_without_an_end(trainer: Trainer) -> None:
    """The way back from a death before the commit is lost."""
    trial, rounds = trainer.state.trial, trainer.state.rounds
    if trial is None or trial.end is not None or trial.sums.events < trial.analysed_at:
        return
    error = analysis_error(rounds, trainer.state.counters.learned)
    concluded = trial.conclude(trials.judge_trial(trial.sums, trial.exploration.largest_surplus, error))
    if concluded.end is not None and concluded.end.applies:
        trials._apply(trainer, concluded)
        return
    trainer.commit(replace(trainer.state, trial=concluded, rounds=rounds.spend(error)))


def _spend_before_the_verdict(trainer: Trainer) -> None:
    state = trainer.state
    trial = state.trial
    if trial is None or trial.end is not None or trial.sums.events < trial.analysed_at:
        return
    error = analysis_error(state.rounds, state.counters.learned)
    trainer.commit(replace(state, rounds=state.rounds.spend(error)))
    verdict = trials.judge_trial(trial.sums, trial.exploration.largest_surplus, error)
    trainer.commit(replace(trainer.state, trial=trial.conclude(verdict)))


def _count_before_the_part(self: Any, intent: Any, counters: Any, metrics: Any, rewarded: Any) -> None:
    state = self._trainer.state
    if state.trial is not None and metrics.trials:
        self._trainer.commit(replace(state, trial=state.trial.plus(metrics.trials)))
        metrics = replace(metrics, trials={})
    _commit(self, intent, counters, metrics, rewarded)


def _learn_from_the_beginning(state: State, evaluation: Any, *values: Any) -> Any:
    return replace(_make_challenger(state, evaluation, *values), learned_up_to_us=evaluation.log.from_us)


def _learn_from_the_end(state: State, *values: Any) -> Any:
    return replace(_make_challenger(state, *values), learned_up_to_us=state.joined_up_to_us)


def _publish_what_is_over(state: State, published: Published, at_us: int) -> PublishedTrial | None:
    return _trial(state, published, at_us) or published.trial


PLANTED: Final[dict[str, tuple[Callable[[int], Plan], Any, str, Any]]] = {
    "a challenger is applied before the end of its trial is committed": (
        *(_deadly, trials, "analyse", _apply_without_an_end),
    ),
    "the error is spent before the verdict is committed": (_deadly, trials, "analyse", _spend_before_the_verdict),
    "the evidence of a part is counted before the part": (_deadly, joiner.Joiner, "_commit", _count_before_the_part),
    "a challenger learns the log of its evaluation once more": (
        *(optimized, trials, "make_challenger", _learn_from_the_beginning),
    ),
    "a challenger learns no log between its evaluation and its trial": (
        *(optimized, trials, "make_challenger", _learn_from_the_end),
    ),
    "a trial that is over stays published": (optimized, publication, "trial", _publish_what_is_over),
    "a round is never settled": (optimized, optimization_rounds, "_settle", lambda *_: None),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_mistake_in_trials_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, *planted = PLANTED[mistake]
    monkeypatch.setattr(*planted)

    assert any(try_plan(plan(seed)).violation for seed in range(_MOST))
