"""The order of a line's keys, which Vowpal Wabbit cares for, though JSON does not.

It learns nothing, without a word, from an event whose cost or probability come after the features, and gives up where
the action does; of a multi-slot event, the outcomes have to come after the features. Found with version 9.11.9.
"""

import orjson

_FEATURES = b'"c":'
_OUTCOMES = b'"_outcomes":'
_LABEL = ("_label_cost", "_label_probability", "_label_Action", "_labelIndex")
_NEEDED = tuple(f'"{name}":'.encode() for name in (*_LABEL[:2], _LABEL[3]))


def in_order(line: bytes) -> bytes:
    """The line of an event as Vowpal Wabbit learns from it; nearly always the same line."""
    features = line.find(_FEATURES)
    if features > 0:
        if all(line.find(name, 0, features) > 0 for name in _NEEDED):
            return line
        if line.find(_OUTCOMES, features) > 0 and line.find(_OUTCOMES, 0, features) < 0:
            return line
    told = orjson.loads(line)
    label = {name: told.pop(name) for name in _LABEL if name in told}
    outcomes = {name: told.pop(name) for name in ("_outcomes",) if name in told}
    return orjson.dumps(label | told | outcomes)
