"""Estimates the chances with which actions were shown, where nobody noted them.

An action's chance is the share of events in which it was shown, among those in which it could have been and whose
context was alike. Which columns make contexts alike is found from the log: the column that foretells best what was
shown, then the next one that helps, up to three. Numbers count by tenths of the log, and the place in the log counts as
a column too, since rules change in time. Each share is drawn towards that of the larger group around it.

No event helps to estimate its own chance: the log is dealt into ten parts, and the chances of each come from the other
nine (cross-fitting). Which columns help is judged in the same way, so a column that tells nothing is not taken.

Source: Chernozhukov et al.: Double/debiased machine learning, 2018, for cross-fitting. Shares that are drawn towards
those of the larger group: the smoothing of Dirichlet priors, as in MacKay, Peto: A hierarchical Dirichlet language
model, 1995.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import log, sqrt

PARTS = 10
MOST_COLUMNS = 3
LEAST = 0.01
"""Lower chances are taken as this one, so that no event weighs more than a hundred: rare ones are not known better."""
NEVER_AFTER = 100
"""An action that was not shown once in so many events of the same context is taken as without a chance."""
PLACE = "(place in the log)"
_STRETCHES = 10
_PRIOR = 2.0
"""The share of the larger group counts like so many events."""
_SURE = 2.0
"""A column helps if the gain is so many standard errors above 0."""
_LEAST_GAIN = 0.005
"""Columns that help less are not taken: where chances are near 1, finer groups always come a little nearer."""
_MOST_JUDGED = 20_000
"""Events by which columns are judged, from all over the log."""
_MOST_VALUES = 100
"""Of a column; rarer values count as one."""
_MOST_COUNTS = 100_000
"""Groups of alike contexts times actions, lest their counts fill the memory; a column that would make more is left."""
_MOST_CHANCES = 20_000
"""Chances that are kept, since the next event may need the same ones."""

type Offer = tuple[int, ...]


class EstimatedChances:
    """The chances of all actions, event by event.

    Attributes:
        columns: Those that chances follow, the most important first.
        lifted: Events whose shown action had a lower chance than `LEAST`.
    """

    def __init__(self, shown: Sequence[int], offers: Sequence[Offer], codes: Mapping[str, Sequence[int]]) -> None:
        """Estimate.

        Args:
            shown: The action of each event, as a number, in the order of the log.
            offers: The actions that could have been shown.
            codes: By column, its value in each event as a number; equal numbers are equal values.
        """
        self._shown, self._offers = shown, offers
        events, actions = len(shown), 1 + max(max(shown), *map(max, {*offers}))
        everything = {**codes, PLACE: array("h", (_STRETCHES * number // events for number in range(events)))}
        alike = array("i", bytes(array("i").itemsize * events))
        chosen = [*_choose_columns(shown, offers, everything, alike, actions)]
        self.columns = tuple(name for name, _ in chosen)
        self._levels = [_Level(shown, offers, cells, actions) for cells in (alike, *(cells for _, cells in chosen))]
        self._cache: dict[tuple[int, Offer, frozenset[int]], Sequence[float]] = {}
        self.lifted = 0

    @property
    def events(self) -> int:
        """How many events there are."""
        return len(self._shown)

    def of(self, number: int) -> list[float]:
        """The chances in one event, in the order of its offer."""
        place = self._offers[number].index(self._shown[number])
        chances = self._chances(number, frozenset((number % PARTS,)))
        if chances[place] <= LEAST:
            self.lifted += 1
        return _floor(chances, place)

    def replicates(self, number: int) -> list[float]:
        """The chance of the action that was shown in one event, with one part of the log after the other left out."""
        offer, own = self._offers[number], number % PARTS
        place = offer.index(self._shown[number])
        return [_floor(self._chances(number, frozenset((own, part))), place)[place] for part in range(PARTS)]

    def _chances(self, number: int, without: frozenset[int]) -> Sequence[float]:
        offer = self._offers[number]
        key = (self._levels[-1].cells[number], offer, without)
        if key not in self._cache:
            if len(self._cache) == _MOST_CHANCES:
                self._cache.clear()
            self._cache[key] = array("d", self._estimate(number, offer, without))
        return self._cache[key]

    def _estimate(self, number: int, offer: Offer, without: frozenset[int]) -> list[float]:
        chances = [1 / len(offer)] * len(offer)
        for level in self._levels:
            chances = [
                level.share(number, action, chance, without) for action, chance in zip(offer, chances, strict=True)
            ]
        last = self._levels[-1]
        chances = [
            0.0 if last.is_never(number, action) else chance for action, chance in zip(offer, chances, strict=True)
        ]
        whole = sum(chances) or 1.0
        return [chance / whole for chance in chances]


class _Level:
    """Counts by cells: groups of events whose contexts are alike."""

    def __init__(self, shown: Sequence[int], offers: Sequence[Offer], cells: Sequence[int], actions: int) -> None:
        self.cells = cells
        self._actions = actions
        counts = bytes(array("i").itemsize * PARTS * actions * (1 + max(cells)))
        self._shown, self._offered = array("i", counts), array("i", counts)
        for number, (action, offer, cell) in enumerate(zip(shown, offers, cells, strict=True)):
            first = cell * actions * PARTS + number % PARTS
            self._shown[first + action * PARTS] += 1
            for offered in offer:
                self._offered[first + offered * PARTS] += 1

    def share(self, number: int, action: int, around: float, without: frozenset[int]) -> float:
        """The share of an action, drawn towards that of the group around."""
        parts = self._parts(number, action)
        shown, offered = self._shown[parts], self._offered[parts]
        all_shown = sum(shown) - sum(shown[part] for part in without)
        all_offered = sum(offered) - sum(offered[part] for part in without)
        return (all_shown + _PRIOR * around) / (all_offered + _PRIOR)

    def is_never(self, number: int, action: int) -> bool:
        """Whether an action could often have been shown in a cell, and never was."""
        parts = self._parts(number, action)
        return not any(self._shown[parts]) and sum(self._offered[parts]) >= NEVER_AFTER

    def _parts(self, number: int, action: int) -> slice:
        """Where the counts of an action are, in the cell of an event."""
        first = (self.cells[number] * self._actions + action) * PARTS
        return slice(first, first + PARTS)


def _floor(chances: Sequence[float], place: int) -> list[float]:
    """Lift chances above 0 to the least one; the action that was shown had some chance in any case."""
    lifted = [max(chance, LEAST) if chance or number == place else 0.0 for number, chance in enumerate(chances)]
    whole = sum(lifted)
    return [chance / whole for chance in lifted]


def _refine(cells: Sequence[int], codes: Sequence[int], most: int) -> array[int] | None:
    """Part cells by a column; None if that makes more than `most`."""
    numbers: dict[tuple[int, int], int] = {}
    refined = array("i")
    for pair in zip(cells, codes, strict=True):
        refined.append(numbers.setdefault(pair, len(numbers)))
        if len(numbers) > most:
            return None
    return refined


def _choose_columns(
    shown: Sequence[int],
    offers: Sequence[Offer],
    codes: Mapping[str, Sequence[int]],
    cells: Sequence[int],
    actions: int,
) -> Iterator[tuple[str, Sequence[int]]]:
    """Choose the columns that help to foretell what was shown, one after the other, with the cells that they make.

    Args:
        cells: Those without any column.
        actions: How many there are.
    """
    most, step = _MOST_COUNTS // actions, -(-len(shown) // _MOST_JUDGED)
    shown, offers = shown[::step], offers[::step]
    left = dict(codes)
    chances = _foretell(shown, offers, cells[::step], [1 / len(offer) for offer in offers], actions)
    for _ in range(MOST_COLUMNS):
        helping = dict[str, float]()
        for name, of in left.items():
            if parted := _refine(cells[::step], of[::step], most):
                mean, error = _gain(chances, _foretell(shown, offers, parted, chances, actions))
                if mean > max(_SURE * error, _LEAST_GAIN):
                    helping[name] = mean
        for best in sorted(helping, key=helping.__getitem__, reverse=True):
            if refined := _refine(cells, left.pop(best), most):
                cells, chances = refined, _foretell(shown, offers, refined[::step], chances, actions)
                yield best, cells
                break
        else:
            return


def _foretell(
    shown: Sequence[int], offers: Sequence[Offer], cells: Sequence[int], around: Sequence[float], actions: int
) -> array[float]:
    """The chance of what was shown in each event, from the other parts of the log."""
    level = _Level(shown, offers, cells, actions)
    return array(
        "d",
        (
            level.share(number, action, chance, frozenset((number % PARTS,)))
            for number, (action, chance) in enumerate(zip(shown, around, strict=True))
        ),
    )


def _gain(before: Sequence[float], after: Sequence[float]) -> tuple[float, float]:
    """By how much the logarithm of chances rises on average, and the standard error."""
    gains = [log(new / old) for old, new in zip(before, after, strict=True)]
    mean = sum(gains) / len(gains)
    squares = sum((gain - mean) ** 2 for gain in gains)
    return mean, sqrt(squares) / len(gains)


def code_texts(values: Sequence[int]) -> array[int]:
    """Make one of all values that are rare, so that there are not too many."""
    frequent = {value for value, _ in Counter(values).most_common(_MOST_VALUES)}
    return array("h", (value if value in frequent else -1 for value in values))


def code_numbers(values: Sequence[float]) -> array[int]:
    """Number values by tenths of the log; what is no number is a group of its own."""
    there = sorted(value for value in values if value == value)
    bounds = [there[tenth * len(there) // _STRETCHES] for tenth in range(1, _STRETCHES)] if there else []
    return array("h", (-1 if value != value else sum(value >= bound for bound in bounds) for value in values))
