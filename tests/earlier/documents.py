"""Stored documents of an earlier version, one file each, and the same as a newer version would store them.

A file holds a value for every field. It gets another one when a field is added, and never loses any: what was written
once must be read for ever.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from shared.configuration.configuration import Configuration
from shared.configuration.settings_change import SettingsHistory
from shared.evaluation.evaluation import Evaluation
from shared.log.manifest import Manifest
from shared.metrics.bins import Day
from shared.metrics.model_rewards import ModelRecord
from shared.metrics.recent import Hour
from shared.models.published import ModelReference, Published
from shared.status.feature_profile import Profile
from shared.training.training_state import State

KINDS: Mapping[str, type] = {
    "configuration": Configuration,
    "day": Day,
    "evaluation": Evaluation,
    "history": SettingsHistory,
    "hour": Hour,
    "manifest": Manifest,
    "model_record": ModelRecord,
    "profile": Profile,
    "published": Published,
    "reference": ModelReference,
    "state": State,
}
"""The documents that are read and written again."""
NEWER = "newer"
"""The member that a newer version has in every object."""


def read(name: str) -> Any:
    """The document of an earlier version."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))


def objects(kind: Any, node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON objects of a document that stand for dataclasses, each with its place; by the types of the fields."""
    if is_dataclass(kind) and node is not None:
        yield place, node
    for inner, name, element in _inner(kind, node):
        yield from objects(inner, element, f"{place}.{name}".strip("."))


def _inner(kind: Any, node: Any) -> list[tuple[Any, Any, Any]]:
    """What is right inside of a JSON value: the type, the name and the value of each."""
    origin, inner = get_origin(kind), [each for each in get_args(kind) if each is not type(None)]
    if node is None:
        return []
    if is_dataclass(kind):
        rename = getattr(kind, "__pydantic_config__", {}).get("alias_generator", str)
        types = {rename(field.name): get_type_hints(kind)[field.name] for field in fields(kind)}
        return [(types[name], name, node[name]) for name in types if name != "unknown" and name in node]
    if origin in (tuple, list):
        return [(inner[0], number, element) for number, element in enumerate(node)]
    if origin in (dict, Mapping):
        return [(inner[1], key, element) for key, element in node.items()]
    return [(inner[0], "", node)] if inner else []


def add_newer(kind: type, document: Any, value: Callable[[str], Any] = str) -> Any:
    """Add a member to every object of a document, as a newer version would; its value is made of the object's place."""
    for place, node in list(objects(kind, document)):
        node[NEWER] = value(place)
    return document


def list_newer(kind: type, document: Any) -> dict[str, Any]:
    """The added members that a document has, by the place of their object."""
    return {place: node[NEWER] for place, node in objects(kind, document) if NEWER in node}
