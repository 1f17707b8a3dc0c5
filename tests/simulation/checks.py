"""What must be true once a schedule is over: of the log, of the models, and of what clients were told."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import isclose
from typing import Any

import orjson

from shared.configuration import settings_history_store
from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import agree
from shared.configuration.service_configuration import LearningMode
from shared.log import line_pieces, log_line
from shared.log.corrected_lines import CorrectedLines
from shared.log.join import BEFORE_US
from shared.log.manifest import place_of
from shared.metrics import metrics_store, model_rewards_store
from shared.ranking.decision import NO_MODEL
from shared.times import from_iso
from tests.simulation import chained_learner
from tests.simulation.lineage import Lineage, label, settle, trace
from tests.simulation.outcome import Call, Outcome, unpack
from tests.simulation.plan import Change
from tests.simulation.trial_checks import check_trials


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log, and the settings under which it was joined."""

    members: dict[str, Any]
    rewards: RewardSettings

    @property
    def event_id(self) -> str:
        """The id of the event that it is about."""
        return str(self.members["EventId"])


def check(outcome: Outcome) -> None:
    """See that nothing acknowledged is lost, nothing is learned twice, and nothing is left to do."""
    lines = [(line, part.rewards) for part in outcome.log for line in part.lines]
    events = [Line(orjson.loads(line), rewards) for line, rewards in lines if log_line.is_event(line)]
    lone = [Line(orjson.loads(line), rewards) for line, rewards in lines if not log_line.is_event(line)]
    _check_deletions(outcome, [*events, *lone])
    _check_events(outcome, events)
    _check_observations(outcome, events, lone)
    _check_counters(outcome)
    _check_model_rewards(outcome)
    _check_quarantines(outcome)
    _check_history(outcome)
    _check_models(outcome)
    _check_copies(outcome)
    _check_end(outcome)
    check_trials(outcome)
    _check_retention(outcome)


def _check_deletions(outcome: Outcome, lines: Iterable[Line]) -> None:
    """What was deleted or redacted is gone, and the deletion reaches no further than its answer."""
    deleted_us = outcome.configuration.logs_deleted_before_us
    deletions = outcome.acknowledged.deletions

    assert all(began_us <= deleted_us for began_us, _ in deletions)
    if deletions and len(deletions) == outcome.plan_count(Change.DELETE_LOGS):
        assert deleted_us <= max(ended_us for _, ended_us in deletions)
    for line in lines:
        assert _arrived_us(line) >= deleted_us, line.event_id
        assert not _is_redacted(outcome, line.event_id), line.event_id
    for part in outcome.log:
        for user, up_to_us in outcome.acknowledged.redacted_users.items():
            named = f'"user":"{user}"'.encode()
            assert part.blob.to_us > up_to_us or not any(named in line for line in part.lines), part.blob.path


def _arrived_us(line: Line) -> int:
    return from_iso(line.members.get("Timestamp") or line.members["EnqueuedTimeUtc"])


def _is_redacted(outcome: Outcome, event_id: str) -> bool:
    """Whether an event was redacted, and no call about it came after the redaction was begun."""
    began_us, _ = outcome.acknowledged.redactions.get(event_id, (0, 0))
    return began_us > _last_us(outcome, event_id)


def _last_us(outcome: Outcome, event_id: str) -> int:
    """When the last call about an event arrived, plus the longest that its row may take."""
    told = outcome.acknowledged
    calls = [
        told.ranks.get(event_id, Call()),
        *(call for (each, _), call in told.observations.items() if each == event_id),
    ]
    return max((at_us for call in calls for at_us in call.arrivals), default=0) + 20_000_000


def _must_be_log(outcome: Outcome, event_id: str, call: Call) -> bool:
    """Whether a call must be in the log: it was acknowledged, and neither deleted nor redacted."""
    deleted_us = outcome.configuration.logs_deleted_before_us
    is_gone = event_id in outcome.redacted or min(call.arrivals, default=0) < deleted_us
    return call.is_acknowledged and not is_gone


def _check_events(outcome: Outcome, events: list[Line]) -> None:
    """Each acknowledged Rank is in the log once, with the answer that its client has, or nothing is learned from it."""
    acknowledged = outcome.acknowledged
    wanted = {event_id for event_id, rank in acknowledged.ranks.items() if _must_be_log(outcome, event_id, rank)}

    assert _is_each_once(events)
    assert wanted <= {event.event_id for event in events}
    for line in events:
        event, event_id = line.members, line.event_id
        logged, is_otherwise = (event["_label_Action"], event["_label_probability"]), "AnsweredOtherwise" in event
        if event.get("Mode") == LearningMode.APPRENTICE:  # what it drew was not shown
            logged = 1, 1.0
        # answers to later repetitions may go unnoticed
        distances = -BEFORE_US, min(line.rewards.wait_us, BEFORE_US)
        times = acknowledged.events[event_id].items()
        answers = [shown for at_us, shown in times if distances[0] < at_us - _arrived_us(line) < distances[1]]
        assert is_otherwise or event_id in outcome.redacted or all(shown == logged for shown in answers), event_id
        assert not is_otherwise or len(acknowledged.answers[event_id]) > 1, event_id
        is_activated = not event.get("DeferredAction") or any("v" not in each for each in event["o"])
        assert ("_skipLearn" in event) == (is_otherwise or not is_activated), event_id


def _check_observations(outcome: Outcome, events: list[Line], lone: list[Line]) -> None:
    """Each acknowledged reward is in the log once, with its event if it has come in time."""
    of_events = defaultdict(list)
    for line in events:
        of_events[line.event_id].append(line)
    observed = [(line, each) for line in events for each in line.members["o"]]
    alone = [(line, each) for line in lone for each in line.members["Observations"]]
    logged = {(line.event_id, each["id"]): each.get("v") for line, each in [*observed, *alone]}
    wanted = {
        key: call.value
        for key, call in outcome.acknowledged.observations.items()
        if _must_be_log(outcome, key[0], call)
    }

    assert len(logged) == len(observed) + len(alone)
    assert all(len(line.members["Observations"]) == 1 for line in lone)
    assert wanted.items() <= logged.items()
    for line in events:
        times = [from_iso(each["t"]) for each in line.members["o"]]
        assert times == sorted(times)
        assert all(_belongs(at_us, line) for at_us in times)
        assert line.members["_original_label_cost"] == -settle(line.members, line.rewards)
        assert line.members["_label_cost"] == -label(line.members, line.rewards)
    forgets = outcome.plan_count(Change.DELETE_LOGS) or outcome.redacted
    for line in lone:
        of_id = of_events[line.event_id]
        assert not any(_belongs(from_iso(line.members["EnqueuedTimeUtc"]), event) for event in of_id), line.event_id
        assert of_id or forgets or line.members["Fate"] == "dangling", line.event_id


def _belongs(observed_us: int, event: Line) -> bool:
    return -BEFORE_US < observed_us - from_iso(event.members["Timestamp"]) < event.rewards.wait_us


def _check_counters(outcome: Outcome) -> None:
    """Each event that ever became log is counted once."""
    counters = outcome.last_state.counters
    lines = [line for path in outcome.all_log() for line in unpack(outcome.versions(path)[0])]
    events = [orjson.loads(line) for line in lines if log_line.is_event(line)]
    learned = sum("_skipLearn" not in event for event in events)
    otherwise = sum("AnsweredOtherwise" in event for event in events)

    # of a part that a trainer had begun, rows may have gone after its log blob was written
    surely = [event for event in events if event["EventId"] not in outcome.redacted]
    assert len(surely) <= counters.events <= len(events)
    assert counters.late + counters.dangling == len(lines) - len(events)
    if outcome.is_replaced or outcome.forgets:
        return
    if outcome.plan_count(Change.MODE):
        learned_or_not = counters.learned + counters.not_activated + counters.passed_over + counters.quarantined
        assert learned_or_not + counters.answered_otherwise == len(events)
        return
    assert counters.answered_otherwise == otherwise
    assert counters.learned + counters.not_activated + counters.quarantined == len(events) - otherwise
    if outcome.is_corrected:  # made later, it does not change what was counted
        return
    if not outcome.plan_count(Change.WAIT):  # with another wait, a model may have activations that another has not
        assert counters.learned == learned


def _check_model_rewards(outcome: Outcome) -> None:
    """Each event that ever became log counts once for the model that it was ranked with."""
    log = [orjson.loads(line) for path in outcome.all_log() for line in unpack(outcome.versions(path)[0])]
    events = [event for event in log if "VWState" in event and "_skipLearn" not in event]
    ranked: dict[str, list[float]] = defaultdict(list)
    undecided: dict[str, int] = defaultdict(int)
    for event in events:
        rewards = ranked[event["VWState"]["m"]]
        if "Mode" in event:  # the first action was shown, whatever the model drew
            undecided[event["VWState"]["m"]] += 1
        else:
            rewards.append(-event["_original_label_cost"])
    ranked.pop(NO_MODEL, None)
    recent = outcome.last_state.metrics.models
    told = outcome.reader.call(lambda: model_rewards_store.read(list(ranked), recent))

    assert {stint.model_id for stint in recent} <= ranked.keys()
    for model_id, rewards in ranked.items():
        sums = told[model_id]
        if not outcome.redacted and not outcome.is_corrected:
            assert (sums.events, sums.undecided) == (len(rewards), undecided[model_id]), model_id
            assert isclose(sums.rewards, sum(rewards), abs_tol=1e-9), model_id
        assert sums.events <= len(rewards), model_id
        assert sums.undecided <= undecided[model_id], model_id


def _check_quarantines(outcome: Outcome) -> None:
    """The bins count the events that are in no quarantine, and apart from them those that are in any."""
    state, configuration = outcome.last_state, outcome.configuration
    if not outcome.is_corrected:
        return
    assert state.counted_under == configuration.corrections
    assert state.recount is None or state.recount.is_done
    if outcome.forgets or outcome.plan_count(Change.REDACT_FEATURE):
        return
    held = CorrectedLines(configuration.corrections)
    lines = [line for part in outcome.log for line in part.lines if log_line.is_event(line)]
    bins = outcome.reader.call(lambda: metrics_store.read_bins(0, _FAR_US, state.metrics))
    assert sum(each.joined for each in bins) == len(lines)
    assert sum(each.events for each in bins) == sum(map(chained_learner.is_learned, _without(lines, held)))
    labelled = [held.relabel(line, part.rewards) for part in outcome.log for line in _without(part.lines, held)]
    shown = map(orjson.loads, filter(chained_learner.is_learned, labelled))
    assert isclose(
        sum(each.rewards for each in bins), sum(-each["_original_label_cost"] for each in shown), abs_tol=1e-9
    )
    if outcome.is_replaced:
        return
    assert sum(sum(each.outcomes[:4]) + sum(each.quarantined) + each.answered_otherwise for each in bins) == len(lines)
    if not outcome.plan_count(Change.MODE):
        otherwise = [line for line in lines if line_pieces.is_answered_otherwise(line)]
        in_quarantine = len(lines) - len(otherwise) - len(_without(set(lines) - set(otherwise), held))
        assert sum(sum(each.quarantined) for each in bins) == in_quarantine
        assert sum(each.answered_otherwise for each in bins) == len(otherwise)


def _without(lines: Iterable[bytes], held: CorrectedLines) -> list[bytes]:
    return [line for line in lines if not held.is_quarantined(line)]


def _held(outcome: Outcome, lineage: Lineage) -> CorrectedLines:
    """What a model need not have learned: what is in quarantine, or was when it learned last."""
    learned_under = lineage.descriptions[-1].corrections if lineage.descriptions else ()
    return CorrectedLines([*outcome.configuration.corrections, *learned_under])


def _is_unlearned(outcome: Outcome, lineage: Lineage) -> bool:
    """Whether a model has learned its log as it is corrected at the end, part by part."""
    corrections = outcome.configuration.corrections
    places = [(description, place_of(path)) for description in lineage.descriptions for path in description.logs]
    return all(agree(description.corrections, corrections, *place[:2]) for description, place in places)


def _check_history(outcome: Outcome) -> None:
    """The history has each change that was made, and no other."""
    recent = outcome.configuration.changes, outcome.last_published.changes
    changes = outcome.reader.call(lambda: settings_history_store.read_with(*recent))
    names = [{value.name for value in change.values} for change in changes]

    assert outcome.last_published.generation == sum("model" in each for each in names)
    assert outcome.configuration.revision == 1 + sum(bool(each & _LEARNED_ANEW) for each in names)


_FAR_US = 10**17
_SETTINGS = (Change.EXPLORATION, Change.WAIT, Change.AGGREGATION, Change.DEFAULT, Change.APPLY, Change.TRIAL)
_LEARNED_ANEW = {
    "reward_wait_time",
    "default_reward",
    "reward_aggregation",
    "exploration_percentage",
    "learning_settings_arguments",
    "quarantine",
    "relabel",
}


def _check_models(outcome: Outcome) -> None:
    """The published model is what the log makes: each part once, in order, none left out."""
    model, configuration = outcome.last_published.model, outcome.configuration
    if model is None:
        assert outcome.read("exports/default/current/model.vw") is None
        assert outcome.last_state.running.events == 0
        return
    lineage = trace(outcome, model.state_blob)

    assert outcome.read(model.predictor_blob) == lineage.predictor
    assert outcome.read("exports/default/current/model.vw") == lineage.predictor
    assert model.learned_events == lineage.learned
    assert list(lineage.paths) == sorted(set(lineage.paths))
    if not outcome.is_replaced and not outcome.forgets and not outcome.plan_count(Change.MODE):
        held = CorrectedLines(configuration.corrections)
        finds_nothing = not any(_teaches(_without(part.lines, held), configuration.rewards) for part in outcome.log)
        is_anew = lineage.rewards == configuration.rewards and _is_unlearned(outcome, lineage)
        assert is_anew or finds_nothing
    _check_start(outcome, lineage)
    if outcome.plan_count(Change.MODE):
        assert outcome.is_replaced or outcome.last_state.next is not None or _is_unlearned(outcome, lineage)
        _check_modes(outcome, lineage)
        return
    since_us = outcome.last_published.start.learned_up_to_us or 0
    if not outcome.last_published.start.newest:
        later = [part for part in outcome.log if part.blob.from_us >= since_us]
        rewards = lineage.rewards or configuration.rewards
        held = _held(outcome, lineage)
        wanted = {part.blob.path for part in later if _teaches(_without(part.lines, held), rewards)}
        assert wanted <= set(lineage.paths)


def _check_modes(outcome: Outcome, lineage: Lineage) -> None:
    """A model that has learned Online goes on after a time as an apprentice as if there had been none.

    What it learns from then on is in no model together with what an apprentice has learned after it, and no part that
    it can learn from is left out.
    """
    if outcome.is_replaced:
        return
    earlier = outcome.last_state.before_apprentice
    assert earlier is None or outcome.configuration.service.learning_mode is LearningMode.APPRENTICE
    online = lineage
    if earlier is not None:
        assert earlier.model is not None
        online = trace(outcome, earlier.model.state_blob)
        assert LearningMode.ONLINE in online.modes
    first = online.modes.index(LearningMode.ONLINE) if LearningMode.ONLINE in online.modes else len(online.modes)
    since = online.modes[first:]
    assert LearningMode.APPRENTICE not in since or since[-1] is LearningMode.APPRENTICE, online.modes
    if online.first_online is None or since[-1] is LearningMode.APPRENTICE:
        return
    up_to_us = earlier.learned_up_to_us if earlier else outcome.last_state.joined_up_to_us
    rewards = online.rewards or outcome.configuration.rewards
    later = [part for part in outcome.log if part.blob.path >= online.first_online and part.blob.to_us <= up_to_us]
    held = _held(outcome, online)
    wanted = {
        part.blob.path
        for part in later
        if _teaches([line for line in _without(part.lines, held) if log_line.kind(line) == "cb"], rewards)
    }
    assert wanted <= set(online.paths)


def _check_start(outcome: Outcome, lineage: Lineage) -> None:
    """After a replacement by hand, learning goes on from there, as long as no settings change.

    After a reset, what it has forgotten is not learned for a quarantine either.
    """
    start = outcome.last_published.start
    is_since = start.revision == outcome.configuration.revision
    is_only_corrected = start.model is None and not any(map(outcome.plan_count, _SETTINGS))
    if start.newest or start.revision is None or not (is_since or is_only_corrected):
        return
    if start.model is not None:
        assert outcome.versions(start.model.state_blob)[-1] in lineage.states
    else:
        assert all(place_of(path)[0] >= (start.learned_up_to_us or 0) for path in lineage.paths)


def _teaches(lines: Iterable[bytes], rewards: RewardSettings) -> bool:
    """Whether a model learns from lines that are labelled under some settings."""
    return any(chained_learner.is_learned(log_line.relabel(line, rewards)) for line in lines)


def _check_copies(outcome: Outcome) -> None:
    """The customer has all log since the mirror was switched on."""
    state, copies = outcome.last_state, outcome.copies()
    if state.mirrored_from_us is None or outcome.redacted:
        return

    assert state.mirrored_up_to_us == state.joined_up_to_us
    for part in outcome.log:
        if part.blob.from_us >= state.mirrored_from_us:
            assert copies.get(part.blob.path) == outcome.read(part.blob.path), part.blob.path


def _check_end(outcome: Outcome) -> None:
    """Nothing waits, and nothing is in trouble."""
    state, waiting = outcome.last_state, outcome.waiting()

    assert (waiting.events, waiting.at_least, dict(state.troubles)) == (0, False, {})
    assert (state.intent, state.publishing) == (None, None)
    assert state.running.begun is None or outcome.forgets  # the rest of the part may have been deleted
    assert state.next is None or (state.next.events == 0 and state.next.learned_up_to_us == state.joined_up_to_us)


def _check_retention(outcome: Outcome) -> None:
    """If log is kept for a day, it is gone some days later, and the model stays."""
    if outcome.configuration.service.log_retention_days != 1:
        return
    outcome.age(3)
    published, state = outcome.published, outcome.state
    challenger = state.trial and state.trial.challenger
    cursors = [cursor.model for cursor in (state.running, state.before_apprentice, challenger) if cursor is not None]

    assert outcome.stored_log() == []
    assert published.model == outcome.last_published.model
    models = [model.files for model in (published.model, published.of_challenger.model) if model is not None]
    named = [each for files in (*models, *cursors) if files for each in files.paths]
    assert all(outcome.read(path) is not None for path in named)


def _is_each_once(events: list[Line]) -> bool:
    """Whether no event is there twice; what comes again after two minutes, such as when a machine slept, is another."""
    arrivals = sorted((event.event_id, _arrived_us(event)) for event in events)
    return all(one[0] != other[0] or other[1] - one[1] >= BEFORE_US for one, other in pairwise(arrivals))
