"""What last changed before the events over which a loop is judged: its learning mode, its settings, or its model."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.configuration.configuration import Configuration
from shared.configuration.forms.declared_fields import STORED
from shared.configuration.settings_change import AUTOMATIC, Act, SettingsChange
from shared.metrics.lift_record import LiftRecord

_NAMES = {field.name: field.alias for field in STORED if field.api.learns_anew}
_MODE, _ARGUMENTS = "learning_mode", "learning_settings_arguments"
_CORRECTIONS = {"quarantine": ("made", "lifted"), "relabel": ("activated", "lifted")}
_UNKNOWN = "mode, settings or model changed"


@dataclass(frozen=True, slots=True)
class LastChange:
    """A change, and since when the loop goes on with it; `what` is the beginning or the end of a sentence."""

    at_us: int
    what: str


def find_last_change(record: LiftRecord, configuration: Configuration) -> LastChange | None:
    """Find the change with which a record began; None if nothing has changed since the loop was made.

    Args:
        record: It follows the configuration.
    """
    if not record.since_us:
        return None
    changes = [*_describe(record, configuration)] if record.before else []
    at_us = max((change.at_us for change in changes), default=record.since_us)
    return LastChange(at_us, "; ".join(change.what for change in changes) or _UNKNOWN)


def _describe(record: LiftRecord, configuration: Configuration) -> Iterator[LastChange]:
    before, now = (settings.split("/") for settings in (record.before, record.settings))
    mode_before, generation_before, revision_before = before
    mode, generation, revision = now
    if mode != mode_before:
        noted = _last_noted(configuration, {_MODE})
        at_us = noted.at_us if noted else record.since_us
        yield LastChange(at_us, f"learningMode changed from {mode_before} to {mode}")
    noted = _last_noted(configuration, {*_NAMES, _ARGUMENTS, *_CORRECTIONS}) if revision != revision_before else None
    if noted is not None:
        yield LastChange(noted.at_us, _describe_settings(noted))
    elif revision != revision_before:
        yield LastChange(record.since_us, "settings changed")
    is_by_hand = mode == mode_before and not (noted and noted.act == Act.EVALUATION)
    if generation != generation_before and is_by_hand:
        yield LastChange(record.since_us, "the model was replaced by hand")


def _last_noted(configuration: Configuration, names: set[str]) -> SettingsChange | None:
    """The last change of one of some fields, if the configuration still has it."""
    noted = (change for change in configuration.changes if any(value.name in names for value in change.values))
    return max(noted, key=lambda change: change.at_us, default=None)


def _describe_settings(change: SettingsChange) -> str:
    texts = [
        f"{_NAMES[each.name]} changed from {each.before} to {each.after}"
        for each in change.values
        if each.name in _NAMES
    ]
    if any(value.name == _ARGUMENTS for value in change.values):
        by = " by automatic optimization" if change.by == AUTOMATIC else ""
        texts.append(f"the learning settings changed{by}")
    for value in change.values:
        if value.name in _CORRECTIONS:
            made, lifted = _CORRECTIONS[value.name]
            texts.append(f"a {value.name} was {made if value.before is None else lifted}")
    return ", ".join(texts)
