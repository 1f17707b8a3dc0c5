"""One multi-slot Rank's decision: an action for each slot, each drawn from what the slots before it left."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shared.ranking import sampling


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot to be filled. The baselines of a request's slots are all different.

    Attributes:
        allowed: Positions of the actions that it may show, counted from 0, in the order of the request.
        baseline: Position of the action that it shows without personalization; one of those allowed.
    """

    id: str
    allowed: Sequence[int]
    baseline: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided for one slot.

    Attributes:
        order: Positions of the actions that were left for it, the chosen one first.
        probabilities: In the same order; what the choice really had, given those of the slots before; sum 1.
    """

    order: tuple[int, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class MultiSlotDecision:
    """A choice for each slot, in the order of the slots.

    Attributes:
        model_id: The model that gave the probabilities; `NO_MODEL` before the first.
    """

    choices: tuple[Choice, ...]
    model_id: str


type Ask = Callable[[Sequence[Sequence[int]]], Sequence[Choice | None]]
"""Asks a model to fill all slots from what each is offered; it never shows an action twice, and gives None for a slot
for which it has no usable answer."""


def decide(slots: Sequence[Slot], event_id: str, model_id: str, ask: Ask | None = None) -> MultiSlotDecision:
    """Fill the slots in order, so that exclusions never leave a later slot without an action.

    The model is asked once. Where it was offered an action that a later slot cannot do without, or where it has no
    usable answer, it is asked again for the slots from there on, with what was decided until then fixed.

    Args:
        ask: None gives every action the same chance, drawn as Vowpal Wabbit does it with an empty model.
    """
    left = _Left(slots)
    choices: list[Choice] = []
    while len(choices) < len(slots):
        choices += _next_choices(left, len(choices), event_id, ask)
    return MultiSlotDecision(tuple(choices), model_id)


def baseline_decision(slots: Sequence[Slot], model_id: str) -> MultiSlotDecision:
    """Every slot with its baseline action, which is certain."""
    left = _Left(slots)
    choices = []
    for place, slot in enumerate(slots):
        others = (action for action in left.unused(place) if action != slot.baseline)
        order = (slot.baseline, *others)
        choices.append(Choice(order, (1.0,) + (0.0,) * (len(order) - 1)))
        left.take(place, slot.baseline)
    return MultiSlotDecision(tuple(choices), model_id)


def _next_choices(left: "_Left", first: int, event_id: str, ask: Ask | None) -> Iterator[Choice]:
    """At least one choice, for the slots from `first` on, as far as one answer of the model goes."""
    offers = left.offers(first)
    answers: Sequence[Choice | None] = ask(offers) if ask and len(offers[first]) > 1 else (None,) * (first + 1)
    for place, answer in enumerate(answers[first:], first):
        may_take = left.feasible(place)
        if place > first and len(may_take) < len(left.unused(place)):
            return  # the model was offered more than that
        usable = answer is not None and set(answer.order) == set(may_take)
        choice = answer if answer and usable else _equal_chances(may_take, event_id + left.slots[place].id)
        left.take(place, choice.order[0])
        yield choice
        if not usable:
            return  # what the model answers for the slots behind supposes another choice here


def _equal_chances(actions: Sequence[int], seed: str) -> Choice:
    """Source: the old service's client library, which seeds the draw of a slot by event id and slot id."""
    order, chance = list(actions), 1.0 / len(actions)
    drawn = sampling.choose([chance] * len(order), sampling.uniform(sampling.murmur3_32(seed.encode())))
    order[0], order[drawn] = order[drawn], order[0]
    return Choice(tuple(order), (chance,) * len(order))


class _Left:
    """What each slot may still take.

    Every slot that is not filled has an action reserved for it, at first its baseline. A slot may take what another
    has reserved if that one can get something else instead.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = slots
        self._taken: dict[int, int] = {}
        self._reserved = {slot.baseline: place for place, slot in enumerate(slots)}
        # Where each slot may show more actions than there are slots before it, it always finds one.
        self._tight = any(len(slot.allowed) <= place for place, slot in enumerate(slots))

    def offers(self, first: int) -> list[Sequence[int]]:
        """What the model may show: what was decided, what may be taken next, and all that is allowed later on."""
        later = (slot.allowed for slot in self.slots[first + 1 :])
        return [*((action,) for action in self._taken), self.feasible(first), *later]

    def unused(self, place: int) -> Sequence[int]:
        """What a slot is allowed to show and no slot before it does."""
        if not self._taken:
            return self.slots[place].allowed
        return [action for action in self.slots[place].allowed if action not in self._taken]

    def feasible(self, place: int) -> Sequence[int]:
        """What the next slot to be filled can take without leaving a later one without an action."""
        unused = self.unused(place)
        if not self._tight:
            return unused
        return [action for action in unused if self._after(place, action) is not None]

    def take(self, place: int, action: int) -> None:
        """Fill the next slot."""
        if self._tight:
            self._reserved = self._after(place, action) or {}
        self._taken[action] = place

    def _after(self, place: int, action: int) -> dict[int, int] | None:
        """The reservations of the other slots once a slot has taken an action; None if one cannot have any."""
        reserved = {wanted: owner for wanted, owner in self._reserved.items() if owner != place}
        robbed = reserved.pop(action, None)
        if robbed is None or self._reserve(robbed, reserved, {*self._taken, action}):
            return reserved
        return None

    def _reserve(self, place: int, reserved: dict[int, int], seen: set[int]) -> bool:
        """Find an action for a slot, if need be by finding another one for its owner."""
        for action in self.slots[place].allowed:
            if action not in seen:
                seen.add(action)
                owner = reserved.get(action)
                if owner is None or self._reserve(owner, reserved, seen):
                    reserved[action] = place
                    return True
        return False
