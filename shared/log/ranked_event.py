"""The record of one Rank between its answer and the join: the pieces of its log line, compressed."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from shared.configuration.service_configuration import LearningMode
from shared.log.line_pieces import Shown
from shared.ranking.decision import Decision
from shared.ranking.slots import Choice, MultiSlotDecision, Slot


@dataclass(frozen=True, slots=True)
class Record:
    """The pieces of a log line, as JSON texts that are spliced, never parsed again.

    Attributes:
        document: The cleaned features (`c`), as they were ranked.
        actions: Positions among the eligible actions, counted from 1, chosen first (`a`). For a multi-slot event one
            such list a slot, counted from 0, of what was left for it (`_a`).
        probabilities: In the same order (`p`, or one `_p` a slot).
        model_id: The model that decided.
        deferred: Whether the event counts only once it is activated.
        mode: The learning mode in which it was ranked.
        slots: The ids of a multi-slot event's slots; empty for an event with one choice.
        baselines: Of each slot the position of its baseline action, counted from 0.
    """

    document: bytes
    actions: bytes
    probabilities: bytes
    model_id: str
    deferred: bool
    mode: LearningMode = LearningMode.ONLINE
    slots: tuple[str, ...] = ()
    baselines: tuple[int, ...] = ()

    def shown(self, event_id: str, at_us: int) -> Shown:
        """The same for a log line of the event that arrived at a moment."""
        return Shown(
            event_id,
            at_us,
            self.document,
            self.actions,
            self.probabilities,
            self.model_id,
            self.deferred,
            self.mode,
            self.slots,
            self.baselines,
        )

    def decision(self) -> Decision:
        """The decision that was recorded."""
        order = tuple(action - 1 for action in orjson.loads(self.actions))
        return Decision(order, tuple(orjson.loads(self.probabilities)), self.model_id)

    def multi_slot_decision(self) -> MultiSlotDecision:
        """The decision that was recorded of a multi-slot event."""
        told = zip(orjson.loads(self.actions), orjson.loads(self.probabilities), strict=True)
        return MultiSlotDecision(tuple(Choice(tuple(order), tuple(chances)) for order, chances in told), self.model_id)


def record(document: bytes, decision: Decision, *, deferred: bool, mode: LearningMode = LearningMode.ONLINE) -> Record:
    """What is recorded of a decision over a document of features."""
    actions = orjson.dumps([position + 1 for position in decision.order])
    return Record(document, actions, orjson.dumps(decision.probabilities), decision.model_id, deferred, mode)


def multi_slot_record(
    document: bytes, decision: MultiSlotDecision, slots: Sequence[Slot], *, deferred: bool, mode: LearningMode
) -> Record:
    """What is recorded of a decision over the slots of a document."""
    return Record(
        document,
        orjson.dumps([choice.order for choice in decision.choices]),
        orjson.dumps([choice.probabilities for choice in decision.choices]),
        decision.model_id,
        deferred,
        mode,
        tuple(slot.id for slot in slots),
        tuple(slot.baseline for slot in slots),
    )


def pack(record: Record) -> bytes:
    """Compress a record for its table row."""
    head: dict[str, Any] = {"m": record.model_id, "deferred": record.deferred}
    if record.mode is not LearningMode.ONLINE:
        head["mode"] = record.mode
    if record.slots:
        head |= {"slots": record.slots, "baselines": record.baselines}
    told = (orjson.dumps(head), record.actions, record.probabilities, record.document)
    return zlib.compress(b"\n".join(told), 1)


def unpack(payload: bytes) -> Record:
    """The inverse of `pack`.

    Raises:
        ValueError: The bytes are no packed record.
    """
    try:
        head, actions, probabilities, document = zlib.decompress(payload).split(b"\n", 3)
    except zlib.error as error:
        raise ValueError("the payload is damaged") from error
    told = orjson.loads(head)
    mode = LearningMode(told.get("mode", LearningMode.ONLINE))
    slots, baselines = tuple(told.get("slots", ())), tuple(told.get("baselines", ()))
    return Record(document, actions, probabilities, told["m"], told["deferred"], mode, slots, baselines)
