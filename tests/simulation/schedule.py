"""Schedules: clients, instances, trainers and those who change the loop from outside, all as a plan has it."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from threading import Event as Stop
from typing import Any, Final

from shared.configuration.configuration import new_configuration
from shared.models.published import Published
from shared.storage import json_documents
from shared.storage.paths import split_path, this_loop
from shared.training.training_state import State
from tests.simulation.changes import plan_changes
from tests.simulation.faults import Seeded
from tests.simulation.outcome import Acknowledged, Outcome
from tests.simulation.plan import MINUTE, Plan
from tests.simulation.traffic import PATIENCE, TRIES, plan_traffic
from tests.simulation.world import World

_QUICK: Final = {"WRITE_DEADLINE": "PT20S", "JOIN_GRACE": "PT25S", "INTAKE_SPAN": "PT1M"}
_WAIT_MINUTES: Final = 1
_LONGEST_WAIT: Final = 2 * MINUTE
_MOST_RUNS: Final = 60
_LONGEST_PAUSE: Final = 3600
"""Seconds after which the trainer tries again what was in trouble."""


@contextmanager
def run(plan: Plan, faults: Seeded | None = None, **world_options: Any) -> Iterator[Outcome]:
    """Run a schedule to its end, when all is joined and learned; its storage can be read in the `with` block.

    Args:
        faults: Those of the plan, for whoever wants to see them also if the schedule fails.
    """
    faults = faults or plan.faults()
    world_options = {"seconds_per_line": plan.seconds_per_line, **world_options}
    world = World(faults, seed=plan.seed, variables={**_QUICK, **dict(plan.variables)}, **world_options)
    with world.active():
        outcome = Outcome(plan, faults, world, Acknowledged(), world.process("reader"))
        world.storage.blobs.create_container("loops")
        world.storage.blobs.put(*split_path(this_loop().configuration), _configuration(world.settings.shards), {})
        plan_traffic(outcome)
        plan_changes(outcome)
        try:
            _train(outcome)
            yield outcome
        finally:
            del outcome.train


@cache
def _configuration(shards: int) -> bytes:
    """The configuration of a loop at its beginning."""
    first = new_configuration(shards)
    service = replace(first.service, reward_wait_time=f"PT{_WAIT_MINUTES}M", model_export_frequency="PT1S")
    return json_documents.to_json(replace(first, service=service))


def _train(outcome: Outcome) -> None:
    """Run the trainers as planned, and then, with no fault, until all is learned."""
    world, plan = outcome.world, outcome.plan
    clock, began_us = world.clock, world.clock.now_us
    trainers = [_Trainer(outcome, f"trainer {number}") for number in range(1, plan.trainers + 1)]
    outcome.train = trainers[0].run
    for planned in plan.runs:
        clock.call_at(began_us + planned.at_us, trainers[planned.trainer].run)
    is_calm = outcome.faults.calm
    outcome.faults.calm = is_calm or plan.calm_us > 0
    clock.pass_to(began_us + plan.calm_us)
    outcome.faults.calm = is_calm
    clock.pass_to(began_us + plan.troubled_us)
    outcome.faults.calm = True
    clock.pass_to(max(process.gate.pauses_until_us for process in world.processes))
    clock.sleep(TRIES * (PATIENCE + 1) + _LONGEST_WAIT + 2 * MINUTE)
    for _ in range(_MOST_RUNS):
        world.check()
        before = outcome.state_etag
        has_begun = trainers[0].run()
        clock.sleep(MINUTE)
        if trainers[0].is_running or not has_begun or outcome.asking:
            continue
        is_idle = before is not None and before == outcome.state_etag
        state = outcome.state
        if state.troubles:
            clock.sleep(_LONGEST_PAUSE)
        elif is_idle or (not plan.ends_idle and _is_settled(state, outcome.published)):
            outcome.is_over = True
            return
    raise AssertionError(f"the trainer comes to no end: {outcome.state}")


def _is_settled(state: State, published: Published) -> bool:
    """Whether another run has nothing to finish and nothing to follow; what else it might do, the checks find."""
    models = [model and model.predictor_blob for model in (state.running.model, published.model)]
    is_followed = state.running.generation == published.generation and models[0] == models[1]
    is_settled = is_followed and (state.intent, state.publishing, state.next, state.running.begun) == (None,) * 4
    is_copied = state.mirrored_up_to_us in (None, state.joined_up_to_us)
    return is_settled and is_copied and state.rounds.is_settled and _is_trial_settled(state, published)


def _is_trial_settled(state: State, published: Published) -> bool:
    """Whether nothing follows from the end of a trial any more, and what is published is the trial that is on."""
    if state.trial is not None and (state.trial.end or state.trial.challenger.learned_up_to_us < state.joined_up_to_us):
        return False
    on_trial = None if state.trial is None or published.model is None else state.trial.id
    return on_trial == (published.trial and published.trial.id)


class _Trainer:
    """A process that runs the trainer now and then; when it dies, another takes its place."""

    def __init__(self, outcome: Outcome, name: str) -> None:
        self._outcome = outcome
        self._name = name
        self._number = 0
        self._begin()

    @property
    def is_running(self) -> bool:
        """Whether the last run still goes on."""
        return self._run is not None and not self._run.done()

    def run(self) -> bool:
        """Begin a run, unless the last one still goes on, as the platform does; gives whether one has begun."""
        if self._process.is_dead:
            self._outcome.deaths += 1
            self._begin()
        elif self.is_running:
            return False
        elif self._run is not None:
            self._run.result()
        self._outcome.runs += 1
        self._run = self._process.begin(self._trainings.run, Stop())
        return True

    def _begin(self) -> None:
        from train_timer.run import Trainings

        self._number += 1
        self._process = self._outcome.world.process(f"{self._name}.{self._number}")
        self._trainings = Trainings()
        self._run: Future[None] | None = None
