"""The record of one Rank between its answer and the join: the pieces of its log line, compressed."""

import zlib
from dataclasses import dataclass

import orjson

from shared.loop.decision import Decision


@dataclass(frozen=True, slots=True)
class Record:
    """The pieces of a log line, as JSON texts that are spliced, never parsed again.

    Attributes:
        document: The cleaned features (`c`), as they were ranked.
        actions: Positions among the eligible actions, counted from 1, chosen first (`a`).
        probabilities: In the same order (`p`).
        model_id: The model that decided.
        deferred: Whether the event counts only once it is activated.
    """

    document: bytes
    actions: bytes
    probabilities: bytes
    model_id: str
    deferred: bool

    def decision(self) -> Decision:
        """The decision that was recorded."""
        order = tuple(action - 1 for action in orjson.loads(self.actions))
        return Decision(order, tuple(orjson.loads(self.probabilities)), self.model_id)


def record(document: bytes, decision: Decision, *, deferred: bool) -> Record:
    """What is recorded of a decision over a document of features."""
    actions = orjson.dumps([position + 1 for position in decision.order])
    return Record(document, actions, orjson.dumps(decision.probabilities), decision.model_id, deferred)


def pack(record: Record) -> bytes:
    """Compress a record for its table row."""
    head = orjson.dumps({"m": record.model_id, "deferred": record.deferred})
    return zlib.compress(b"\n".join((head, record.actions, record.probabilities, record.document)), 1)


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
    return Record(document, actions, probabilities, told["m"], told["deferred"])
