"""Real purchases, in the order in which a shop would have seen them."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

DATA_SETS = ("yogurt", "cracker")
_FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Offer:
    """One brand on the shelf.

    Attributes:
        price: In US cents, as recorded.
        advertised: Whether a newspaper advertised it.
        on_display: Whether the store had put it on display; None if that was not recorded.
    """

    brand: str
    price: float
    advertised: bool
    on_display: bool | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """What one household saw, and what it bought.

    Attributes:
        offers: The brand that sells best in the whole data set first, or the one that a rule of thumb puts first.
        bought: A brand of the offers.
        bought_last: The brand that the household bought the time before; None if that is unknown.
    """

    household: str
    offers: tuple[Offer, ...]
    bought: str
    bought_last: str | None = None


def load(name: str) -> list[Purchase]:
    """Read one of `DATA_SETS`, interleave in time."""
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    brands = best_sellers_first(row["choice"] for row in rows)
    return interleave([_purchase(row, brands) for row in rows])


def best_sellers_first(bought: Iterable[str]) -> list[str]:
    """The brands by number of sales."""
    return [brand for brand, _ in Counter(bought).most_common()]


def interleave(purchases: Iterable[Purchase]) -> list[Purchase]:
    """Put the first purchase of every household first, then every second one, and so on.

    Args:
        purchases: Those of each household in order of time.
    """
    of_household: defaultdict[str, list[Purchase]] = defaultdict(list)
    for purchase in purchases:
        of_household[purchase.household].append(purchase)
    turns = zip_longest(*of_household.values())
    return [purchase for purchase in chain.from_iterable(turns) if purchase is not None]


def _purchase(row: dict[str, str], brands: Sequence[str]) -> Purchase:
    return Purchase(row["household"], tuple(_offer(row, brand) for brand in brands), row["choice"])


def _offer(row: dict[str, str], brand: str) -> Offer:
    display = row.get(f"disp.{brand}")
    return Offer(
        brand=brand,
        price=float(row[f"price.{brand}"]),
        advertised=row[f"feat.{brand}"] == "1",
        on_display=None if display is None else display == "1",
    )
