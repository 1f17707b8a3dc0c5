"""Chances that nobody noted, estimated from what was shown."""

import random

import pytest

from shared.imports.chances import LEAST, PARTS, PLACE, EstimatedChances, code_numbers, code_texts

OFFER = (0, 1, 2)
BY_DEVICE = ((0.7, 0.2, 0.1), (0.1, 0.3, 0.6))
EVENTS = 3000


def log(seed: int = 1) -> tuple[list[int], dict[str, list[int]]]:
    """What was shown by device, with a column that says nothing."""
    rng = random.Random(seed)
    devices, noise = ([rng.randrange(number) for _ in range(EVENTS)] for number in (2, 7))
    return [rng.choices(OFFER, BY_DEVICE[device])[0] for device in devices], {"noise": noise, "device": devices}


def test_chances_follow_the_columns_that_choices_followed() -> None:
    shown, codes = log()

    estimated = EstimatedChances(shown, [OFFER] * EVENTS, codes)

    assert estimated.columns == ("device",)
    for device, chances in enumerate(BY_DEVICE):
        number = codes["device"].index(device)
        assert estimated.of(number) == pytest.approx(chances, abs=0.04)


def test_a_rule_that_changed_in_time_is_seen() -> None:
    """The same action for all in the first half, another one in the second, each nine times of ten."""
    rng = random.Random(2)
    shown = [rng.choices(OFFER, (0.9, 0.05, 0.05) if number < 1000 else (0.05, 0.05, 0.9))[0] for number in range(2000)]

    estimated = EstimatedChances(shown, [OFFER] * 2000, {"noise": [rng.randrange(5) for _ in shown]})

    assert estimated.columns == (PLACE,)
    assert estimated.of(0)[0] == pytest.approx(0.9, abs=0.05)
    assert estimated.of(1999)[0] == pytest.approx(0.05, abs=0.05)


def test_no_event_helps_to_estimate_its_own_chance() -> None:
    """What was shown in the other nine parts of the log is all that counts."""
    shown, codes = log()
    changed = [(shown[0] + 1) % 3, *shown[1:]]

    before, after = (EstimatedChances(each, [OFFER] * EVENTS, codes).of(0) for each in (shown, changed))

    assert before == pytest.approx(after, abs=1e-12)


def test_actions_share_the_chance_among_those_that_could_be_shown() -> None:
    """An action that was there in half of the events is not taken as half as popular."""
    rng = random.Random(3)
    offers = [(0, 1) if number % 2 else (0, 1, 2) for number in range(2000)]
    shown = [rng.choice(offer) for offer in offers]

    estimated = EstimatedChances(shown, offers, {})

    for number in range(4):
        chances = estimated.of(number)
        assert sum(chances) == pytest.approx(1)
        assert len(chances) == len(offers[number])
    assert estimated.of(0)[2] == pytest.approx(1 / 3, abs=0.06)


def test_an_action_that_is_never_shown_in_a_context_has_no_chance_there() -> None:
    """So that the evaluation says that nothing is known of it, and does not weigh a single event a hundred times."""
    codes = {"device": [number % 2 for number in range(600)]}

    estimated = EstimatedChances([number % 2 for number in range(600)], [(0, 1)] * 600, codes)

    assert estimated.columns == ("device",)
    assert (estimated.of(0), estimated.of(1)) == ([1.0, 0.0], [0.0, 1.0])


def test_rare_actions_do_not_weigh_more_than_a_hundred_events() -> None:
    shown = [2 if number == 500 else number % 2 for number in range(1000)]

    estimated = EstimatedChances(shown, [OFFER] * 1000, {})

    assert estimated.of(500)[2] == pytest.approx(LEAST, rel=0.02)
    assert estimated.lifted == 1


def test_each_part_that_is_left_out_changes_a_chance_a_little() -> None:
    shown, codes = log()
    estimated = EstimatedChances(shown, [OFFER] * EVENTS, codes)

    replicates = estimated.replicates(0)

    assert len(replicates) == len({round(chance, 9) for chance in replicates}) == PARTS
    assert replicates == pytest.approx([estimated.of(0)[shown[0]]] * PARTS, abs=0.02)


def test_numbers_are_told_apart_by_tenths_and_rare_texts_are_one() -> None:
    codes = code_numbers([*map(float, range(100)), float("nan")])
    texts = code_texts([0] * 5 + list(range(200)))

    assert (len(set(codes)), codes[0], codes[99], codes[100]) == (11, 0, 9, -1)
    assert (texts[0], texts.count(-1)) == (0, 100)


def test_a_column_whose_counts_would_fill_the_memory_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each group of contexts has a count for each action."""
    shown, codes = log()
    monkeypatch.setattr("shared.imports.chances._MOST_COUNTS", len(OFFER))

    assert EstimatedChances(shown, [OFFER] * EVENTS, codes).columns == ()


def test_chances_are_kept_for_some_groups_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each event could show other actions, they would fill the memory; what is estimated is the same."""
    rng = random.Random(4)
    offers = [tuple(rng.sample(range(9), 4)) for _ in range(300)]
    shown = [offer[0] for offer in offers]
    expected = [EstimatedChances(shown, offers, {}).of(number) for number in range(300)]
    monkeypatch.setattr("shared.imports.chances._MOST_CHANCES", 20)

    estimated = EstimatedChances(shown, offers, {})

    assert [estimated.of(number) for number in range(300)] == expected
    assert len(estimated._cache) <= 20
