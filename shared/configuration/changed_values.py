"""What a change of the configuration changes: each value before and after, as the history of settings tells it."""

from collections.abc import Iterator
from dataclasses import fields

from shared.configuration import container_sas
from shared.configuration.configuration import Configuration
from shared.configuration.corrections import Correction
from shared.configuration.service_configuration import SECRETS, ServiceConfiguration
from shared.configuration.settings_change import ChangedValue, Value, value_change
from shared.times import to_iso

_NO_SETTINGS = ("last_edit_us", "unknown")


def list_changed_values(before: Configuration, after: Configuration) -> Iterator[ChangedValue]:
    """List what is different, secrets hidden."""
    for name in (each.name for each in fields(ServiceConfiguration) if each.name not in _NO_SETTINGS):
        old, new = getattr(before.service, name), getattr(after.service, name)
        if old != new:
            show = container_sas.hide_secret if name in SECRETS else _as_is
            yield value_change(name, show(old), show(new))
    for name in ("name", "arguments"):
        old, new = getattr(before.learning, name), getattr(after.learning, name)
        if old != new:
            yield value_change(f"learning_settings_{name}", old, new)
    for name in ("default", "challenger"):
        old, new = getattr(before.exploration_shares, name), getattr(after.exploration_shares, name)
        if old != new:
            yield value_change(f"exploration_shares_{name}", old, new)
    if before.logs_deleted_before_us != after.logs_deleted_before_us:
        moments = before.logs_deleted_before_us, after.logs_deleted_before_us
        yield value_change("logs_deleted_before", *(to_iso(at_us) if at_us else None for at_us in moments))
    descriptions = ("key", _describe_keys), ("quarantine", _describe_quarantines), ("relabel", _describe_relabels)
    for name, describe in descriptions:
        old_texts, new_texts = describe(before), describe(after)
        for id_ in old_texts.keys() ^ new_texts.keys():
            yield value_change(name, old_texts.get(id_), new_texts.get(id_))


def _describe_keys(configuration: Configuration) -> dict[str, str]:
    """What the history says of keys: their names and roles, by their ids."""
    return {key.id: f"{key.name} ({key.role})" for key in configuration.keys}


def _describe_quarantines(configuration: Configuration) -> dict[str, str]:
    """What the history says of active quarantines: which events these take out, without the values of features."""
    return {each.id: _describe_correction(each) for each in configuration.corrections if each.formula is None}


def _describe_relabels(configuration: Configuration) -> dict[str, str]:
    """The same of active relabels."""
    return {each.id: _describe_correction(each) for each in configuration.corrections if each.formula is not None}


def _describe_correction(correction: Correction) -> str:
    text = f"{correction.id}: {to_iso(correction.from_us)} to {to_iso(correction.to_us)}"
    if correction.action_id is not None:
        text += f", action {correction.action_id}"
    return text if correction.feature is None else f"{text}, a value of feature {correction.feature.name}"


def _as_is(value: Value) -> Value:
    return value
