"""Slots: the documents that models get, their answers, and what is recorded for them to learn from."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import orjson
import pytest
import vowpalwabbit
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from shared.configuration.exploration import Exploration
from shared.learner.arguments import parse
from shared.learner.features import InvalidFeatures, SlotsDocument, slots_document
from shared.learner.model import Model
from shared.ranking.slots import MultiSlotDecision, Slot, SlotChoice, decide
from tests.unit.learner.lines import slots_lines, train_model

GREEDY = "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"
ACTIONS = 5
ALLOWED: dict[str, list[Sequence[int]]] = {
    "nothing excluded": [range(5), range(5), range(5)],
    "some excluded": [[0, 1, 3], range(5), [1, 2, 4]],
    "the first must leave two": [[0, 1, 2, 3], [0, 1], [0, 1]],
    "the last must not lose any": [range(5), [0, 3], [0, 1, 3]],
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """Models that have learned something, by how they explore."""
    folder = tmp_path_factory.mktemp("slots")
    explorers = ("--epsilon 0.2", "--softmax --lambda 3", "--squarecb --epsilon 0.05", "--bag 5", "--regcbopt")
    models = {}
    for number, explorer in enumerate(explorers):
        arguments = f"--ccb_explore_adf -q :: {explorer} --cb_min_cost -1 --cb_max_cost 0"
        data = train_model(folder, slots_lines(300), arguments, str(number))[0]
        models[explorer] = Model.load(data, parse(arguments), Exploration(0.2))
    return models


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model that has learned nothing."""
    path = tmp_path_factory.mktemp("blank") / "model"
    workspace = vowpalwabbit.Workspace(arg_list=[*GREEDY.split(), "--quiet"])
    workspace.save(str(path))
    workspace.finish()
    return Model.load(path.read_bytes(), parse(GREEDY), Exploration(0.2))


def page(slots: Sequence[Slot], actions: int = ACTIONS) -> SlotsDocument:
    """Features that mean something to those models."""
    described = [(f"a{action}", [{"TAction": {"kind": f"k{action % 4}"}}]) for action in range(actions)]
    return slots_document([{"GUser": {"id": "u1"}}], described, [(slot.id, []) for slot in slots])


def slots_of(allowed: Sequence[Sequence[int]]) -> list[Slot]:
    """Slots that may show these actions."""
    orders = permutations(range(ACTIONS), len(allowed))
    baselines = next(
        order for order in orders if all(action in offer for action, offer in zip(order, allowed, strict=True))
    )
    return [Slot(f"s{n}", offer, baseline) for n, (offer, baseline) in enumerate(zip(allowed, baselines, strict=True))]


def fill(model: Model, document: SlotsDocument, slots: Sequence[Slot], event_id: str) -> MultiSlotDecision:
    """What Rank decides."""
    seeds = [event_id + slot.id for slot in slots]
    return decide(slots, event_id, "m", lambda offers: model.choices(document.model_text(seeds, offers), len(slots)))


@pytest.mark.parametrize("allowed", ALLOWED.values(), ids=[*ALLOWED])
@pytest.mark.parametrize(
    "explorer", ["--epsilon 0.2", "--softmax --lambda 3", "--squarecb --epsilon 0.05", "--bag 5", "--regcbopt"]
)
def test_choices_are_as_frequent_as_their_probabilities_say(
    models: dict[str, Model], explorer: str, allowed: list[Sequence[int]]
) -> None:
    """Whatever explores, and whatever is excluded: the probability that is recorded is that of the draw."""
    slots = slots_of(allowed)
    document = page(slots)
    counted: dict[tuple[int, ...], Counter[int]] = {}
    recorded: dict[tuple[int, ...], dict[int, float]] = {}
    for number in range(2500):
        before = tuple[int, ...]()
        for choice in fill(models[explorer], document, slots, f"e{number}").choices:
            counted.setdefault(before, Counter())[choice.order[0]] += 1
            chances = dict(zip(choice.order, choice.probabilities, strict=True))
            first = recorded.setdefault(before, chances)
            assert chances.keys() == first.keys()
            assert all(abs(chance - first[action]) <= 1e-6 for action, chance in chances.items()), (chances, first)
            before += choice.order[:1]

    compared = 0
    for before, counts in counted.items():
        expected = {action: chance * counts.total() for action, chance in recorded[before].items() if chance > 0}
        assert counts.keys() <= expected.keys()
        if min(expected.values()) >= 5 and len(expected) > 1:
            compared += 1
            assert chisquare([counts[action] for action in expected], [*expected.values()]).pvalue > 1e-5, before
    assert compared or explorer in ("--bag 5", "--regcbopt")


_IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(_IDS, st.lists(_IDS, min_size=1, max_size=4, unique=True))
def test_an_empty_model_draws_as_a_loop_without_one(blank: Model, event_id: str, slot_ids: list[str]) -> None:
    """The seeds are the old service's, whatever the ids hold: spaces, quotes, control characters, any script."""
    slots = [Slot(slot_id, range(ACTIONS), number) for number, slot_id in enumerate(slot_ids)]

    drawn = fill(blank, page(slots), slots, event_id)

    expected = decide(slots, event_id, "m")
    assert [choice.order for choice in expected.choices] == [choice.order for choice in drawn.choices]
    for choice, other in zip(expected.choices, drawn.choices, strict=True):
        assert choice.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_a_slot_needs_no_features_and_has_its_id_as_one() -> None:
    """VW knows a slot's place by itself; its id is what stays where places change."""
    document = slots_document([{"u": 1}], [("a", [{"x": 1}])], [("top", []), ("side", [None, {"size": {"w": 3}}])])

    assert orjson.loads(document.log_text([[0], [0]])) == {
        "FromUrl": [{"u": 1}],
        "_multi": [{"i": {"constant": 1, "id": "a"}, "j": [{"x": 1}]}],
        "_slots": [
            {"_id": "top", "s": [{"id": "top"}]},
            {"_id": "side", "s": [{"id": "side"}, {"size": {"w": 3}}]},
        ],
    }


def test_what_a_slot_may_show_is_recorded_where_it_is_not_everything() -> None:
    """A model that learns from the line must not take what was excluded for what was not chosen."""
    document = slots_document([], [("a", [{"x": 1}]), ("b", [{"x": 2}])], [("top", []), ("side", [])])

    logged_slots = orjson.loads(document.log_text([[1], range(2)]))["_slots"]

    assert [slot.get("_inc") for slot in logged_slots] == [[1], None]


def test_slots_are_cleaned_like_everything_else() -> None:
    """No feature becomes a command, not even those that the loop adds beside the features."""
    features = [{"_inc": [0], "_id": "x", "é": 1, "deep": {"_tag": "seed=1", "ok": 1e9}}]

    document = slots_document([], [("a", [{"x": 1}])], [("top", features)])

    expected = {"_id": "top", "s": [{"id": "top"}, {"~é": 1, "deep": {"ok": 1_000_000}}]}
    assert [expected] == orjson.loads(document.log_text([[0]]))["_slots"]


@pytest.mark.parametrize(
    ("features", "place"),
    [
        ([{"": 1}], "slots[1].features[0]"),
        (["x"], "slots[1].features[0]"),
        ([{"x": ["y"]}], "slots[1].features[0].x[0]"),
        ([{f"f{n}": n for n in range(401)}], "slots[1].features"),
    ],
)
def test_features_of_slots_are_refused_with_their_place(features: list[object], place: str) -> None:
    """The rules are those of actions."""
    with pytest.raises(InvalidFeatures) as refused:
        slots_document([], [("a", [{"x": 1}])], [("top", []), ("side", features)])

    assert refused.value.place == place


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [[(0, 1.0)]],
        [[(0, float("nan")), (1, 0.5)], [(1, 1.0)]],
        [[(0, -0.5), (1, 1.5)], [(1, 1.0)]],
        [[(0, 0.0), (1, 1.0)], [(1, 1.0)]],
        [[(0, float("inf")), (1, 0.5)], [(1, 1.0)]],
        [[], []],
        [[(7, 1.0)], [(8, 1.0)]],
        [[(0, 0.5), (0, 0.5)], [(1, 1.0)]],
    ],
)
def test_an_answer_that_is_none_is_drawn_evenly(
    blank: Model, answer: list[list[tuple[int, float]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rank always has an answer, and the recorded probabilities are those it was drawn with."""
    monkeypatch.setattr(Model, "_answer", lambda *_: answer)
    slots = slots_of([range(2), range(2)])

    decision = fill(blank, page(slots, 2), slots, "e1")

    assert decision.choices == decide(slots, "e1", "m").choices


def test_answers_after_one_that_is_none_are_asked_for_again(models: dict[str, Model]) -> None:
    """They suppose a choice that was not made."""
    model, slots = models["--softmax --lambda 3"], slots_of([range(5)] * 3)
    document, questions = page(slots), list[Sequence[Sequence[int]]]()

    def ask(offers: Sequence[Sequence[int]]) -> Sequence[SlotChoice | None]:
        questions.append(offers)
        choices = model.choices(document.model_text(["x", "y", "z"], offers), 3)
        return [None, *choices[1:]] if len(questions) == 1 else choices

    decision = decide(slots, "e", "m", ask)

    first = decision.choices[0]
    assert first == decide(slots, "e", "m").choices[0]
    assert [first.order[0]] == list(questions[1][0])
    assert first.order[0] not in decision.choices[1].order


def test_a_model_for_one_choice_answers_no_slots(greedy: bytes) -> None:
    """It would be another question; all its answers are none."""
    model = Model.load(greedy, parse("--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"), Exploration(0.2))
    slots = slots_of([range(5)] * 2)

    assert model.choices(page(slots).model_text(["a", "b"], [range(5)] * 2), 2) == [None, None]


def test_a_model_learns_what_each_slot_is_for(tmp_path: Path) -> None:
    """From lines as they are recorded: with slots in any order and number, the best action of each becomes likely."""
    lines, rng = [], random.Random(7)
    for number in range(1500):
        places = rng.sample(("top", "side", "foot"), rng.choice((2, 3)))
        slots = [Slot(place, range(ACTIONS), baseline) for baseline, place in enumerate(places)]
        choices = decide(slots, f"e{number}", "N/A").choices
        lines.append(_line(page(slots), slots, choices, number))
    data = train_model(tmp_path, lines, GREEDY)[0]
    model = Model.load(data, parse(GREEDY), Exploration(0.2))

    best = 0
    for number in range(200):
        places = rng.sample(("top", "side", "foot"), 2)
        slots = [Slot(place, range(ACTIONS), baseline) for baseline, place in enumerate(places)]
        for slot, choice in zip(slots, fill(model, page(slots), slots, f"t{number}").choices, strict=True):
            best += choice.order[0] == _BEST[slot.id]
    assert best > 0.7 * 400


_BEST = {"top": 1, "side": 2, "foot": 4}


def _line(document: SlotsDocument, slots: Sequence[Slot], choices: Sequence[SlotChoice], number: int) -> bytes:
    outcomes = [
        {
            "_label_cost": -float(choice.order[0] == _BEST[slot.id]),
            "_id": slot.id,
            "_a": choice.order,
            "_p": choice.probabilities,
        }
        for slot, choice in zip(slots, choices, strict=True)
    ]
    features = orjson.loads(document.log_text([slot.allowed for slot in slots]))
    head = {"Timestamp": "2024-04-13T15:08:46.250000Z", "Version": "1", "EventId": f"e{number}"}
    return orjson.dumps(head | {"c": features, "_outcomes": outcomes, "VWState": {"m": "N/A"}})
