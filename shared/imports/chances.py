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
        everything = {**codes, PLACE: [_STRETCHES * number // len(shown) for number in range(len(shown))]}
        self.columns = tuple(_choose_columns(shown, offers, everything))
        self._levels = [_Level(shown, offers, cells) for cells in _nest_cells(everything, self.columns, len(shown))]
        self._cache: dict[tuple[int, Offer, frozenset[int]], list[float]] = {}
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

    def _chances(self, number: int, without: frozenset[int]) -> list[float]:
        offer = self._offers[number]
        key = (self._levels[-1].cells[number], offer, without)
        if key not in self._cache:
            if len(self._cache) == _MOST_CHANCES:
                self._cache.clear()
            self._cache[key] = self._estimate(number, offer, without)
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

    def __init__(self, shown: Sequence[int], offers: Sequence[Offer], cells: Sequence[int]) -> None:
        self.cells = cells
        self._shown: Counter[tuple[int, int, int]] = Counter()
        self._offered: Counter[tuple[int, int, int]] = Counter()
        for number, (action, offer, cell) in enumerate(zip(shown, offers, cells, strict=True)):
            part = number % PARTS
            self._shown[part, cell, action] += 1
            for offered in offer:
                self._offered[part, cell, offered] += 1
        self._all_shown, self._all_offered = _add_parts(self._shown), _add_parts(self._offered)

    def share(self, number: int, action: int, around: float, without: frozenset[int]) -> float:
        """The share of an action, drawn towards that of the group around."""
        cell = self.cells[number]
        shown = self._all_shown[cell, action] - sum(self._shown[part, cell, action] for part in without)
        offered = self._all_offered[cell, action] - sum(self._offered[part, cell, action] for part in without)
        return (shown + _PRIOR * around) / (offered + _PRIOR)

    def is_never(self, number: int, action: int) -> bool:
        """Whether an action could often have been shown in a cell, and never was."""
        cell = self.cells[number]
        return not self._all_shown[cell, action] and self._all_offered[cell, action] >= NEVER_AFTER


def _add_parts(counts: Counter[tuple[int, int, int]]) -> Counter[tuple[int, int]]:
    added: Counter[tuple[int, int]] = Counter()
    for (_, cell, action), count in counts.items():
        added[cell, action] += count
    return added


def _floor(chances: Sequence[float], place: int) -> list[float]:
    """Lift chances above 0 to the least one; the action that was shown had some chance in any case."""
    lifted = [max(chance, LEAST) if chance or number == place else 0.0 for number, chance in enumerate(chances)]
    whole = sum(lifted)
    return [chance / whole for chance in lifted]


def _nest_cells(codes: Mapping[str, Sequence[int]], columns: Sequence[str], events: int) -> Iterator[Sequence[int]]:
    """The cells of all events, first all in one, then by more and more columns."""
    cells: Sequence[int] = [0] * events
    yield cells
    for column in columns:
        cells = _refine(cells, codes[column])
        yield cells


def _refine(cells: Sequence[int], codes: Sequence[int]) -> list[int]:
    numbers: dict[tuple[int, int], int] = {}
    return [numbers.setdefault(pair, len(numbers)) for pair in zip(cells, codes, strict=True)]


def _choose_columns(shown: Sequence[int], offers: Sequence[Offer], codes: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """Choose the columns that help to foretell what was shown, one after the other."""
    step = -(-len(shown) // _MOST_JUDGED)
    shown, offers = shown[::step], offers[::step]
    left = {name: of_column[::step] for name, of_column in codes.items()}
    cells: Sequence[int] = [0] * len(shown)
    chances = _foretell(shown, offers, cells, [1 / len(offer) for offer in offers])
    for _ in range(MOST_COLUMNS):
        tried = {name: _foretell(shown, offers, _refine(cells, of), chances) for name, of in left.items()}
        gains = {name: _gain(chances, better) for name, better in tried.items()}
        helping = {name: mean for name, (mean, error) in gains.items() if mean > max(_SURE * error, _LEAST_GAIN)}
        if not helping:
            return
        best = max(helping, key=helping.__getitem__)
        yield best
        cells, chances = _refine(cells, left.pop(best)), tried[best]


def _foretell(
    shown: Sequence[int], offers: Sequence[Offer], cells: Sequence[int], around: Sequence[float]
) -> list[float]:
    """The chance of what was shown in each event, from the other parts of the log."""
    level = _Level(shown, offers, cells)
    return [
        level.share(number, action, chance, frozenset((number % PARTS,)))
        for number, (action, chance) in enumerate(zip(shown, around, strict=True))
    ]


def _gain(before: Sequence[float], after: Sequence[float]) -> tuple[float, float]:
    """By how much the logarithm of chances rises on average, and the standard error."""
    gains = [log(new / old) for old, new in zip(before, after, strict=True)]
    mean = sum(gains) / len(gains)
    squares = sum((gain - mean) ** 2 for gain in gains)
    return mean, sqrt(squares) / len(gains)


def code_texts(values: Sequence[int]) -> list[int]:
    """Make one of all values that are rare, so that there are not too many."""
    frequent = {value for value, _ in Counter(values).most_common(_MOST_VALUES)}
    return [value if value in frequent else -1 for value in values]


def code_numbers(values: Sequence[float]) -> list[int]:
    """Number values by tenths of the log; what is no number is a group of its own."""
    there = sorted(value for value in values if value == value)
    bounds = [there[tenth * len(there) // _STRETCHES] for tenth in range(1, _STRETCHES)] if there else []
    return [-1 if value != value else sum(value >= bound for bound in bounds) for value in values]
