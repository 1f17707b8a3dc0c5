"""The order of a line's keys, which Vowpal Wabbit cares for, though JSON does not.

It learns nothing, without a word, from an event whose cost or probability come after the features, and gives up where
the action does; of a multi-slot event, the outcomes have to come after the features. Found with version 9.11.9.
"""

import orjson

from shared.log import line_keys as keys

_FEATURES = keys.member(keys.FEATURES)
_LABEL = (keys.LABEL_COST, keys.LABEL_PROBABILITY, keys.LABEL_ACTION, keys.LABEL_INDEX)
_NEEDED = tuple(map(keys.member, (keys.LABEL_COST, keys.LABEL_PROBABILITY, keys.LABEL_INDEX)))


def order_keys(line: bytes) -> bytes:
    """The line of an event as Vowpal Wabbit learns from it; nearly always the same line."""
    features = line.find(_FEATURES)
    if features > 0 and min([line.find(name, 0, features) for name in _NEEDED]) > 0:
        return line
    parsed = orjson.loads(line)
    names = [name for name in parsed if name in (keys.FEATURES, keys.OUTCOMES)]
    if names == [keys.FEATURES, keys.OUTCOMES]:
        return line
    label = {name: parsed.pop(name) for name in _LABEL if name in parsed}
    outcomes = {name: parsed.pop(name) for name in (keys.OUTCOMES,) if name in parsed}
    return orjson.dumps(label | parsed | outcomes)
