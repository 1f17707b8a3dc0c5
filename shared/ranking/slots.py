"""The decision of a multi-slot Rank: an action for each slot, drawn from the actions that earlier slots left."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from shared.ranking import sampling


class Slot(NamedTuple):
    """A slot of a request. The baselines of the slots are all different.

    Attributes:
        allowed: Positions of the actions that the slot may show, counted from 0, in the order of the request.
        baseline: Position of the action that the slot shows without personalization; always allowed.
    """

    id: str
    allowed: Sequence[int]
    baseline: int


class SlotChoice(NamedTuple):
    """The decision for a slot.

    Attributes:
        order: Positions of the actions that were left for the slot, the chosen action first.
        probabilities: In the same order, given the choices of earlier slots; sum 1.
    """

    order: tuple[int, ...]
    probabilities: tuple[float, ...]


class MultiSlotDecision(NamedTuple):
    """The choices of all slots, in the order of the slots.

    Attributes:
        model_id: The model that gave the probabilities; `NO_MODEL` before the first.
    """

    choices: tuple[SlotChoice, ...]
    model_id: str


type Ask = Callable[[Sequence[Sequence[int]]], Sequence[SlotChoice | None]]
"""Lets a model fill all slots, each from the actions that are offered to it. The model shows no action twice, and gives
None for a slot without a usable answer."""


def is_tight(slots: Sequence[Slot]) -> bool:
    """Whether earlier slots could leave a slot without an action, so that a model may be asked for each slot anew.

    Where each slot may show more actions than there are slots before it, every slot always finds an action.
    """
    return any(len(slot.allowed) <= place for place, slot in enumerate(slots))


def decide(slots: Sequence[Slot], event_id: str, model_id: str, ask: Ask | None = None) -> MultiSlotDecision:
    """Fill the slots in order, so that exclusions never leave a later slot without an action.

    The model answers for all slots at once. From the first slot that was offered an action which a later slot needs,
    or that has no usable answer, the model answers again, with the earlier choices fixed.

    Args:
        ask: None gives every action the same chance, drawn as Vowpal Wabbit draws with an empty model.
    """
    left = _Left(slots)
    choices: list[SlotChoice] = []
    while len(choices) < len(slots):
        choices += _next_choices(left, len(choices), event_id, ask)
    return MultiSlotDecision(tuple(choices), model_id)


def baseline_decision(slots: Sequence[Slot], model_id: str) -> MultiSlotDecision:
    """The decision that gives every slot its baseline action, with certainty."""
    left = _Left(slots)
    choices = []
    for place, slot in enumerate(slots):
        order = (slot.baseline, *(action for action in left.untaken(place) if action != slot.baseline))
        choices.append(SlotChoice(order, (1.0,) + (0.0,) * (len(order) - 1)))
        left.take(place, slot.baseline)
    return MultiSlotDecision(tuple(choices), model_id)


def _next_choices(left: "_Left", first: int, event_id: str, ask: Ask | None) -> Iterator[SlotChoice]:
    """The choices for the slots from `first` on that follow from one answer of the model; at least one choice."""
    offers = left.offers(first)
    answers: Sequence[SlotChoice | None] = ask(offers) if ask and len(offers[first]) > 1 else (None,) * (first + 1)
    for place, answer in enumerate(answers[first:], first):
        may_take = left.feasible(place)
        if place > first and len(may_take) < len(left.untaken(place)):
            return  # the model was offered more than the slot may take
        usable = answer is not None and set(answer.order) == set(may_take)
        choice = answer if answer and usable else _equal_chances(may_take, event_id + left.slots[place].id)
        left.take(place, choice.order[0])
        yield choice
        if not usable:
            return  # the model's answer for later slots supposes another choice here


def _equal_chances(actions: Sequence[int], seed: str) -> SlotChoice:
    """Source: the old service's client library, which seeds the draw of a slot by event id and slot id."""
    order, chance = list(actions), 1.0 / len(actions)
    drawn = sampling.choose([chance] * len(order), sampling.uniform(sampling.murmur3_32(seed.encode())))
    order[0], order[drawn] = order[drawn], order[0]
    return SlotChoice(tuple(order), (chance,) * len(order))


class _Left:
    """The actions that are left for each slot.

    Every open slot has a reserved action, at first its baseline. A slot may take an action that is reserved for another
    slot if that slot can get another action.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = slots
        self._slot_of_action: dict[int, int] = {}
        self._reserved = {slot.baseline: place for place, slot in enumerate(slots)}
        self._tight = is_tight(slots)

    def offers(self, first: int) -> list[Sequence[int]]:
        """The actions that the model may show in each slot; in a filled slot only the chosen action."""
        later = (slot.allowed for slot in self.slots[first + 1 :])
        return [*((action,) for action in self._slot_of_action), self.feasible(first), *later]

    def untaken(self, place: int) -> Sequence[int]:
        """The allowed actions of a slot that no earlier slot shows."""
        if not self._slot_of_action:
            return self.slots[place].allowed
        return [action for action in self.slots[place].allowed if action not in self._slot_of_action]

    def feasible(self, place: int) -> Sequence[int]:
        """The actions that the next slot can take so that every later slot still finds an action."""
        untaken = self.untaken(place)
        if not self._tight:
            return untaken
        return [action for action in untaken if self._after(place, action) is not None]

    def take(self, place: int, action: int) -> None:
        """Fill the next slot with an action."""
        if self._tight:
            self._reserved = self._after(place, action) or {}
        self._slot_of_action[action] = place

    def _after(self, place: int, action: int) -> dict[int, int] | None:
        """The reservations of the other slots after a slot takes an action; None if a slot would get no action."""
        reserved = {reserved_action: owner for reserved_action, owner in self._reserved.items() if owner != place}
        robbed = reserved.pop(action, None)
        if robbed is None or self._reserve(robbed, reserved, {*self._slot_of_action, action}):
            return reserved
        return None

    def _reserve(self, place: int, reserved: dict[int, int], tried: set[int]) -> bool:
        """Reserve an action for a slot, if need be by moving other reservations; False if that is impossible."""
        for action in self.slots[place].allowed:
            if action not in tried:
                tried.add(action)
                owner = reserved.get(action)
                if owner is None or self._reserve(owner, reserved, tried):
                    reserved[action] = place
                    return True
        return False
