"""The history of settings in storage: an entry is there if and only if its change is, whatever dies in between."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.configuration import configuration_store, settings_history_store
from shared.configuration.configuration import Configuration
from shared.configuration.settings_change import (
    MOST_CHANGES,
    MOST_RECENT,
    Act,
    Cause,
    ChangedValue,
    SettingsChange,
    SettingsHistory,
    merge,
)
from shared.models import published_store
from shared.models.published import Published, Start
from shared.models.replacement import replace_model
from shared.storage import json_documents
from shared.storage.clock import now_us
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs as stored_blobs
from shared.times import DAY, SECOND
from tests.faults.proxy import FaultProxy

pytestmark = pytest.mark.usefixtures("blobs")
CAUSE = Cause("API_KEY_1", Act.SERVICE)
MORE = 4


def explore(share: float) -> None:
    """Change the exploration."""

    def change(stored: Configuration) -> Configuration:
        return stored.with_service(replace(stored.service, exploration_percentage=share), 1)

    configuration_store.change_configuration(change, CAUSE)


def read() -> list[ChangedValue]:
    """The changed values, the oldest first."""
    recent = configuration_store.read_configuration().changes, published_store.read_published().changes
    return [value for change in settings_history_store.read_with(*recent) for value in change.values]


def expected(shares: Sequence[float]) -> list[ChangedValue]:
    befores = [0.2, *shares]
    return [ChangedValue("exploration_percentage", *pair) for pair in zip(befores, shares, strict=False)]


SHARES = [number / 100 for number in range(1, MOST_RECENT + MORE + 1)]


def test_every_instance_reads_the_last_few_changes_only() -> None:
    """The others are in a document of their own."""
    for share in SHARES:
        explore(share)

    history = json_documents.read(SettingsHistory, stored_blobs().read(this_loop().history).data)  # type: ignore[union-attr]
    assert len(configuration_store.read_configuration().changes) == MOST_RECENT
    assert len(history.changes) == MORE
    assert read() == expected(SHARES)


def test_a_change_that_was_not_written_is_not_told_and_loses_none(blobs: FaultProxy) -> None:
    """Its writer may die after it has stored the earlier changes."""
    for share in SHARES[:MOST_RECENT]:
        explore(share)
    configuration = configuration_store.read_configuration()

    settings_history_store.note(configuration.changes, CAUSE, [ChangedValue("lost", 1, 2)])
    after_death = read()
    explore(SHARES[MOST_RECENT])

    assert after_death == expected(SHARES[:MOST_RECENT])
    assert read() == expected(SHARES[: MOST_RECENT + 1])


@pytest.mark.parametrize(("ahead_us", "later"), [(SECOND // 2, True), (DAY, False)])
def test_a_change_is_later_than_the_one_before_it_though_the_clock_goes_back(ahead_us: int, later: bool) -> None:
    """The time of storage is an estimate, which each answer improves; but the time of a wrong clock is not followed."""
    ahead = SettingsChange(now_us() + ahead_us, "me", "act", "", ())

    *_, last = settings_history_store.note([ahead], CAUSE, [])

    assert (last.at_us > ahead.at_us) == later


def test_a_history_that_cannot_be_written_keeps_no_change_from_being_made() -> None:
    """The changes stay where they are until it can."""
    stored_blobs().write(this_loop().history, b"damaged")
    for share in SHARES:
        explore(share)
    assert len(configuration_store.read_configuration().changes) == len(SHARES)

    stored_blobs().remove(this_loop().history)
    explore(0.9)

    assert len(configuration_store.read_configuration().changes) == MOST_RECENT
    assert read() == expected([*SHARES, 0.9])


def test_only_what_is_done_by_hand_is_told_of_the_model() -> None:
    """With the models before and after it, however often; the trainer publishes without a word."""
    for _ in range(MOST_RECENT + 1):
        published_store.change_published(lambda before: replace_model(before, None, Start(), 7), Cause("me", Act.RESET))
    published_store.change_published(lambda before: replace(before, joined_up_to_us=9), CAUSE)

    assert read() == [ChangedValue("model", None, None)] * (MOST_RECENT + 1)
    assert len(published_store.read_published().changes) == MOST_RECENT


def test_the_history_has_an_end() -> None:
    """And the oldest go first."""
    many = [SettingsChange(number, "me", "act", "", ()) for number in range(MOST_CHANGES + 3)]

    assert [change.at_us for change in merge(many, many[:5])] == list(range(3, MOST_CHANGES + 3))


def test_a_loop_of_an_earlier_version_has_no_history_yet() -> None:
    configuration = json_documents.to_json(configuration_store.initial_configuration()).replace(b',"changes":[]', b"")
    stored_blobs().write(this_loop().configuration, configuration)
    assert b"changes" not in configuration.replace(b"shard_changes", b"")

    before = read()
    explore(0.5)

    assert (before, read()) == ([], expected([0.5]))
    assert published_store.read_published() == Published()
