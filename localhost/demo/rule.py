"""The rule of thumb that an application had before: it puts the brand that it would recommend first."""

from collections.abc import Iterable
from dataclasses import replace

from localhost.demo.purchases import Offer, Purchase

RULE = "what is on display in the store, else what the household bought last, else the best seller"
"""In words; where displays were not recorded, what a newspaper advertised counts instead."""


def order_by_rule(purchases: Iterable[Purchase]) -> list[Purchase]:
    """The purchases with the offers in the rule's order, and with what each household had bought last.

    Args:
        purchases: In order of time, their offers with the best seller first.
    """
    last: dict[str, str] = {}
    offered: list[Purchase] = []
    for purchase in purchases:
        repeated = replace(purchase, bought_last=last.get(purchase.household))
        offered.append(replace(repeated, offers=_order(repeated)))
        last[purchase.household] = purchase.bought
    return offered


def _order(purchase: Purchase) -> tuple[Offer, ...]:
    return tuple(
        sorted(purchase.offers, key=lambda offer: (not _is_advertised(offer), not _was_bought(offer, purchase)))
    )


def _is_advertised(offer: Offer) -> bool:
    return offer.advertised if offer.on_display is None else offer.on_display


def _was_bought(offer: Offer, purchase: Purchase) -> bool:
    return offer.brand == purchase.bought_last
