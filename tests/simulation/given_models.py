"""Models that the loop is given: files from outside, its own that come back, and those of evaluations.

What they are is noted before the loop gets them, so that the lineage of a later model can begin with one of them.
"""

import hashlib
import random
from pathlib import Path
from typing import Final

from evaluate_fn import policy_application
from export_fn import imported_model
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.evaluation import evaluation_queue, evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Purpose, Source, Status
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.tasks import LineCounts, TrainedModel
from shared.learner import work_folder
from shared.learner.arguments import parse
from shared.log import log_line, manifest_store, ranked_event, stored_lines
from shared.log.corrected_lines import CorrectedLines
from shared.models import model_store, published_store
from shared.storage.clock import now_us
from shared.storage.this_storage import blobs
from shared.training import lease
from tests.simulation import chained_learner
from tests.simulation.outcome import Acknowledged, GivenModel

_POLICIES: Final = tuple(
    Policy("tried", f"--cb_explore_adf --epsilon 0.2 {others} -q ::", Source.CUSTOM)
    for others in ("--cb_type ips", "--cb_type mtr --power_t 0")
)
_SEARCHES: Final = ("a challenger",) * 8 + ("no challenger", "a failure")
"""What searches come to."""


def import_model(acknowledged: Acknowledged, number: int, kind: str) -> None:
    """Import a model: a training state or a predictor from outside, or the loop's own predictor if there is one."""
    model = published_store.read_published().model if kind == "own" else None
    data = f"{kind} {number}".encode() if model is None else model_store.read_intact(model.predictor_blob)
    state = chained_learner.prepare(data)
    _note(acknowledged, GivenModel(state, data))
    imported_model.import_model(data, "a client", signer=None)


def apply_evaluation(evaluation: Evaluation) -> None:
    """Apply the policy of an evaluation."""
    policy_application._apply(evaluation.id, evaluation.custom[0].name, "a client", confirmed=True)


def evaluate(acknowledged: Acknowledged, evaluation_id: str, chance: random.Random) -> Evaluation:
    """Store what an evaluation of a policy leaves, with the model that the policy has learned from all log so far."""
    configuration, joined_us = configuration_store.read_configuration(), lease.read_joined_up_to_us()
    evaluation = _make(evaluation_id, configuration, joined_us, chance.choice(_POLICIES))
    model = _learn(evaluation, evaluation.custom[0], configuration)
    _note(acknowledged, model)
    evaluation_store.create(evaluation)
    _store_outcome(evaluation, evaluation.custom[0], model)
    _end(evaluation, Status.SUCCEEDED)
    return evaluation


def search(acknowledged: Acknowledged, message: str, seed: int) -> None:
    """Carry out an evaluation of the loop's own, for which a message asks; most of them name a challenger.

    Args:
        seed: Decides what comes of an evaluation, however often it is carried out.
    """
    work = evaluation_queue.read(message)
    evaluation = evaluation_store.read(work.purpose, work.id)
    if evaluation is None or evaluation.status.has_ended:
        return
    chance = random.Random(f"{seed} {evaluation.id}")
    result, policy = chance.choice(_SEARCHES), chance.choice(_others(evaluation.online))
    if result == "a failure":
        _end(evaluation, Status.FAILED)
        return
    model = _learn(evaluation, policy, configuration_store.read_configuration())
    _note(acknowledged, model)
    _store_outcome(evaluation, policy, model, policy.name if result == "a challenger" else None)
    _end(evaluation, Status.SUCCEEDED)


def _others(online: Policy) -> list[Policy]:
    return [policy for policy in _POLICIES if policy.arguments != online.arguments]


def _end(evaluation: Evaluation, status: Status) -> None:
    evaluation_store.change(evaluation.purpose, evaluation.id, lambda stored: stored.end(status, now_us()))


def _note(acknowledged: Acknowledged, model: GivenModel) -> None:
    acknowledged.given[hashlib.sha256(model.state).hexdigest()] = model


def _make(evaluation_id: str, configuration: Configuration, to_us: int, policy: Policy) -> Evaluation:
    online = Policy("online", configuration.learning.arguments, Source.ONLINE)
    return Evaluation(
        evaluation_id,
        Purpose.EVALUATION,
        evaluation_id,
        is_of_2022=False,
        start_us=0,
        end_us=to_us,
        created_us=now_us(),
        custom=(policy,),
        optimise=False,
        round_number=0,
        online=online,
        exploration=configuration.service.exploration_percentage,
        log=EvaluatedLog(0, to_us, "cb", configuration.rewards, configuration.corrections),
    )


def _learn(evaluation: Evaluation, policy: Policy, configuration: Configuration) -> GivenModel:
    """The model of an evaluation's policy, learned from all log of its range that is still there."""
    arguments, log = parse(policy.arguments or "").with_epsilon(evaluation.exploration), evaluation.log
    held = CorrectedLines(log.corrections)
    state, logs, events = chained_learner.begin(list(arguments)), list[str](), 0
    for blob in manifest_store.list_blobs(log.from_us, log.to_us, configuration.logs_deleted_before_us):
        if (stored := blobs().read(blob.path)) is not None:
            lines = list(stored_lines.read_lines(stored.data, blob.rewards, log.rewards))
            lines = [line for line in lines if log_line.kind(line) == log.kind and not held.is_quarantined(line)]
            lines = [held.relabel(line, log.rewards) for line in lines]
            state, events = chained_learner.chain(state, lines), events + sum(map(chained_learner.is_learned, lines))
            logs.append(blob.path)
    mode = ranked_event.mode_of(log.kind)
    return GivenModel(state, chained_learner.predict(state), events, tuple(logs), log.rewards, mode)


def _store_outcome(evaluation: Evaluation, policy: Policy, model: GivenModel, challenger: str | None = None) -> None:
    """Store the files of a model, and the outcome that names them."""
    with work_folder.folder() as folder:
        file, digests = Path(folder, "model"), list[str]()
        for data in (model.state, model.predictor):
            file.write_bytes(data)
            digests.append(evaluation_run_store.keep_model(evaluation, file))
    result = PolicyOutcome(policy, "", {}, model=TrainedModel(digests[0], digests[1], model.events))
    outcome = Outcome((result,), LineCounts(), width_us=1, candidates=(), optimal=policy.name, challenger=challenger)
    evaluation_run_store.keep_outcome(evaluation, outcome)
