"""Adds up a part's breakdown while it is joined, one call for each event.

Contexts come again and again, so an event is added to the sums of its whole context, by the context's bytes; only when
a step ends, or when many contexts were different, is each of them parsed and added to the sums of its features. Of the
actions only the ids are taken out of the document, which is not parsed.
"""

from collections.abc import Sequence
from contextlib import suppress

import orjson

from shared.configuration.service_configuration import LearningMode
from shared.log.line_keys import DOCUMENT_ACTIONS
from shared.log.line_pieces import MAX_REWARD
from shared.log.ranked_event import RankedEvent
from shared.metrics.breakdown import MOST_MODELS, STEP_US, Breakdown, Choices, Step, merge
from shared.metrics.growing_step import OTHER_FORM, GrowingStep, add
from shared.ranking.decision import NO_MODEL

_CONTEXT = len(b'{"FromUrl":')
_ACTIONS = b',"_multi":['
_ACTION, _ID_END = b'{"i":{"constant":1,"id":', b'},"j":'
_ALONE = 2
"""So many pieces has an event with one action."""
_LIKELY, _HALF = frozenset((b"[0.5", b"[0.6", b"[0.7", b"[0.8", b"[0.9")), b"[0.5,"
"""How the chances of a ranking begin whose first action has more than half of it: it is the most probable one."""


class BreakdownTally:
    """The breakdown of one part."""

    def __init__(self) -> None:
        self._step = GrowingStep(-STEP_US)
        self._steps: list[Step] = []
        self._pairs = self._same = 0
        self._model_id, self._best = NO_MODEL, b""
        self._context = b""
        self._ids: Sequence[bytes] = ()
        self._models: tuple[str, ...] = ()

    def add(self, event: RankedEvent, reward: float) -> None:
        """Count an event from which something is learned; to be called in order of arrival."""
        step = self._step
        if not 0 <= event.at_us - step.from_us < STEP_US:
            step = self._begin(event.at_us)
        if not -MAX_REWARD <= reward <= MAX_REWARD:
            reward = min(max(reward, -MAX_REWARD), MAX_REWARD)
        if reward < step.lowest:
            step.lowest = reward
        elif reward > step.highest:
            step.highest = reward
        try:
            ids = _ids(event)
            action = _id(ids[_position(event)])
            best = None if event.model_id == NO_MODEL else _most_probable(event, action, ids)
        except OTHER_FORM:
            add(step.others, [1, reward, reward * reward])
            return
        context = event.document[_CONTEXT : event.document.find(_ACTIONS)]
        cell = step.contexts.get(context)
        if cell is None:
            step.add_context(context, [1, reward, reward * reward])
        else:
            cell[0] += 1
            cell[1] += reward
            cell[2] += reward * reward
        of_action = step.actions.get(action)
        if of_action is None:
            step.add_action(action, [1, reward, reward * reward])
        else:
            of_action[0] += 1
            of_action[1] += reward
            of_action[2] += reward * reward
        if best is not None:
            self._compare(event.model_id, context, ids, best)

    def freeze(self) -> Breakdown:
        """The breakdown of the part."""
        self._end_step()
        action = orjson.loads(self._best) if self._pairs else None
        return Breakdown(merge(self._steps), Choices(self._pairs, self._same, action, self._models))

    def _begin(self, at_us: int) -> GrowingStep:
        """Begin the step of a moment."""
        self._end_step()
        self._step = GrowingStep(at_us - at_us % STEP_US)
        return self._step

    def _end_step(self) -> None:
        if self._step.actions or self._step.others[0]:
            self._steps.append(self._step.freeze())
        self._step = GrowingStep(-STEP_US)

    def _compare(self, model_id: str, context: bytes, ids: Sequence[bytes], best: bytes) -> None:
        """Compare the most probable action with that of the event before, as `Choices` does."""
        before = self._best
        if model_id != self._model_id:
            self._models = (*self._models, model_id)[-MOST_MODELS:]
        elif context != self._context:
            if best == before:
                self._pairs += 1
                self._same += 1
            elif _has(ids, before) and _has(self._ids, best):
                self._pairs += 1
        self._best, self._context, self._ids, self._model_id = best, context, ids, model_id


def action_id(event: RankedEvent) -> bytes | None:
    """The id of the action that users saw, as JSON text; None for an event of another form."""
    with suppress(*OTHER_FORM):
        return _id(_ids(event)[_position(event)])
    return None


def _position(event: RankedEvent) -> int:
    """The position of the action that users saw, counted from 1; of a multi-slot event in its first slot."""
    actions, is_online = event.actions, event.mode is LearningMode.ONLINE
    if event.slots:
        return 1 + (orjson.loads(actions)[0][0] if is_online or not event.baselines else event.baselines[0])
    return int(actions[1:-1].partition(b",")[0]) if is_online else 1


def _ids(event: RankedEvent) -> Sequence[bytes]:
    """What is behind the beginning of each action of an event: first its id; the first piece is of no action."""
    pieces = event.document.split(_ACTION)
    if not event.slots and len(pieces) == event.actions.count(b",") + 2:
        return pieces
    # Features look like actions, or it is not known how many actions there are.
    actions = orjson.loads(event.document)[DOCUMENT_ACTIONS]
    return [b"", *(orjson.dumps(action["i"]["id"]) + _ID_END for action in actions)]


def _most_probable(event: RankedEvent, shown: bytes, ids: Sequence[bytes]) -> bytes | None:
    """The id of the action that a model thought best; None if none did, or if there was nothing to choose.

    Args:
        shown: The id of the action that was drawn.
    """
    if event.mode is not LearningMode.ONLINE or len(ids) == _ALONE or event.slots:
        return None
    chances = event.probabilities
    if chances[:4] in _LIKELY and not chances.startswith(_HALF):
        return shown
    probabilities = orjson.loads(chances)
    largest = max(probabilities)
    if probabilities.count(largest) > 1:
        return None
    return _id(ids[orjson.loads(event.actions)[probabilities.index(largest)]])


def _has(ids: Sequence[bytes], action: bytes) -> bool:
    """Whether an event had an action, by its id."""
    text = action + _ID_END
    return any(of_action.startswith(text) for of_action in ids[1:])


def _id(text: bytes) -> bytes:
    return text[: text.find(_ID_END)]
