"""The decision of a multi-slot Rank: every slot gets an action, with the probability that is recorded."""

from collections import Counter
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from shared.ranking import sampling
from shared.ranking.slots import Ask, Slot, SlotChoice, baseline_decision, decide

ACTIONS = 6


@st.composite
def slot_lists(draw: st.DrawFn) -> list[Slot]:
    """Slots with different baselines, and with any exclusions that spare the baselines."""
    count = draw(st.integers(1, ACTIONS))
    baselines = draw(st.permutations(range(ACTIONS)))[:count]
    slots = []
    for number, baseline in enumerate(baselines):
        allowed = draw(st.sets(st.sampled_from(range(ACTIONS)), max_size=ACTIONS))
        slots.append(Slot(f"s{number}", sorted(allowed | {baseline}), baseline))
    return slots


def model(weights: Sequence[float], event_id: str, broken: frozenset[int] = frozenset()) -> Ask:
    """A model that knows nothing of later slots: prefers actions by weight, draws by a seed, and spoils some answers.

    Where earlier slots leave nothing it gives up, as Vowpal Wabbit does.
    """

    def ask(offers: Sequence[Sequence[int]]) -> list[SlotChoice | None]:
        earlier, answers = set[int](), list[SlotChoice | None]()
        for place, offer in enumerate(offers):
            order = [action for action in offer if action not in earlier]
            if not order:
                answers.append(None)
                continue
            total = sum(weights[action] for action in order)
            chances = [weights[action] / total for action in order]
            drawn = sampling.choose(chances, sampling.uniform(sampling.murmur3_32(f"{event_id}s{place}".encode())))
            order[0], order[drawn] = order[drawn], order[0]
            chances[0], chances[drawn] = chances[drawn], chances[0]
            earlier.add(order[0])
            answers.append(None if place in broken else SlotChoice(tuple(order), tuple(chances)))
        return answers

    return ask


def can_be_filled(slots: Sequence[Slot], earlier: Sequence[int]) -> bool:
    """Whether the later slots can all get an action, given the actions of earlier slots: tries everything."""
    later, left = slots[len(earlier) :], [action for action in range(ACTIONS) if action not in earlier]
    assignments = permutations(left, len(later))
    return any(
        all(action in slot.allowed for action, slot in zip(assignment, later, strict=True))
        for assignment in assignments
    )


@given(slot_lists(), st.text(max_size=5), st.lists(st.floats(0.01, 1), min_size=ACTIONS, max_size=ACTIONS))
def test_every_slot_gets_an_action_that_it_may_show_and_no_other_slot_has(
    slots: list[Slot], event_id: str, weights: list[float]
) -> None:
    """Whatever is excluded, with a model and without."""
    for ask in (None, model(weights, event_id), model(weights, event_id, frozenset({1, 3}))):
        decision = decide(slots, event_id, "m", ask)

        shown = [choice.order[0] for choice in decision.choices]
        assert len(slots) == len(set(shown)) == len(shown)
        assert all(action in slot.allowed for action, slot in zip(shown, slots, strict=True))


@given(slot_lists(), st.text(max_size=5), st.lists(st.floats(0.01, 1), min_size=ACTIONS, max_size=ACTIONS))
def test_a_slot_chooses_from_exactly_what_it_can_take(slots: list[Slot], event_id: str, weights: list[float]) -> None:
    """Compared with trying every assignment: no other action is offered, and no possible action is left out."""
    for ask in (None, model(weights, event_id), model(weights, event_id, frozenset({0, 2}))):
        earlier: list[int] = []
        for slot, choice in zip(slots, decide(slots, event_id, "m", ask).choices, strict=True):
            may_take = {
                action for action in slot.allowed if action not in earlier and can_be_filled(slots, [*earlier, action])
            }
            assert may_take == set(choice.order)
            assert len(may_take) == len(choice.order) == len(choice.probabilities)
            assert sum(choice.probabilities) == pytest.approx(1, abs=1e-9)
            earlier.append(choice.order[0])


@given(slot_lists())
def test_baselines_are_certain(slots: list[Slot]) -> None:
    """Their probability is 1, and the actions behind them are those that were left."""
    earlier: set[int] = set()
    for slot, choice in zip(slots, baseline_decision(slots, "m").choices, strict=True):
        assert choice.order[0] == slot.baseline
        assert set(choice.order) == set(slot.allowed) - earlier
        assert [1.0, *[0.0] * (len(choice.order) - 1)] == list(choice.probabilities)
        earlier.add(slot.baseline)


@pytest.mark.parametrize("with_model", [False, True])
@pytest.mark.parametrize(
    "allowed",
    [
        [range(4), range(4), range(4)],
        [[0, 1, 3], range(4), [1, 2]],
        [[0, 1, 2], [0, 1], [0, 1]],
        [range(4), [0, 3], [0], [0, 1, 3]],
        [[2], [1, 2], [0, 1, 2, 3]],
    ],
    ids=["nothing excluded", "some excluded", "the first must leave two", "the last must not lose any", "one choice"],
)
def test_choices_are_as_frequent_as_their_probabilities_say(allowed: list[Sequence[int]], *, with_model: bool) -> None:
    """The recorded probability is the chance that the choice had, given the choices of earlier slots."""
    orders = permutations(range(4), len(allowed))
    baselines = next(order for order in orders if all(map(lambda a, o: a in o, order, allowed)))
    slots = [Slot(f"s{n}", offer, baseline) for n, (offer, baseline) in enumerate(zip(allowed, baselines, strict=True))]
    drawn_counts: dict[tuple[int, ...], Counter[int]] = {}
    given_chances: dict[tuple[int, ...], dict[int, float]] = {}
    for number in range(4000):
        event_id, earlier = f"e{number}", tuple[int, ...]()
        ask = model([0.1, 0.2, 0.3, 0.4], event_id) if with_model else None
        for choice in decide(slots, event_id, "m", ask).choices:
            drawn_counts.setdefault(earlier, Counter())[choice.order[0]] += 1
            chances = dict(zip(choice.order, choice.probabilities, strict=True))
            first = given_chances.setdefault(earlier, chances)
            assert chances.keys() == first.keys()
            assert all(abs(chance - first[action]) <= 1e-6 * chance for action, chance in chances.items())
            earlier += choice.order[:1]

    for before, counts in drawn_counts.items():
        expected = {action: chance * counts.total() for action, chance in given_chances[before].items()}
        if min(expected.values()) >= 5 and len(expected) > 1:
            assert chisquare([counts[action] for action in expected], list(expected.values())).pvalue > 1e-4, before


def test_a_model_answers_once_where_nothing_can_go_wrong() -> None:
    """Exclusions that leave each slot more actions than there are slots before it cost nothing."""
    questions = []
    slots = [Slot("s0", [0], 0), Slot("s1", [1, 2], 1), Slot("s2", range(4), 3)]

    def ask(offers: Sequence[Sequence[int]]) -> Sequence[SlotChoice | None]:
        questions.append(offers)
        return model([0.25] * 4, "e")(offers)

    decide([slots[2], slots[1]], "e", "m", ask)

    assert [[range(4), [1, 2]]] == questions


def test_a_slot_that_is_narrowed_still_chooses_as_the_model_does() -> None:
    """The offer lacks the action that another slot needs, and the model divides the probability of the rest."""
    slots = [Slot("s0", [4, 5], 4), Slot("s1", [0, 1, 2], 1), Slot("s2", [0], 0)]

    choice = decide(slots, "e", "m", model([0.5, 0.1, 0.3, 0.1, 0.5, 0.5], "e")).choices[1]

    assert dict(zip(choice.order, choice.probabilities, strict=True)) == pytest.approx({1: 0.25, 2: 0.75})


def test_a_slot_with_one_action_left_needs_no_question() -> None:
    """It is certain."""

    def ask(offers: Sequence[Sequence[int]]) -> Sequence[SlotChoice | None]:
        raise AssertionError(offers)

    assert decide([Slot("s0", [2], 2)], "e", "m", ask).choices == (SlotChoice((2,), (1.0,)),)


def test_fifty_slots_that_leave_each_other_hardly_a_choice_are_filled() -> None:
    """The most that a request may ask for."""
    slots = [Slot(f"s{n}", range(50 - n), 49 - n) for n in range(50)]

    decision = decide(slots, "e", "m", model([1.0] * 50, "e"))

    assert [[49 - n] for n in range(50)] == [list(choice.order) for choice in decision.choices]
