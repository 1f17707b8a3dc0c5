"""What last changed before the events that are judged is told in words, with when."""

from dataclasses import replace

import pytest

from shared.configuration import quarantine_changes
from shared.configuration.changed_values import list_changed_values
from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.corrections import Correction, Quarantine
from shared.configuration.service_configuration import LearningMode, ServiceConfiguration
from shared.configuration.settings_change import AUTOMATIC, Act, Cause, SettingsChange
from shared.metrics.last_change import LastChange, find_last_change
from shared.metrics.lift_record import LiftRecord
from shared.times import HOUR, MINUTE
from tests.unit.metrics.test_lift_record import part

FIRST = new_configuration(4)
SERVICE = FIRST.service


def noted(after: Configuration, at_us: int, cause: Cause = Cause("key 1", Act.SERVICE)) -> Configuration:  # noqa: B008
    """A changed configuration, with its change among its last ones."""
    return replace(after, changes=(SettingsChange.of(cause, at_us, list_changed_values(FIRST, after)),))


def put(service: ServiceConfiguration) -> Configuration:
    """The configuration with another service configuration, put after two minutes."""
    return noted(FIRST.with_service(service, 2 * MINUTE), 2 * MINUTE)


def put_learning(cause: Cause) -> Configuration:
    """The same with other learning settings."""
    return noted(FIRST.with_learning(LearningSettings("x", "--cb_explore_adf"), 2 * MINUTE), 2 * MINUTE, cause)


def put_quarantine() -> Configuration:
    """The configuration with a quarantine."""
    new = Quarantine(Correction("bad", 0, 1), "why", 2 * MINUTE, "key 1", 0)
    return noted(quarantine_changes.add(FIRST, new, 2 * MINUTE), 2 * MINUTE, Cause("key 1", Act.QUARANTINE))


@pytest.mark.parametrize(
    ("configuration", "settings", "what"),
    [
        (
            put(replace(SERVICE, learning_mode=LearningMode.APPRENTICE)),
            "Apprentice/0/1",
            "learningMode changed from Online to Apprentice",
        ),
        (
            put(replace(SERVICE, exploration_percentage=0.5, default_reward=1.0)),
            "Online/0/2",
            "defaultReward changed from 0.0 to 1.0, explorationPercentage changed from 0.2 to 0.5",
        ),
        (put_learning(Cause("key 1", Act.LEARNING)), "Online/0/2", "the learning settings changed"),
        (put_learning(Cause("key 1", Act.EVALUATION)), "Online/1/2", "the learning settings changed"),
        (
            put_learning(Cause(AUTOMATIC, Act.EVALUATION)),
            "Online/1/2",
            "the learning settings changed by automatic optimization",
        ),
        (put_quarantine(), "Online/0/2", "a quarantine was made"),
    ],
)
def test_a_change_is_told_by_what_the_configuration_remembers(
    configuration: Configuration, settings: str, what: str
) -> None:
    """Also before the trainer has heard of it; what it hears later does not move the moment."""
    record = LiftRecord("Online/0/1").follow(settings, 3 * MINUTE)

    assert find_last_change(record, configuration) == LastChange(2 * MINUTE, what)


def test_a_model_that_was_put_by_hand_is_a_change_but_not_one_that_came_with_the_mode() -> None:
    """A loop that becomes Online again goes on with its own model."""
    by_hand = LiftRecord("Online/0/1").follow("Online/1/1", 3 * MINUTE)
    returned = LiftRecord("Apprentice/0/1").follow("Online/0/1", 3 * MINUTE).follow("Online/1/1", 4 * MINUTE)

    assert find_last_change(by_hand, FIRST) == LastChange(3 * MINUTE, "the model was replaced by hand")
    assert find_last_change(returned, FIRST) == LastChange(4 * MINUTE, "learningMode changed from Apprentice to Online")


def test_only_changes_after_the_last_event_belong_together() -> None:
    """What changed before has events of its own, and is no news."""
    record = LiftRecord("Apprentice/0/1").follow("Online/0/1", MINUTE).plus(part(5), MINUTE, 2 * MINUTE)

    assert find_last_change(record.follow("Online/0/2", HOUR), FIRST) == LastChange(HOUR, "settings changed")


def test_of_a_loop_as_it_was_made_nothing_is_told_and_of_an_earlier_version_what_is_known() -> None:
    """The record of an earlier version does not know what was before."""
    earlier = LiftRecord("Online/0/2", since_us=MINUTE)

    assert find_last_change(LiftRecord().follow("Online/0/1", MINUTE), FIRST) is None
    assert find_last_change(earlier, FIRST) == LastChange(MINUTE, "mode, settings or model changed")
