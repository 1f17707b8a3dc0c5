"""Bins whose sums stay packed in one piece of memory, as they are stored, and are unpacked only when they are read.

An answer of a thousand bins needs a few of their two dozen sums; it reads those column by column.
"""

from collections.abc import Iterator, Mapping, Sequence, ValuesView
from functools import cached_property
from struct import Struct
from typing import get_type_hints

from shared.evaluation.tasks import Bins
from shared.metrics.estimators.sums import Sums

_WHOLE = frozenset(name for name, kind in get_type_hints(Sums).items() if kind is int)
FORM = Struct("<" + "".join("q" if name in _WHOLE else "d" for name in Sums._fields))
"""Of one bin's sums, 8 bytes each."""


class PackedBins(Mapping[int, Sums]):
    """Sums by the first microsecond of the bin."""

    def __init__(self, at: Sequence[int], packed: bytes) -> None:
        """Take the bins' starts, in order, and their sums, one after the other as `FORM` has them.

        Raises:
            ValueError: There are more or less sums than starts.
        """
        if len(packed) != len(at) * FORM.size:
            raise ValueError("the sums are not those of the bins")
        self._at = at
        self._packed = packed

    def column(self, name: str) -> Sequence[float]:
        """One of the sums of every bin."""
        place, width = Sums._fields.index(name), len(Sums._fields)
        whole = memoryview(self._packed)
        return (whole.cast("q") if name in _WHOLE else whole.cast("d"))[place::width].tolist()

    def __getitem__(self, at_us: int) -> Sums:
        """The sums of the bin that starts at a moment."""
        return Sums._make(FORM.unpack_from(self._packed, self._places[at_us] * FORM.size))

    def __iter__(self) -> Iterator[int]:
        """The bins' starts."""
        return iter(self._at)

    def __len__(self) -> int:
        """How many bins there are."""
        return len(self._at)

    def values(self) -> ValuesView[Sums]:
        """The sums of all bins."""
        return _Unpacked(self, self._packed)

    @cached_property
    def _places(self) -> dict[int, int]:
        return {at_us: place for place, at_us in enumerate(self._at)}


class _Unpacked(ValuesView[Sums]):
    """All sums, unpacked in one go: totals of a whole take them."""

    def __init__(self, bins: PackedBins, packed: bytes) -> None:
        super().__init__(bins)
        self._packed = packed

    def __iter__(self) -> Iterator[Sums]:
        return map(Sums._make, FORM.iter_unpack(self._packed))


def column(bins: Bins, name: str) -> Sequence[float]:
    """One of the sums of every bin, in order of time."""
    if isinstance(bins, PackedBins):
        return bins.column(name)
    place = Sums._fields.index(name)
    return [bins[at_us][place] for at_us in sorted(bins)]
