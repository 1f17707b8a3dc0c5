"""Members of a stored document that this version has no field for: a newer version wrote them, and gets them back."""

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.corrections import Correction, Quarantine
from shared.configuration.forms.configuration_request import ServiceConfigurationRequest
from shared.configuration.service_configuration import LearningMode
from shared.evaluation.evaluation import Evaluation, Status
from shared.evaluation.optimization_schedule import OptimizationRound
from shared.log.manifest import LogBlob, Manifest
from shared.log.redaction import without_id
from shared.metrics.apprentice import ImitatedEvent
from shared.metrics.bins import Bin, Day, PartMetrics, Pending
from shared.models.published import Published, Start
from shared.models.replacement import find_model, replace_model
from shared.status.feature_profile import Profile
from shared.status.recent_counters import with_snapshot
from shared.storage import json_documents
from shared.storage.json_documents import UnreadableDocument
from shared.stored_objects import GrowingStoredObject, StoredObject
from shared.times import DAY
from shared.training.configuration_changes import apply_changes, promote_next
from shared.training.cursor import Counters, empty_cursor
from shared.training.time_slices import waits_after
from shared.training.training_state import LastRun, State
from shared.web.versions import VERSIONS
from tests.earlier import documents
from tests.earlier.documents import KINDS, add_newer, list_newer
from tests.unit.pages import ROOT

LATER_US = 1_000_000
"""A moment after all of the documents."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


def read(kind: type, document: Any) -> Any:
    return json_documents.read(kind, json.dumps(document).encode())


def write(document: object) -> Any:
    return json.loads(json_documents.to_json(document))


def holds(document: Any, earlier: Any) -> bool:
    """Whether a document has all that an earlier one has, in the same places; in objects there may be more."""
    if isinstance(earlier, dict):
        return isinstance(document, dict) and all(
            name in document and holds(document[name], value) for name, value in earlier.items()
        )
    if isinstance(earlier, list):
        return len(document) == len(earlier) and all(map(holds, document, earlier))
    return type(document) is type(earlier) and bool(document == earlier)


@pytest.mark.parametrize("name", KINDS)
def test_what_an_earlier_version_wrote_is_written_so_that_it_can_read_it(name: str) -> None:
    """Each member is where it was; lists without names are no longer than they were."""
    earlier = documents.read(name)

    assert holds(write(read(KINDS[name], earlier)), earlier)


@pytest.mark.parametrize("name", KINDS)
def test_a_document_is_written_as_a_newer_version_wrote_it(name: str) -> None:
    newer = add_newer(KINDS[name], documents.read(name))

    assert write(read(KINDS[name], newer)) == newer


@settings(max_examples=60)
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_whatever_a_newer_version_puts_into_an_object_stays_there(name: str, data: st.DataObject) -> None:
    """In any of the objects, under any name that no field has in JSON, also one that a field has in Python only."""
    newer = documents.read(name)
    names = st.sampled_from(["unknown", "rounds", "events_in_minute"]) | st.text(st.characters(min_codepoint=32))
    for _, node in documents.objects(KINDS[name], newer):
        more = data.draw(st.none() | st.dictionaries(names, JSON, max_size=2))
        node.update({member: value for member, value in (more or {}).items() if member not in node})

    assert write(read(KINDS[name], newer)) == newer


def _configured(state: State, **changes: Any) -> Configuration:
    """The configuration for which the running model of a state is trained, with changes."""
    first = new_configuration(4)
    corrections = [Correction.of_members(each.members) for each in state.counted_under]
    quarantines = tuple(Quarantine(each, "why", 0, "by", revision=0) for each in corrections)
    return replace(first, **{"revision": state.running.revision, "quarantines": quarantines, **changes})


def _published(state: State) -> Published:
    return Published(generation=state.running.generation)


def _part(state: State) -> PartMetrics:
    """The metrics of a part with an event in the first bin of a state, and one later."""
    bins = [Bin(state.metrics.bins[0].from_us, events=1), Bin(LATER_US)]
    pending = [Pending(LATER_US, LATER_US, "cb", 1, 0)]
    return PartMetrics(bins, pending, [ImitatedEvent(1.0, matches=True, ceiling=1.0)], LATER_US, LATER_US)


def _apply_mode(state: State) -> State:
    """Another learning mode, for models that are trained for the configuration."""
    assert state.next is not None
    configuration = _configured(state, revision=state.next.revision)
    service = replace(configuration.service, learning_mode=LearningMode.ONLINE)
    return apply_changes(state, replace(configuration, service=service), _published(state))


def _new_round(state: State) -> State:
    return replace(state, rounds=state.rounds.begin(OptimizationRound(9, 1, 2, 3, 4)))


def _merge(configuration: Configuration) -> Configuration:
    request = ServiceConfigurationRequest.of(b'{"explorationPercentage":0.5}', VERSIONS[-1])
    return configuration.with_service(request.merge_into(configuration.service, 30 * DAY), LATER_US)


def _again(published: Published) -> Published:
    model = replace(find_model(published, published.previous[0].id), revision=7)
    return replace_model(published, model, Start(model), LATER_US)


def _settle(state: State) -> State:
    metrics = state.metrics.plus(_part(state), LATER_US, LATER_US + 1).settle(LATER_US, "cb", 0, refused=1)
    return replace(state, metrics=metrics)


def _profile(profile: Profile) -> Profile:
    """An event more, in the same sample."""
    assert profile.takes(LATER_US * LATER_US)
    profile.add(profile.current.from_us, {"FromUrl": [{"a": 5}]})
    return profile


def _blob_anew(day: Manifest) -> LogBlob:
    """The first log blob of a day as storage describes it, after another program has changed it."""
    first = day.blobs[0]
    return LogBlob(first.from_us, first.to_us, None, 0, {}, 0, 0, shard=first.shard)


STATES: Mapping[str, tuple[Callable[[State], State], Mapping[str, str | None]]] = {
    "same settings": (
        lambda state: apply_changes(state, _configured(state), _published(state)),
        {"next": None, "mode_switch": None},
    ),
    "other mode": (_apply_mode, {"mode_switch": None}),
    "new settings": (
        lambda state: apply_changes(state, _configured(state, revision=999), _published(state)),
        {"next": None, "mode_switch": None},
    ),
    "new model by hand": (
        lambda state: apply_changes(state, _configured(state), Published(generation=999)),
        {"running": None, "next": None, "publishing": None, "before_apprentice": None, "mode_switch": None},
    ),
    "newest model again": (
        lambda state: apply_changes(
            state, _configured(state, revision=999), Published(generation=999, start=Start(newest=True))
        ),
        {"next": None, "publishing": None, "mode_switch": None},
    ),
    "next model": (promote_next, {"running": None, "next": "running"}),
    "counters": (lambda state: replace(state, counters=state.counters.plus(Counters(events=1))), {}),
    "part": (lambda state: replace(state, metrics=state.metrics.plus(_part(state), LATER_US, LATER_US + 1)), {}),
    "outcomes": (_settle, {}),
    "no part": (lambda state: replace(state, intent=None), {"intent": None}),
    "run": (lambda state: replace(state, last_run=LastRun(1, 2, 3, 4)), {"last_run": None}),
    "round": (_new_round, {"looks.last": None}),
    "analysis": (lambda state: replace(state, rounds=state.rounds.spend(0.001).mark_started().settle()), {}),
    "end of a trial": (lambda state: replace(state, trial=None), {"trial": None}),
    "redaction": (lambda state: without_id(state, "last_event_id-31"), {}),
    "waits": (
        lambda state: replace(state, long_waits=waits_after(state.long_waits, 0, state.long_waits[1].wait_us)),
        {},
    ),
    "model published": (lambda state: replace(state, publishing=None, published_at_us=9), {"publishing": None}),
}
OTHERS: Mapping[str, tuple[type, Callable[[Any], Any], Mapping[str, str | None]]] = {
    "settings": (Configuration, _merge, {}),
    "learning settings": (
        Configuration,
        lambda configuration: configuration.with_learning(LearningSettings("new", "--cb_explore_adf"), LATER_US),
        {"learning": None},
    ),
    "log deleted": (Configuration, lambda configuration: replace(configuration, logs_deleted_before_us=LATER_US), {}),
    "reset": (
        Published,
        lambda published: replace_model(published, None, Start(), LATER_US),
        {"start": None, "model": "previous.0", "previous.0": "previous.1", "previous.1": "previous.2", "trial": None},
    ),
    "earlier model": (
        Published,
        _again,
        {"start": None, "model": "previous.0", "previous.0": "model start.model", "trial": None},
    ),
    "redaction": (Published, lambda published: without_id(published, "first_event_id-215"), {}),
    "end": (Evaluation, lambda evaluation: replace(evaluation, status=Status.RUNNING).end(Status.FAILED, 9, "why"), {}),
    "profile": (Profile, _profile, {}),
    "log blob described": (Manifest, lambda day: day.put(replace(day.blobs[0], etag="")), {}),
    "log blob anew": (Manifest, lambda day: day.put(_blob_anew(day)), {"blobs.0": None}),
    "log deleted by age": (
        Manifest,
        lambda day: day.without({day.blobs[0].path}),
        {"blobs.0": None, "blobs.1": "blobs.0"},
    ),
    "log compared": (Manifest, lambda day: day.follow(Manifest((_blob_anew(day), day.blobs[1]))), {"blobs.0": None}),
    "day": (Day, lambda day: replace(day, bins=(day.bins[0].plus(Bin(0)), day.bins[1])), {}),
}
_NAMES = {kind: name for name, kind in KINDS.items()}
CHANGES = [(State, *change) for change in STATES.values()] + list(OTHERS.values())


@pytest.mark.parametrize(("kind", "change", "moves"), CHANGES, ids=[*STATES, *OTHERS])
def test_a_change_keeps_what_is_unknown_in_all_that_it_does_not_make_anew(
    kind: type, change: Callable[[Any], Any], moves: Mapping[str, str | None]
) -> None:
    """What a new object takes the place of goes with all its members; a moved object takes them along.

    Each added member holds the place of its object before the change.
    """
    newer = add_newer(kind, documents.read(_NAMES[kind]))

    after = list_newer(kind, write(change(read(kind, newer))))

    expected = {}
    for place in list_newer(kind, newer):
        origin = next((origin for origin in moves if f"{place}.".startswith(f"{origin}.")), None)
        targets = [""] if origin is None else (moves[origin] or "").split()
        expected |= {target + place[len(origin or "") :]: place for target in targets}
    assert after == expected


def test_snapshots_hold_the_counters_as_they_are() -> None:
    state = read(State, add_newer(State, documents.read("state")))
    counters = state.counters.plus(Counters(events=10**4))

    after = write(with_snapshot(replace(state, joined_up_to_us=10 * DAY, counters=counters)))

    assert after["snapshots"][-1]["counters"][documents.NEWER] == "counters"
    assert documents.NEWER not in after["snapshots"][-1]


def test_a_new_cursor_has_only_its_own() -> None:
    """Although reward settings and more come from objects that have other members."""
    configuration = read(Configuration, add_newer(Configuration, documents.read("configuration")))

    cursor = empty_cursor(configuration, 1, 2)

    assert list_newer(State, write(State(1, cursor))) == {}


def test_documents_are_equal_whatever_is_unknown_but_not_the_same() -> None:
    """Rules compare what they know; what is to be stored is compared as a whole."""
    document = read(State, documents.read("state"))
    newer = read(State, add_newer(State, documents.read("state")))

    assert document == newer
    assert hash(document.running.rewards) == hash(newer.running.rewards)
    assert not json_documents.are_same(document, newer)
    assert json_documents.are_same(newer, replace(newer))


def test_a_redaction_reaches_what_is_unknown() -> None:
    """A newer version may name the first and the last event of more models."""
    event = {"first_event_id": "ann", "last_event_id": "bob", "name": "ann"}
    newer = {**documents.read("state"), "shadow": {"models": [event]}}

    after = write(without_id(read(State, newer), "ann"))

    assert after["shadow"] == {"models": [{**event, "first_event_id": None}]}


@pytest.mark.parametrize(
    ("name", "place"), [("state", "running"), ("configuration", "service"), ("evaluation", ""), ("published", "model")]
)
def test_a_word_of_a_newer_version_makes_a_document_unreadable(name: str, place: str) -> None:
    """What it means for the fields beside it is not known, so nothing is done under it."""
    newer = documents.read(name)
    node = newer[place] if place else newer
    [word] = {"mode", "learning_mode", "status", "origin"} & node.keys()
    node[word] = "Daring"

    with pytest.raises(UnreadableDocument, match="Input should be"):
        read(KINDS[name], newer)


def _dataclasses(kind: Any) -> set[type]:
    inner = set().union(*map(_dataclasses, get_args(kind)))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return {kind}.union(*(_dataclasses(hints[field.name]) for field in fields(kind) if field.name != "unknown"))
    return inner


@pytest.mark.parametrize("name", KINDS)
def test_every_object_of_a_document_keeps_what_is_unknown(name: str) -> None:
    """Also one that is added tomorrow, and the documents of earlier versions have one of each."""
    classes = _dataclasses(KINDS[name])

    assert [kind for kind in classes if not issubclass(kind, StoredObject | GrowingStoredObject)] == []
    assert len(list(documents.objects(KINDS[name], documents.read(name)))) >= len(classes)


@pytest.mark.parametrize("name", KINDS)
def test_the_document_of_an_earlier_version_has_all_fields(name: str) -> None:
    """A field that is added is added there too: from then on no version loses it."""
    earlier = documents.read(name)

    assert write(read(KINDS[name], earlier)) == earlier


def test_all_documents_that_are_written_again_are_here() -> None:
    """All that is read as a `json_documents` document, but for what is written once."""
    readers = ("json_documents.read", "json_documents.read_at_start")
    calls = [
        node
        for folder in ("shared", "train_timer", "evaluate_fn", "export_fn", "configure_fn", "status_fn", "rank_fn")
        for path in (Path(ROOT) / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in readers
    ]

    assert {ast.unparse(call.args[0]) for call in calls} == {kind.__name__ for kind in KINDS.values()} | {
        "TaskResult",
        "Outcome",
        "Gathered",
        "Course",
        "ImportOutcome",
        "ShardResult",
    }
