"""Changes of the loop from outside, each of which is made again until it has succeeded."""

import random
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from azure.functions import HttpRequest

from export_fn import imported_model, logs, models, quarantines, redaction_call, relabel_evaluation, relabels
from shared.configuration import configuration_store, relabel_changes
from shared.configuration.configuration import Configuration
from shared.configuration.corrections import Relabel
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.configuration.settings_change import Act, Cause
from shared.errors import QuarantineExists, RelabelEnded, RelabelExists
from shared.evaluation.evaluation import Evaluation
from shared.log.quarantine_forms import NewQuarantine
from shared.log.redaction import EventTarget, FeatureTarget, Target
from shared.models import published_store
from shared.status.relabel_forms import NewRelabel
from shared.storage.clock import now_us
from shared.storage.storage_answers import BlobLeased, ChangedMeanwhile
from shared.storage_errors import StorageUnavailable, TrainerAtWork
from shared.times import to_iso
from shared.training import lease
from shared.web.errors import UnknownModel
from tests.loop import past
from tests.simulation import given_models, searches
from tests.simulation.faults import Died
from tests.simulation.outcome import Outcome
from tests.simulation.plan import MINUTE, Change, PlannedChange
from tests.simulation.virtual_time import SECOND
from tests.simulation.world import wrong_us

_REFUSALS: Final = (Died, StorageUnavailable, ChangedMeanwhile, TrainerAtWork, BlobLeased)
_MOST_TRIES: Final = 8
_TRAIN_FROM: Final = ("model", "newest", "end")
MODES: Final = (LearningMode.APPRENTICE, *LearningMode)
"""What the learning mode becomes; most often that in which a model is kept."""


def plan_changes(outcome: Outcome) -> None:
    """Plan the changes."""
    clock = outcome.world.clock
    for planned in outcome.plan.changes:
        clock.call_at(clock.now_us + planned.at_us, _Operator(outcome, planned).begin)
        if planned.change is Change.TRIAL:
            searches.begin(outcome, planned.seed)


class _Operator:
    """Someone who wants a change, and asks for it again after a while if it may not have succeeded."""

    def __init__(self, outcome: Outcome, planned: PlannedChange) -> None:
        self._outcome = outcome
        self._world = outcome.world
        self._planned = planned
        self._tries = 0
        self._began_us = 0
        self._evaluation: Evaluation | None = None

    def begin(self) -> None:
        """Ask for the change, as the first time."""
        chance = random.Random(self._planned.seed)
        self._began_us = self._began_us or self._world.clock.now_us
        self._tries += 1
        if self._planned.change is Change.CLOCK:
            self._set_clocks(chance)
            return
        self._outcome.asking.add(self._planned.number)
        process = self._world.process(f"operator {self._planned.number}.{self._tries}")
        if self._planned.change is Change.DELETE_LOGS:
            future = process.start(logs.delete_logs(HttpRequest("DELETE", "/", body=b""), "a client"))
        else:
            future = process.begin(self._change(chance))
        self._world.clock.call_at(self._world.clock.now_us + MINUTE * SECOND, lambda: self._look(future))
        future.add_done_callback(self._note)

    def _look(self, future: "Future[Any]") -> None:
        trouble = future.exception() if future.done() else Died()
        if trouble is None and future.result() is False and self._tries < _MOST_TRIES:
            trouble = Died()
        if isinstance(trouble, _REFUSALS):
            self.begin()
            return
        self._outcome.asking.remove(self._planned.number)
        if trouble is not None:
            raise trouble

    def _note(self, future: "Future[Any]") -> None:
        """Note that the change was acknowledged."""
        if future.cancelled() or future.exception() is not None or future.result() is False:
            return
        told, ended_us = self._outcome.acknowledged, self._world.clock.now_us
        if self._planned.change is Change.REDACT_FEATURE:
            user, up_to_us = future.result()
            told.redacted_users[user] = max(up_to_us, told.redacted_users.get(user, 0))
        told.changes[self._planned.change] += 1
        if self._planned.change is Change.DELETE_LOGS:
            told.deletions.append((self._began_us, ended_us))
        if self._planned.change is Change.REDACT:
            told.redactions[future.result()] = self._began_us, ended_us

    def _set_clocks(self, chance: random.Random) -> None:
        """Set the time of day of all machines to another one each; nothing may follow from that."""
        self._outcome.acknowledged.changes[Change.CLOCK] += 1
        for process in self._world.processes:
            process.ahead_us = wrong_us(chance)

    def _change(self, chance: random.Random) -> Callable[[], Any]:
        match self._planned.change:
            case Change.QUARANTINE:
                return partial(_quarantine, NewQuarantine.from_parsed(self._correction(chance)))
            case Change.RELABEL:
                formula = chance.choice(({"fixed": 0.5}, {"scaleBy": 0.5, "plus": 0.125}, {"low": 0.25}))
                return partial(_relabel, f"r{self._planned.number}", self._correction(chance) | {"formula": formula})
            case Change.LIFT:
                return partial(_lift, chance.random())
            case Change.RESET:
                return partial(imported_model.forget, "a client")
            case Change.ROLL_BACK:
                return partial(_roll_back, chance.random(), chance.choice(_TRAIN_FROM))
            case Change.IMPORT:
                kind = chance.choice(("state", "predictor", "own"))
                return partial(given_models.import_model, self._outcome.acknowledged, self._planned.number, kind)
            case Change.APPLY:
                return partial(self._apply_evaluation, chance)
            case Change.REDACT_FEATURE:
                return partial(_redact_user, chance.choice(past.USERS))
            case Change.REDACT:
                event_id = f"e{chance.randrange(3)}"
                self._outcome.acknowledged.asked_to_redact.add(event_id)
                return partial(_redact, event_id)
            case _:
                edit = partial(_edit, _value(self._planned.change, chance), self._world.clock.now_us)
                return partial(configuration_store.change_configuration, edit, Cause("a client", Act.SERVICE))

    def _correction(self, chance: random.Random) -> dict[str, Any]:
        """Some stretch of what has come or is to come, perhaps of one action or one user only; always the same."""
        begin_us = self._began_us - self._planned.at_us  # of the schedule; most Ranks come soon after it
        from_us = begin_us + chance.choice((-1, 0, 1, 3, 4, 8, 20, MINUTE)) * SECOND + chance.randrange(SECOND)
        to_us = from_us + chance.choice((1, 3, MINUTE, 10 * MINUTE)) * SECOND
        sent: dict[str, Any] = {"id": f"q{self._planned.number}", "from": to_iso(from_us), "to": to_iso(to_us)}
        if chance.random() < 0.3:
            sent["actionId"] = chance.choice(past.ACTIONS)
        if chance.random() < 0.3:
            sent["feature"] = {"name": "user", "value": chance.choice(past.USERS)}
        return sent | {"reason": "a bad hour"}

    def _apply_evaluation(self, chance: random.Random) -> None:
        """Evaluate a policy, and apply it; a call that is repeated applies the same evaluation once more."""
        if self._evaluation is None:
            name = f"evaluation {self._planned.number}.{self._tries}"
            self._evaluation = given_models.evaluate(self._outcome.acknowledged, name, chance)
        given_models.apply_evaluation(self._evaluation)


def _value(change: Change, chance: random.Random) -> dict[str, Any]:
    """The members of the service configuration that a change sets."""
    if change is Change.WAIT:
        return {"reward_wait_time": chance.choice(("PT30S", "PT90S", "PT2M"))}
    if change is Change.AGGREGATION:
        return {"reward_aggregation": chance.choice([each for each in Aggregation if each is not Aggregation.AVERAGE])}
    if change is Change.MODE:
        return {"learning_mode": chance.choice(MODES)}
    if change is Change.DEFAULT:
        return {"default_reward": chance.choice((-0.5, 0.25))}
    if change is Change.TRIAL:
        return {"is_auto_optimization_enabled": True}
    if change is Change.RETENTION:
        return {"log_retention_days": 1}
    if change is Change.MIRROR:
        return {"log_mirror_enabled": True, "log_mirror_sas_uri": "https://customer.blob.core.windows.net/mirror?sig=a"}
    return {"exploration_percentage": chance.choice((0.2, 0.5))}


def _edit(members: dict[str, Any], at_us: int, configuration: Configuration) -> Configuration:
    return configuration.with_service(replace(configuration.service, **members), at_us)


def _roll_back(chance: float, train_from: str) -> bool:
    """Publish a model again, an earlier one or that in use; False if there is none."""
    published = published_store.read_published()
    choice = [model for model in (*published.previous, published.model) if model is not None]
    if not choice:
        return False
    try:
        models._publish(choice[int(chance * len(choice))].id, train_from, "a client")
    except UnknownModel:
        return False
    return True


def _quarantine(new: NewQuarantine) -> None:
    """Make a quarantine, unless that was done, and perhaps lifted since."""
    with suppress(QuarantineExists):
        quarantines._make(new, "a client")


def _relabel(relabel_id: str, sent: dict[str, Any]) -> None:
    """Propose a relabel and activate it, unless that was done, and perhaps lifted since."""
    request = NewRelabel.from_parsed(sent)
    correction = request.correction(relabel_id, now_us(), request.formula.read_formula())
    new = Relabel(correction, request.reason, relabel_evaluation.evaluate(correction), now_us(), "a client")
    with suppress(RelabelExists, RelabelEnded):
        configuration_store.change_configuration(lambda stored: relabel_changes.propose(stored, new))
    with suppress(RelabelEnded):
        relabels._change(
            relabel_id,
            lambda stored: relabel_changes.activate(stored, relabel_id, "a client", now_us()),
            Cause("a client", Act.RELABEL),
        )


def _lift(chance: float) -> bool:
    """Lift an active quarantine or relabel; False if there is none."""
    active = configuration_store.read_configuration().corrections
    if not active:
        return False
    correction = active[int(chance * len(active))]
    if correction.formula is None:
        quarantines._lift(correction.id, "a client")
        return True
    relabels._change(
        correction.id,
        lambda stored: relabel_changes.lift(stored, correction.id, "a client", now_us()),
        Cause("a client", Act.UNDO_RELABEL),
    )
    return True


def _redact(event_id: str) -> str:
    """Redact an event."""
    _redact_all(EventTarget(event_id))
    return event_id


def _redact_user(user: str) -> tuple[str, int]:
    """Redact a value of the feature `user`; gives it, and up to where all log was redacted."""
    joined_us = lease.read_joined_up_to_us()
    _redact_all(FeatureTarget("user", user))
    return user, joined_us


def _redact_all(target: Target) -> None:
    """Redact in as many calls as it takes."""
    next_us: int | None = 0
    end_us = now_us() + MINUTE * SECOND
    while next_us is not None:
        next_us = redaction_call.redact(target, next_us, end_us).next_us
