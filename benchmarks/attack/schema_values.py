"""Values that the served description allows, with harmful ones among them, and now and then one that it forbids."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.attack import learning_arguments, texts

_WRONG = 0.005
"""How often a value is of another kind than the description says."""
_Make = Callable[[random.Random], Any]


def _moment(chance: random.Random) -> Any:
    return texts.either(texts.GOOD_MOMENTS, texts.MOMENTS, chance)


def _duration(chance: random.Random) -> Any:
    return texts.either(texts.GOOD_DURATIONS, texts.DURATIONS, chance)


def _either(*good: Any, bad: Sequence[Any] = texts.TEXTS) -> _Make:
    return lambda chance: texts.either(good, bad, chance)


_KINDS: Mapping[str, _Make] = {
    "arguments": learning_arguments.make,
    **dict.fromkeys(("startTime", "endTime", "from", "to", "at", "expiresAt", "autoOptimizationStartDate"), _moment),
    **dict.fromkeys(("rewardWaitTime", "modelExportFrequency", "keepOldFor"), _duration),
    "autoOptimizationFrequency": _either("P1D", "P28D", bad=texts.DURATIONS),
    "logMirrorEnabled": _either(False, bad=(True,)),
    "logMirrorSasUri": _either("", bad=texts.CONTAINERS),
    "logRetentionDays": _either(-1, 90, 3650, bad=texts.NUMBERS),
    "modelRetrainDays": _either(0, 2, 7, bad=texts.NUMBERS),
    "learningMode": _either("Online", "Apprentice", "LoggingOnly"),
    "rewardAggregation": _either("earliest", "average", "median", "sum", "min", "max"),
    "explorationPercentage": _either(0, 0.2, 1, bad=texts.NUMBERS),
    "defaultReward": _either(0, -1, 1, bad=texts.NUMBERS),
    "copySettingsFrom": _either("default", "north", "south"),
    "contextFeatures": lambda chance: [texts.features(chance) for _ in range(chance.randrange(4))],
    "features": lambda chance: [texts.features(chance) for _ in range(chance.choice((1, 1, 2, 3)))],
}
"""Fields whose values the schema says too little of."""


class SchemaValues:
    """Makes values by schemas."""

    def __init__(self, components: Mapping[str, Any]) -> None:
        """Take the named schemas of a description."""
        self._components = components

    def make(self, schema: Mapping[str, Any], chance: random.Random, name: str = "") -> Any:
        """Make a value of a schema for a field of a name."""
        if chance.random() < _WRONG:
            return wrong(chance)
        if name in _KINDS:
            return _KINDS[name](chance)
        if "$ref" in schema:
            return self.make(self._components[schema["$ref"].rpartition("/")[2]], chance, name)
        if kinds := schema.get("anyOf") or schema.get("oneOf"):
            return self.make(kinds[0] if chance.random() < 0.9 else chance.choice(kinds), chance, name)
        if words := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
            return chance.choice(words)
        return self._of_type(schema, chance, name)

    def _of_type(self, schema: Mapping[str, Any], chance: random.Random, name: str) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, chance)
            case "array":
                items = schema.get("items") or {}
                return [self.make(items, chance) for _ in range(_length(schema, chance))]
            case "string":
                return texts.mostly_plain(chance)
            case "boolean":
                return chance.random() < 0.5
            case "integer" | "number":
                return texts.number(chance)
            case "null":
                return None
        return texts.features(chance) if not name else wrong(chance)

    def _object(self, schema: Mapping[str, Any], chance: random.Random) -> dict[str, Any]:
        required = schema.get("required", ())
        made = {
            name: self.make(kind, chance, name)
            for name, kind in schema.get("properties", {}).items()
            if name in required or chance.random() < 0.6
        }
        return _agree(made, chance) if "actions" in made and chance.random() < 0.9 else made


def _agree(made: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Let a Rank's ids be different ones, and what names an action name one that is there."""
    actions, slots = _objects(made.get("actions")), _objects(made.get("slots"))
    for place, action in enumerate(actions):
        action["id"] = f"{action.get('id')}-{place}"
    for place, slot in enumerate(slots[: len(actions)]):
        slot |= {"id": f"{slot.get('id')}-{place}", "baselineAction": actions[place]["id"], "excludedActions": []}
    if slots:
        made["slots"] = slots[: len(actions)]
    if "excludedActions" in made:
        made["excludedActions"] = [action["id"] for action in actions[1:] if chance.random() < 0.2]
    return made


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def wrong(chance: random.Random) -> Any:
    """A value that is of any kind."""
    return chance.choice((None, True, False, 0, 1.5, "", "text", [], [[]], {}, {"a": {}}, [None], texts.text(chance)))


def _length(schema: Mapping[str, Any], chance: random.Random) -> int:
    least, most = schema.get("minItems", 0), schema.get("maxItems", 50)
    return chance.choice((least, 1, 2, 3, 5, 3, 2, most if chance.random() < 0.1 else 4))
