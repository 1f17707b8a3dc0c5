"""Documents that an earlier version has stored are read as it wrote them, and written as it reads them."""

from dataclasses import replace

from shared.configuration.service_configuration import LearningMode
from shared.log.redaction import without_id
from shared.models.published import ModelFiles, ModelReference, Origin, Published
from shared.storage import json_documents
from shared.training.cursor import BegunBlob, Counters
from shared.training.training_state import State

_CURSOR = (
    '{"generation":2,"revision":3,"arguments":"--cb_explore_adf --epsilon 0.2","exploration":0.3,'
    '"rewards":{"wait_us":600000000,"default":0.5,"aggregation":"earliest"},"learned_up_to_us":90,'
    '"model":{"state_blob":"s","state_sha256":"1","predictor_blob":"p","predictor_sha256":"2","events":7}}'
)
_STATE = (
    '{"joined_up_to_us":100,"running":' + _CURSOR + ',"next":' + _CURSOR + ',"intent":{"from_us":100,"to_us":200,'
    '"rewards":{"wait_us":600000000,"default":0.5,"aggregation":"earliest"},"deleted_before_us":5,"look_back_us":50},'
    '"publishing":{"id":"m","predictor_blob":"p","sha256":"2","state_blob":"s","arguments":"--cb_explore_adf",'
    '"revision":3,"learned_up_to_us":90,"learned_events":7,"made_at_us":95},"published_at_us":80,"counted_up_to_us":90,'
    '"counters":{"events":9,"learned":7,"not_activated":2,"refused":0,"rewards":4,"late":1,"dangling":1,"reused_ids":0,'
    '"repeated":0,"out_of_range":0},"long_waits":[{"until_us":700,"wait_us":600}],"last_run":null,"problem":null,'
    '"kept_at_us":10,"looks":{"last":{"number":3,"at_us":70,"from_us":10,"to_us":60,"learned":4000,"error":0.0004},'
    '"is_started":false,"spent":0.00055}}'
)
_PUBLISHED = (
    '{"generation":2,"model":{"id":"m","predictor_blob":"p","sha256":"2","state_blob":"s","arguments":'
    '"--cb_explore_adf","revision":3,"learned_up_to_us":90,"learned_events":7,"made_at_us":95},"previous":[],'
    '"joined_up_to_us":100,"created_at_us":95,"changed_at_us":95}'
)


def test_a_part_that_an_earlier_version_began_can_be_finished() -> None:
    """Its intent says all that its log blob follows from; models and counters go on."""
    state = json_documents.read(State, _STATE.encode())

    assert state.intent is not None
    assert (state.intent.from_us, state.intent.to_us, state.intent.since_us) == (100, 200, 50)
    assert (state.running.mode, state.running.kind, state.running.events) == (LearningMode.ONLINE, "cb", 7)
    assert (state.running.first_revision, state.running.begun) == (3, None)
    assert (state.counters.events, state.counters.passed_over, state.metrics.bins) == (9, 0, ())
    assert (state.rounds.last and state.rounds.last.number, state.rounds.is_started) == (3, False)
    assert json_documents.read(State, json_documents.to_json(state)) == state
    for text in ('"looks":{"last":{"number":3', '"kept_at_us":10', '"look_back_us":50'):
        assert text.encode() in json_documents.to_json(state)


def test_a_blob_that_is_partly_learned_is_named_by_the_commit_record() -> None:
    """And nothing that redaction looks for is hidden in it."""
    state = json_documents.read(State, _STATE.encode())
    model = ModelFiles.at("a/1f.vw", "a/2e.vw", 7, "first", "last")
    begun = BegunBlob("a blob", "2026-11-25T12:00:00.000000Z", "cb", 40, model, Counters(learned=7))
    state = replace(state, running=replace(state.running, begun=begun))

    assert json_documents.read(State, json_documents.to_json(state)) == state
    assert b'"last"' not in json_documents.to_json(without_id(state, "last")).replace(b'"last":', b"")


def test_what_an_earlier_version_published_is_in_use() -> None:
    published = json_documents.read(Published, _PUBLISHED.encode())

    assert published.model is not None
    assert (published.model.id, published.generation, published.start.model) == ("m", 2, None)


def test_a_model_is_stored_flat() -> None:
    """An earlier version, gone back to, reads these keys."""
    files = ModelFiles.at("a/1f.vw", "a/2e.vw", 7, "first", learned_in=LearningMode.ONLINE)
    reference = ModelReference.of(
        files,
        "m",
        arguments="--cb_explore_adf",
        revision=3,
        learned_from_us=5,
        learned_up_to_us=90,
        made_at_us=95,
        origin=Origin.APPLIED,
    )

    assert json_documents.to_json(files) == (
        b'{"state_blob":"a/1f.vw","state_sha256":"1f","predictor_blob":"a/2e.vw","predictor_sha256":"2e","events":7,'
        b'"first_event_id":"first","last_event_id":null,"learned_in":"Online"}'
    )
    assert json_documents.to_json(reference) == (
        b'{"id":"m","predictor_blob":"a/2e.vw","sha256":"2e","state_blob":"a/1f.vw","arguments":"--cb_explore_adf",'
        b'"revision":3,"learned_up_to_us":90,"learned_events":7,"made_at_us":95,"origin":"applied","learned_from_us":5,'
        b'"first_event_id":"first","last_event_id":null,"learned_in":"Online","signer":null}'
    )
    assert files == reference.files
