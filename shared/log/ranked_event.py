"""An event as it was ranked: the pieces of its log line, from the Rank's answer to the join."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from isal import isal_zlib

from shared.configuration.service_configuration import LearningMode
from shared.ranking.decision import Decision
from shared.ranking.slots import MultiSlotDecision, Slot, SlotChoice

_OF_APPRENTICE = "-apprentice"
_TOLERANCE = 1e-5
"""By so much the chances may differ that one model gives on different processors."""


class TrialChances(NamedTuple):
    """What the shown action's chances were by both policies of a trial, from which the event's chances were mixed.

    Attributes:
        trial_id: The trial.
        in_use: By the model in use.
        challenger: By the challenger.
    """

    trial_id: str
    in_use: float
    challenger: float


class RankedEvent(NamedTuple):
    """The pieces of an event's log line that its Rank decides, as JSON texts that are spliced and never parsed.

    Attributes:
        event_id: The caller's id, untouched.
        at_us: Arrival time.
        document: The cleaned features (`c`), as they were ranked.
        actions: Positions among the eligible actions, counted from 1, chosen first (`a`). For a multi-slot event one
            such list a slot, counted from 0, of the actions that were left for the slot (`_a`).
        probabilities: In the same order (`p`, or one `_p` a slot).
        model_id: The model that decided.
        deferred: Whether the event counts only once it is activated.
        mode: The learning mode in which it was ranked.
        slots: The ids of a multi-slot event's slots; empty for an event with one choice.
        baselines: Of each slot the position of its baseline action, counted from 0.
        trial: Of an event that was drawn in a trial; None for another.
    """

    event_id: str
    at_us: int
    document: bytes
    actions: bytes
    probabilities: bytes
    model_id: str
    deferred: bool
    mode: LearningMode = LearningMode.ONLINE
    slots: tuple[str, ...] = ()
    baselines: tuple[int, ...] = ()
    trial: TrialChances | None = None

    @property
    def kind(self) -> str:
        """Which models learn from the event, as `line_kind`."""
        return line_kind("ccb" if self.slots else "cb", self.mode)

    @property
    def shown(self) -> tuple[tuple[int, float], ...]:
        """What Rank answered, slot by slot: the position of the action to show, and the chance with which it was shown.

        What an apprentice draws is in no answer.
        """
        if self.mode is LearningMode.APPRENTICE:
            return tuple((baseline, 1.0) for baseline in (self.baselines if self.slots else (1,)))
        actions, probabilities = orjson.loads(self.actions), orjson.loads(self.probabilities)
        choices = zip(actions, probabilities, strict=True) if self.slots else [(actions, probabilities)]
        return tuple((order[0], chances[0]) for order, chances in choices)

    def shows_like(self, other: "RankedEvent") -> bool:
        """Whether the answers to two equal requests showed the same actions, with the same chances."""
        return len(self.shown) == len(other.shown) and all(
            own[0] == others[0] and math.isclose(own[1], others[1], rel_tol=_TOLERANCE)
            for own, others in zip(self.shown, other.shown, strict=True)
        )

    def decision(self) -> Decision:
        """The decision about an event with one choice."""
        order = tuple(action - 1 for action in orjson.loads(self.actions))
        return Decision(order, tuple(orjson.loads(self.probabilities)), self.model_id)

    def multi_slot_decision(self) -> MultiSlotDecision:
        """The decision about a multi-slot event."""
        slots = zip(orjson.loads(self.actions), orjson.loads(self.probabilities), strict=True)
        return MultiSlotDecision(
            tuple(SlotChoice(tuple(order), tuple(chances)) for order, chances in slots), self.model_id
        )


def from_decision(
    event_id: str,
    at_us: int,
    document: bytes,
    decision: Decision,
    *,
    deferred: bool,
    mode: LearningMode = LearningMode.ONLINE,
    trial: TrialChances | None = None,
) -> RankedEvent:
    """The event of a decision over a document of features."""
    actions = orjson.dumps([position + 1 for position in decision.order])
    probabilities = orjson.dumps(decision.probabilities)
    return RankedEvent(
        event_id, at_us, document, actions, probabilities, decision.model_id, deferred, mode, trial=trial
    )


def from_multi_slot_decision(
    event_id: str,
    at_us: int,
    document: bytes,
    decision: MultiSlotDecision,
    slots: Sequence[Slot],
    *,
    deferred: bool,
    mode: LearningMode,
) -> RankedEvent:
    """The event of a decision over the slots of a document."""
    return RankedEvent(
        event_id,
        at_us,
        document,
        orjson.dumps([choice.order for choice in decision.choices]),
        orjson.dumps([choice.probabilities for choice in decision.choices]),
        decision.model_id,
        deferred,
        mode,
        tuple(slot.id for slot in slots),
        tuple(slot.baseline for slot in slots),
    )


def line_kind(problem_type: str, mode: LearningMode) -> str:
    """What lines and models must have in common: `cb` or `ccb`, with `-apprentice` for those that imitate.

    An event that was ranked in apprentice mode is labelled by imitation, so only an apprentice learns from it.
    """
    return problem_type + (_OF_APPRENTICE if mode is LearningMode.APPRENTICE else "")


def mode_of(kind: str) -> LearningMode:
    """The learning mode of models that learn from a kind of lines, as far as the kind says it."""
    return LearningMode.APPRENTICE if kind.endswith(_OF_APPRENTICE) else LearningMode.ONLINE


def pack(event: RankedEvent) -> bytes:
    """Compress an event for its table row, whose columns hold the id and the arrival time.

    The format is that of zlib. The bytes may differ by the processor, as those of log must not.
    """
    head: dict[str, Any] = {"m": event.model_id, "deferred": event.deferred}
    if event.mode is not LearningMode.ONLINE:
        head["mode"] = event.mode
    if event.slots:
        head |= {"slots": event.slots, "baselines": event.baselines}
    if event.trial:
        head["trial"] = list(event.trial)
    return isal_zlib.compress(b"\n".join((orjson.dumps(head), event.actions, event.probabilities, event.document)), 1)


def unpack(payload: bytes, event_id: str, at_us: int) -> RankedEvent:
    """The inverse of `pack`.

    Args:
        event_id: From the row, like `at_us`.

    Raises:
        ValueError: The payload is no packed event.
    """
    try:
        packed_head, actions, probabilities, document = isal_zlib.decompress(payload).split(b"\n", 3)
    except isal_zlib.error as error:  # type: ignore[misc] # a class, whatever the stubs say
        raise ValueError("the payload is damaged") from error
    head = orjson.loads(packed_head)
    return RankedEvent(
        event_id,
        at_us,
        document,
        actions,
        probabilities,
        head["m"],
        head["deferred"],
        LearningMode(head["mode"]) if "mode" in head else LearningMode.ONLINE,
        tuple(head.get("slots", ())),
        tuple(head.get("baselines", ())),
        TrialChances(*head["trial"]) if "trial" in head else None,
    )
