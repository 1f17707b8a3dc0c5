"""Features that teach nothing are warned of, and others are not."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from localhost.environment import ROOT
from shared.log.feature_names import cut
from shared.status.feature_profile import Profile
from shared.status.feature_warnings import feature_warnings
from shared.times import DAY, HOUR, SECOND

Make = Callable[[int], dict[str, Any]]
START_US = 20_000 * DAY
_CHANCE = random.Random(7)


def document(context: list[Any], actions: list[list[Any]], slots: list[list[Any]] | None = None) -> dict[str, Any]:
    """The features of an event as they are logged."""
    multi = [{"i": {"constant": 1, "id": f"a{place}"}, "j": features} for place, features in enumerate(actions)]
    features: dict[str, Any] = {"FromUrl": context, "_multi": multi}
    if slots is not None:
        features["_slots"] = [{"_id": f"s{place}", "s": [{"id": f"s{place}"}, *own]} for place, own in enumerate(slots)]
    return features


def healthy(number: int, **context: Any) -> dict[str, Any]:
    """An event of a loop whose features are as they should be."""
    shared = {"day": ("monday", "friday")[number % 2], "hour": number % 24, "speed": _CHANCE.random(), **context}
    actions = [[{"kind": f"k{place % 3}", "price": 10.5 * place}] for place in range(5)]
    return document([shared, {"user": {"age": number % 7}}], actions)


def profile_of(make: Make, events: int, profile: Profile | None = None, from_us: int = START_US) -> Profile:
    """A profile of events ten seconds apart."""
    profile = profile or Profile()
    for number in range(events):
        if profile.takes(at_us := from_us + number * 10 * SECOND):
            profile.add(at_us, make(number))
    return profile


def codes(profile: Profile) -> set[str]:
    """The codes of the warnings."""
    warnings = feature_warnings(profile)
    assert all(warning.message and warning.what_to_do for warning in warnings)
    return {warning.code for warning in warnings}


def test_features_as_they_should_be_are_not_warned_of() -> None:
    """Numbers that differ each time are amounts."""
    assert codes(profile_of(healthy, 5000)) == set()


def test_a_few_events_say_nothing() -> None:
    """However odd they are."""
    assert codes(profile_of(lambda number: document([{"id": f"{number}"}], [[{"x": 1}]] * 2), 99)) == set()


@pytest.mark.parametrize(
    "value",
    [
        lambda number: f"visit-{number}",
        lambda number: f"2026-11-25T12:{number // 60:02}:{number % 60:02}Z",
        lambda number: 200_000 + number,
    ],
    ids=["id", "time", "number"],
)
@pytest.mark.parametrize("events", [100, 300, 4000])
def test_a_feature_that_is_new_every_time_is_named(value: Callable[[int], Any], events: int) -> None:
    """By its path, with counts, never with a value."""
    (warning,) = feature_warnings(profile_of(lambda number: healthy(number, visit=value(number)), events))

    assert warning.code == "FeaturesAlwaysNew"
    assert "context.visit" in warning.message
    assert f"{events:,}" in warning.message
    assert str(value(events - 1)) not in warning.message


@pytest.mark.parametrize(("events", "warned"), [(300, set[str]()), (4000, {"FeaturesAlwaysNew"})])
def test_a_feature_that_is_new_nearly_every_time_is_named_once_many_came(events: int, warned: set[str]) -> None:
    """Users who come again look like that at first."""
    assert codes(profile_of(lambda number: healthy(number, visit=f"visit-{number * 3 // 4}"), events)) == warned


@pytest.mark.parametrize("events", [100, 150, 200, 500, 4000])
@pytest.mark.parametrize("kinds", [2, 20, 40, 300])
def test_a_feature_with_values_that_come_again_is_fine(kinds: int, events: int) -> None:
    """Users who come again are something to learn from, and some of hundreds have come again among a hundred."""
    chance = random.Random(kinds)

    assert codes(profile_of(lambda number: healthy(number, user=f"user-{chance.randrange(kinds)}"), events)) == set()


@pytest.mark.parametrize(
    ("name", "warned"), [("n" * 256, set[str]()), (cut("n" * 257), {"FeatureNamesCut"}), ("n~" + "0" * 16, set[str]())]
)
def test_names_that_were_cut_are_warned_of(name: str, warned: set[str]) -> None:
    """Wherever they stand; one that has just the longest length was not cut."""

    def make(number: int) -> dict[str, Any]:
        return healthy(number, **{name: number % 3, "in": {name: {"deep": number % 3}}})

    assert codes(profile_of(make, 200)) - {"NamespacesShareLetter"} == warned


def test_a_feature_of_an_action_that_is_new_each_time_is_named() -> None:
    """Though each event has several."""

    def make(number: int) -> dict[str, Any]:
        return document([{"h": number % 5}], [[{"link": f"{number}/{place}", "x": place}] for place in range(4)])

    (warning,) = feature_warnings(profile_of(make, 500))

    assert (warning.code, "action.link" in warning.message) == ("FeaturesAlwaysNew", True)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda number: document([{"h": number % 5}], [[{"x": place, "y": 0}] for place in range(9)]), "action.y"),
        (lambda number: document([{"h": number % 5}], [[{"x": 1}], [{"x": 2}]], [[{"top": True}]] * 2), "slot.top"),
    ],
)
def test_a_feature_that_never_differs_is_named(make: Make, name: str) -> None:
    """Nothing follows from it."""
    (warning,) = feature_warnings(profile_of(make, 500))

    assert (warning.code, name in warning.message) == ("FeaturesAlwaysTheSame", True)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda number: healthy(number, version="2.0"), "context.version"),
        (lambda number: healthy(number, nested={"flag": True}), "context.nested.flag"),
    ],
)
def test_a_feature_of_the_context_that_never_differs_is_named_after_more_than_a_day(make: Make, name: str) -> None:
    """On its first day, a loop may well have the same day in all events."""
    profile = profile_of(make, 8640)
    assert codes(profile) == set()

    (warning,) = feature_warnings(profile_of(make, 8640, profile, START_US + DAY))

    assert (warning.code, name in warning.message) == ("FeaturesAlwaysTheSame", True)


def test_a_feature_that_changes_with_the_day_is_fine() -> None:
    """Though a sample may lie within one."""
    profile = Profile()
    for hour in range(10 * 24):
        weekday = f"{hour // 24 % 7}"
        profile_of(partial(healthy, weekday=weekday), 60, profile, START_US + hour * HOUR)
        assert codes(profile) == set(), hour


def test_a_feature_that_some_events_lack_is_fine() -> None:
    """Even where it has but one value."""
    assert codes(profile_of(lambda number: healthy(number, **({"sale": True} if number % 2 else {})), 500)) == set()


@pytest.mark.parametrize(
    ("context", "names"),
    [
        ({"user": {"age": 1}, "url": {"host": "a"}}, "url, user"),
        ({"item": {"age": 1}}, "i, item"),
        ({"Food": {"age": 1}}, "Food, FromUrl"),
        ({"jets": {"age": 1}}, "j, jets"),
        ({"user": {"unit": {"age": 1}, "x": 1}}, "unit, user"),
        ({"used": [1, 2], "user": {"x": 1}}, "used, user"),
    ],
)
def test_namespaces_that_share_a_first_letter_are_named(context: dict[str, Any], names: str) -> None:
    """Those that the loop itself makes, too."""
    warnings = feature_warnings(
        profile_of(lambda number: document([{"h": number % 9}, context], [[{"x": number % 3}]]), 300)
    )

    (warning,) = [warning for warning in warnings if warning.code == "NamespacesShareLetter"]
    assert names in warning.message


def test_actions_that_differ_in_nothing_but_their_ids_are_named() -> None:
    """With how often."""
    warnings = feature_warnings(
        profile_of(lambda number: document([{"h": number % 9}], [[{"x": number % 3}]] * 4), 300)
    )

    assert [warning.code for warning in warnings] == ["ActionsAlike"]
    assert "300 of 300" in warnings[0].message


def test_a_single_action_is_like_no_other() -> None:
    """There is nothing to choose, and nothing to warn of."""
    assert codes(profile_of(lambda number: document([{"h": number % 9}], [[{"x": number % 3}]]), 300)) == set()


def test_a_warning_goes_within_a_day_after_its_fault() -> None:
    """And not before."""
    profile = profile_of(lambda number: healthy(number, visit=f"{number}"), 8640)

    assert codes(profile_of(healthy, 360 * 6, profile, START_US + DAY)) == {"FeaturesAlwaysNew"}
    assert codes(profile_of(healthy, 360 * 24, profile, START_US + DAY + 6 * HOUR)) == set()


def test_a_fault_is_named_after_a_hundred_events_of_a_second() -> None:
    """A first trial takes minutes, not hours."""
    profile = Profile()
    for number in range(100):
        if profile.takes(START_US + number * SECOND // 100):
            profile.add(START_US, document([{"visit": f"{number}"}], [[{"x": number % 3}]] * 4))

    assert codes(profile) == {"FeaturesAlwaysNew", "ActionsAlike"}


def test_features_in_a_form_of_their_own_are_not_looked_at_for_ever() -> None:
    """Each of the first events is taken, whatever becomes of it."""
    profile = Profile()
    for number in range(300):
        if profile.takes(START_US + number):
            with suppress(AttributeError):
                profile.add(START_US, {"_multi": [1, 2]})

    assert (profile.sample.events, profile.takes(START_US + 300)) == (200, False)


def test_the_stored_profile_is_the_same_in_every_process() -> None:
    """Whatever order Python gives to sets in one."""
    program = (
        "from shared.status.feature_profile import Profile; from shared.storage import json_documents;"
        "spaces = {name: {'x': 1} for name in ('user', 'time', 'place', 'weather', 'device')};"
        "profile = Profile(); profile.add(1, {'FromUrl': [spaces]}); print(json_documents.to_json(profile))"
    )
    stored = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }

    assert len(stored) == 1


def test_the_sample_is_small_however_many_events_there_are() -> None:
    """Six a minute after the first 200, and not many names."""
    profile = Profile()
    for number in range(3000):
        if profile.takes(at_us := START_US + number * SECOND // 10):
            profile.add(at_us, document([{f"n{number}-{place}": number for place in range(300)}], [[{"x": 1}]] * 50))

    assert profile.sample.events == 200 + 6 * 4
    assert profile.sample.actions == 3 * (200 + 6 * 4)
    assert len(profile.sample.values) == 200
