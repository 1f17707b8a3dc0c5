"""What a redaction makes of single lines."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.configuration import RewardSettings, new_configuration
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.log import line_pieces, log_line
from shared.log.array_projection import project
from shared.log.feature_names import cut
from shared.log.log_line import event_line, lone_line
from shared.log.ranked_event import RankedEvent
from shared.log.redaction import EventTarget, FeatureTarget, NamesAlike, Target, without_id
from shared.metrics.growing_step import GrowingStep
from shared.models.published import ModelFiles, ModelReference, Published
from shared.times import MINUTE, SECOND
from shared.training.configuration_changes import new_state

AT_US = 1_764_075_000 * SECOND
REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
OTHERS = RewardSettings(10 * MINUTE, -0.5, Aggregation.SUM)
LONG = [0.25 * number for number in range(100)]


def document(**context: Any) -> dict[str, Any]:
    """The features of an event with two actions."""
    actions = [{"i": {"constant": 1, "id": f"a{place}"}, "j": [{"size": place}]} for place in range(2)]
    return {"FromUrl": [context], "_multi": actions}


def line(content: dict[str, Any], event_id: str = "e", **more: Any) -> bytes:
    """The line of an event, with a reward."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    event = RankedEvent(event_id, AT_US, text, b"[1,2]", b"[0.5,0.5]", "m", deferred=False, **more)
    return event_line(event, [Observation(event_id, "x" * 22, AT_US + 1, 1.0)], REWARDS).text


def slots_line(content: dict[str, Any], event_id: str = "e") -> bytes:
    """The line of an event with two slots."""
    content = {
        **content,
        "_slots": [{"_id": element, "s": [{"id": element}, {"mail": "ann"}]} for element in ("s0", "s1")],
    }
    text = json.dumps(content, separators=(",", ":")).encode()
    event = RankedEvent(
        event_id,
        AT_US,
        text,
        b"[[0,1],[1]]",
        b"[[0.5,0.5],[1]]",
        "m",
        deferred=False,
        slots=("s0", "s1"),
        baselines=(0, 1),
    )
    return event_line(event, [Observation(event_id, "x" * 22, AT_US + 1, 1.0, "s1")], REWARDS).text


def test_an_event_that_was_answered_otherwise_stays_one() -> None:
    """A value that is taken out of its features changes nothing else."""
    event = RankedEvent(
        "e", AT_US, b'{"FromUrl":[{"mail":"ann"}],"_multi":[]}', b"[1,2]", b"[0.5,0.5]", "m", deferred=False
    )
    made = event_line(event, [], REWARDS, answered_otherwise=True).text

    left = redact(made, FeatureTarget("mail", "ann"))

    assert left is not None
    assert left != made
    assert line_pieces.is_answered_otherwise(left)


def redact(text: bytes, target: Target) -> bytes | None:
    """What is left of a line; a line without the texts stays."""
    holds = any(all(element in text for element in form) for form in target.forms)
    return target.redact(text) if holds else text


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("ann", "ann"),
        ('a"n\\n\n\u2028ü', 'a"n\\n\n\u2028ü'),
        ("x" * 256, "x" * 300),
        (5, 5),
        (5, 5.0),
        (0.1, 0.1),
        (True, True),
        (None, None),
        ([1, 2.5], [1, 2.5]),
    ],
)
def test_a_feature_goes_whatever_its_value_is(value: Any, wanted: Any) -> None:
    """As it was sent; a text as it was cut."""
    left = redact(line(document(mail=value, age=3)), FeatureTarget("mail", wanted))

    assert left == line(document(age=3))


@pytest.mark.parametrize(
    ("value", "wanted"), [("ann", "Ann"), (1, True), (True, 1), (1, "1"), ([1, 2], [2, 1]), (None, "null"), (0, None)]
)
def test_a_feature_with_another_value_stays(value: Any, wanted: Any) -> None:
    """Byte for byte."""
    text = line(document(mail=value))

    assert redact(text, FeatureTarget("mail", wanted)) is text


@pytest.mark.parametrize(
    ("namespace", "left"),
    [
        (None, {"who": {"deep": {}}}),
        ("FromUrl", {"who": {"mail": "ann", "deep": {"mail": "ann"}}}),
        ("who", {"mail": "ann", "who": {"deep": {"mail": "ann"}}}),
        ("deep", {"mail": "ann", "who": {"mail": "ann", "deep": {}}}),
        ("else", {"mail": "ann", "who": {"mail": "ann", "deep": {"mail": "ann"}}}),
    ],
)
def test_a_namespace_is_what_a_feature_stands_directly_in(namespace: str | None, left: dict[str, Any]) -> None:
    """Without a namespace the feature goes everywhere."""
    content = document(mail="ann", who={"mail": "ann", "deep": {"mail": "ann"}})

    assert redact(line(content), FeatureTarget("mail", "ann", namespace)) == line(document(**left))


@pytest.mark.parametrize(
    ("name", "namespace", "gone"),
    [
        ("mail", None, "abdef"),
        ("user.mail", None, "bcf"),
        ("user.mail", "FromUrl", "bc"),
        ("mail", "user", "bf"),
        ("team.user.mail", None, "f"),
        ("context.user.mail", None, "bc"),
        ("context.mail", None, "a"),
        ("action.mail", None, "e"),
        ("j.mail", None, "e"),
        ("account.mail", None, ""),
        ("er.mail", None, ""),
    ],
)
def test_a_feature_is_found_by_its_own_name_and_by_names_around_it(name: str, namespace: str | None, gone: str) -> None:
    """As Monitor, warnings and explanations show it; there a dot in a name looks like one between names."""

    def content(left: str) -> dict[str, Any]:
        def mail(place: str, called: str = "mail") -> dict[str, str]:
            return {called: "ann"} if place in left else {}

        user, team = mail("b"), {"user": mail("f")}
        made = document(**mail("a"), **mail("c", "user.mail"), user=user, team=team, other=mail("d"))
        made["_multi"][0]["j"].append(mail("e"))
        return made

    left = redact(line(content("abcdef")), FeatureTarget(name, "ann", namespace))

    assert left == line(content("".join(place for place in "abcdef" if place not in gone)))


_NAMES = st.sampled_from(["a", "b", "a.b", "~a", "", ".", "n" * 300, "n" * 300 + ".b"])
_CONTEXTS = st.recursive(
    st.dictionaries(_NAMES, st.sampled_from(["ann", "bob", 1, True]), max_size=3),
    lambda inner: st.dictionaries(_NAMES, st.sampled_from(["ann", 1]) | inner, max_size=3),
    max_leaves=6,
)


@given(context=_CONTEXTS, sent=st.data())
def test_what_monitor_shows_under_a_name_is_taken_out_by_that_name(
    context: dict[str, Any], sent: st.DataObject
) -> None:
    """And what it shows under names that do not end like it stays; a mark before a name makes no difference."""
    text = line(document(**json.loads(json.dumps(context), object_pairs_hook=_as_logged)))
    shown = _shown_in_monitor(text)
    if not shown:
        return
    name, value = sent.draw(st.sampled_from(sorted(shown)))

    left = redact(text, FeatureTarget(name, json.loads(value)))

    assert left is not None
    rest = _shown_in_monitor(left)
    unmarked, gone = name.replace("~", ""), shown - rest
    assert (name, value) in gone
    assert {its for _, its in gone} == {value}
    assert all(f".{other.replace('~', '')}".endswith(f".{unmarked}") for other, _ in gone)


def _as_logged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {cut(name): value for name, value in pairs}


def _shown_in_monitor(text: bytes) -> set[tuple[str, str]]:
    step = GrowingStep(0)
    step.add_context(json.dumps(json.loads(text)["c"]["FromUrl"]).encode(), [1, 0.0, 0.0])
    return {(name, value) for name, cells in step.freeze().features.items() for value in cells}


@pytest.mark.parametrize(
    ("name", "value", "alike"),
    [
        ("account.mail", "ann", ["action.mail", "contact", "user.eMail", "user.mail"]),
        ("account.mail", "cid", ["action.mail", "user.eMail", "user.mail"]),
        ("eMail.mail", 1, ["action.mail", "user.eMail", "user.mail"]),
        ("user.mail", "ann", ["contact"]),
        ("mail", "cid", []),
        ("size", "x", []),
        ("nothing", "x", []),
    ],
)
def test_a_name_that_finds_nothing_leads_to_names_that_would(name: str, value: Any, alike: list[str]) -> None:
    """To those that end like it, unless the log has the name itself; and to those that hold the very text."""
    content, names = document(user={"mail": "bob", "eMail": "bob"}, contact="ann"), NamesAlike()
    content["_multi"][0]["j"].append({"mail": "bob"})

    FeatureTarget(name, value).note_alike(line(content), names)

    assert names.list_names() == alike


def test_an_unreadable_line_names_nothing() -> None:
    """A preview goes on behind it."""
    names = NamesAlike()

    FeatureTarget("user.mail", "ann").note_alike(line(document(mail="bob"))[:-30].replace(b"]}]", b""), names)

    assert names.list_names() == []


@pytest.mark.parametrize("name", ["n" * 300, "ü" * 255, 'q"' * 200])
def test_a_long_name_is_found_as_it_was_logged(name: str) -> None:
    """By this version, which cuts it, with its mark or without, and by earlier ones, which did not; others stay."""
    logged = [cut(name), cut(f"~{name}"), cut(f"~~{name}"), name, f"~{name}"]
    other = cut(name + "x")

    left = redact(line(document(**{**dict.fromkeys(logged, "ann"), other: "ann"})), FeatureTarget(name, "ann"))

    assert left == line(document(**{other: "ann"}))


def test_a_long_namespace_is_found_as_it_was_logged() -> None:
    """Its name was cut as others are."""
    text = line(document(**{cut("n" * 300): {"mail": "ann"}}))

    left = redact(text, FeatureTarget("mail", "ann", "n" * 300))

    assert left == line(document(**{cut("n" * 300): {}}))


def test_names_that_the_learner_could_not_take_are_found_as_they_were_sent() -> None:
    """They were logged with a mark before them."""
    assert redact(line(document(**{"~über": "ann"})), FeatureTarget("über", "ann")) == line(document())


@pytest.mark.parametrize("logged", [LONG, project(LONG)])
def test_a_long_array_is_found_as_it_was_logged(logged: list[float]) -> None:
    """Earlier versions logged arrays of up to 400 numbers as they were sent."""
    text = line(document(text=logged, age=3))

    assert redact(text, FeatureTarget("text", LONG)) == line(document(age=3))
    assert redact(text, FeatureTarget("text", [*LONG, 0.5])) is text


def test_ids_of_actions_are_no_features() -> None:
    """A loop without them could not say what was shown; a feature of the same name goes."""
    content = document(id="a1")
    content["_multi"][0]["j"].append({"id": "a1"})

    left = redact(line(content), FeatureTarget("id", "a1"))

    expected = document()
    expected["_multi"][0]["j"].append({})
    assert left == line(expected)


def test_multi_slot_lines_lose_features_in_slots_too() -> None:
    """And stay what they are."""
    left = redact(slots_line(document(mail="ann")), FeatureTarget("mail", "ann"))

    assert left is not None
    content = json.loads(left)
    assert [element["s"] for element in content["c"]["_slots"]] == [[{"id": "s0"}, {}], [{"id": "s1"}, {}]]
    assert content["c"]["FromUrl"] == [{}]
    assert left.partition(b',"_outcomes"')[2] == slots_line(document()).partition(b',"_outcomes"')[2]


@pytest.mark.parametrize("make", [line, slots_line])
def test_what_is_left_is_read_sorted_and_labelled_anew_as_before(make: Any) -> None:
    """By training, by settings that changed, by traces."""
    before = make(document(mail="ann", age=3))
    left = redact(before, FeatureTarget("mail", "ann"))

    assert left is not None
    assert (log_line.read_ids(left), log_line.kind(left)) == (log_line.read_ids(before), log_line.kind(before))
    assert log_line.relabel(left, OTHERS) == redact(log_line.relabel(before, OTHERS), FeatureTarget("mail", "ann"))


@pytest.mark.parametrize("make", [line, slots_line])
@pytest.mark.parametrize("event_id", ["e", 'ö"\\/ %'])
def test_an_events_line_goes_and_others_stay(make: Any, event_id: str) -> None:
    """Also those of events whose ids, or features, hold its id."""
    other = make(document(EventId=event_id, note=f'"EventId":"{event_id}"'), f"{event_id}1")

    assert redact(make(document(), event_id), EventTarget(event_id)) is None
    assert redact(other, EventTarget(event_id)) is other


@pytest.mark.parametrize("asked", ["a/b/c", "a%2Fb%2Fc", "a%2fb%2Fc"])
@pytest.mark.parametrize("logged", ["a/b/c", "a%2Fb%2Fc", "a%2fb%2fc"])
def test_a_line_of_an_earlier_version_goes_with_its_event(logged: str, asked: str) -> None:
    """It has the id as it was sent, with `%2F` in place of a slash."""
    other = line(document(), "a%252Fb%2Fc")

    assert redact(line(document(), logged), EventTarget(asked)) is None
    assert redact(other, EventTarget(asked)) is other


@pytest.mark.parametrize("late", [True, False])
def test_a_late_reward_goes_with_its_event(late: bool) -> None:
    """And one that found none."""
    text = lone_line(Observation("e", "x" * 22, AT_US, 1.0), late=late)

    assert redact(text, EventTarget("e")) is None
    assert redact(text, EventTarget("f")) is text
    assert redact(text, FeatureTarget("v", 1.0)) is text


def test_a_line_that_nobody_can_read_goes_if_it_may_hold_what_is_redacted() -> None:
    """It could not be changed."""
    torn = line(document(mail="ann")).replace(b'"_multi":', b'"_multi":]')

    assert redact(torn, FeatureTarget("mail", "ann")) is None
    assert redact(torn, FeatureTarget("mail", "bob")) is torn


def test_modes_stay_with_their_lines() -> None:
    """They decide who learns from a line."""
    left = redact(line(document(mail="ann"), mode=LearningMode.APPRENTICE), FeatureTarget("mail", "ann"))

    assert left is not None
    assert log_line.kind(left) == "cb-apprentice"


def test_no_model_names_a_redacted_event() -> None:
    """Neither models in training nor those that are or were published."""
    model = ModelReference("m", "p", "2", "s", "--x", 1, 2, 3, 4, first_event_id="e", last_event_id="f")
    state = new_state(new_configuration(4), Published())
    stored = ModelFiles("s", "1", "p", "2", 3, first_event_id="a", last_event_id="e")
    state = replace(state, running=replace(state.running, model=stored), publishing=model)

    published = without_id(Published(model=model, previous=(model, model)), "e")
    after = without_id(state, "e")

    cleared = replace(model, first_event_id=None)
    assert published == Published(model=cleared, previous=(cleared, cleared))
    assert after.publishing == cleared
    assert after.running.model == replace(stored, last_event_id=None)
    assert without_id(state, "x") == state
    assert without_id(replace(stored, first_event_id="a%2Fb"), "a/b").first_event_id is None
