"""The pieces of an event, read back from its log line: the inverse of `log_line.event_line`."""

import json
from collections.abc import Mapping
from typing import Any

from shared.configuration.service_configuration import LearningMode
from shared.log import line_keys as keys
from shared.log import line_pieces, log_line, multislot_line
from shared.log.line_keys import member
from shared.log.line_pieces import EventLine
from shared.log.ranked_event import RankedEvent, TrialChances
from shared.times import from_iso

_ACTIONS, _PROBABILITIES, _OUTCOMES = (
    b",%b[" % member(name) for name in (keys.ACTIONS, keys.PROBABILITIES, keys.OUTCOMES)
)


def read(line: bytes) -> tuple[RankedEvent, EventLine]:
    """Read the line of an event; its features stay the text that they are.

    Raises:
        ValueError: The line has another form.
    """
    cut = line.index(line_pieces.FEATURES)
    of_slots = multislot_line.is_event(line)
    end = line.rindex(_OUTCOMES if of_slots else _PROBABILITIES)
    head, tail = json.loads(line[:cut] + b"}"), json.loads(b"{" + line[end + 1 :])
    document = line[cut + len(line_pieces.FEATURES) - 1 : end]
    event = _slots_event(head, tail, document) if of_slots else _event(head, tail, document, line[:cut])
    outcome = tail[keys.OUTCOMES][0] if of_slots else tail
    reward, learnable = 0.0 - outcome[keys.ORIGINAL_LABEL_COST], not head.get(keys.SKIP_LEARN, False)
    return event, EventLine(line, reward, learnable, tail.get(keys.ANSWERED_OTHERWISE, False))


def find(line: bytes) -> tuple[RankedEvent, EventLine] | None:
    """Read a line as `read`; None for one that is no line of the loop, such as one that somebody has cut."""
    try:
        return read(line)
    except log_line.NO_LINE:
        return None


def _event(head: Mapping[str, Any], tail: Mapping[str, Any], document: bytes, before: bytes) -> RankedEvent:
    actions = before[before.rindex(_ACTIONS) + len(_ACTIONS) - 1 :]
    return RankedEvent(
        actions=actions, probabilities=_compact(tail[keys.PROBABILITIES]), **_common(head, tail, document)
    )


def _slots_event(head: Mapping[str, Any], tail: Mapping[str, Any], document: bytes) -> RankedEvent:
    outcomes = tail[keys.OUTCOMES]
    return RankedEvent(
        actions=_compact([outcome[keys.SLOT_ACTIONS] for outcome in outcomes]),
        probabilities=_compact([outcome[keys.SLOT_PROBABILITIES] for outcome in outcomes]),
        slots=tuple(outcome[keys.SLOT_ID] for outcome in outcomes),
        baselines=tuple(tail.get(keys.BASELINES, ())),
        **_common(head, tail, document),
    )


def _common(head: Mapping[str, Any], tail: Mapping[str, Any], document: bytes) -> dict[str, Any]:
    return {
        "event_id": head[keys.EVENT_ID],
        "at_us": from_iso(head[keys.TIMESTAMP]),
        "document": document,
        "model_id": tail[keys.MODEL][keys.MODEL_ID],
        "deferred": tail.get(keys.DEFERRED, False),
        "mode": LearningMode(tail.get(keys.MODE, LearningMode.ONLINE)),
        "trial": _trial(tail[keys.TRIAL]) if keys.TRIAL in tail else None,
    }


def _trial(parsed: Mapping[str, Any]) -> TrialChances:
    return TrialChances(parsed[keys.TRIAL_ID], parsed[keys.TRIAL_IN_USE], parsed[keys.TRIAL_CHALLENGER])


def _compact(values: Any) -> bytes:
    """A list as JSON without spaces."""
    return json.dumps(values, separators=(",", ":")).encode()
