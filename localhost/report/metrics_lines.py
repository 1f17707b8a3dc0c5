"""The metrics of a loop, in lines."""

from collections.abc import Iterator

from localhost.report.layout import Document, between, moment, number, percent, rest, table
from localhost.report.verdict_lines import verdict_lines

_POLICIES = {"online": "online", "firstAction": "always first", "random": "random"}
_SHOWN = ("interval", "rewardSpan", "total", "intervals", "apprentice", "verdict")
_OF_STRETCH = ("from", "to", "count", "events", "learningModes", *_POLICIES)


def metrics_lines(metrics: Document) -> Iterator[str]:
    """Give the lines: what was earned an event, in all and by the hour, beside what other policies would have."""
    total = metrics["total"]
    yield f"Reward of an event from {moment(total['from'])} to {moment(total['to'])}, {total['count']:,} events"
    yield ""
    yield from table([("policy", "reward", "95 % interval", "events that count"), *_policies(total)])
    yield from _reasons(total)
    yield from rest(total, _OF_STRETCH)
    yield from _by_hour([stretch for stretch in metrics["intervals"] if stretch["count"]])
    yield from _apprentice(metrics.get("apprentice"))
    if metrics.get("verdict"):
        yield ""
        yield from verdict_lines(metrics["verdict"])
    yield from rest(metrics, _SHOWN)


def _policies(stretch: Document) -> Iterator[tuple[str, ...]]:
    for name, label in _POLICIES.items():
        policy = stretch[name]
        interval = between(policy.get("interval"))
        yield label, number(policy.get("averageReward")), interval, f"{policy.get('nonZeroWeights', 0):,}"


def _reasons(stretch: Document) -> Iterator[str]:
    reasons = dict.fromkeys(stretch[name]["because"] for name in _POLICIES if stretch[name].get("because"))
    yield from (f"  {reason[:1].upper()}{reason[1:]}" for reason in reasons)


def _by_hour(stretches: list[Document]) -> Iterator[str]:
    if len(stretches) < 2:
        return
    yield ""
    rows = [
        (
            moment(each["from"]),
            f"{each['count']:,}",
            *(number(each[name].get("averageReward")) for name in _POLICIES),
            ", ".join(each.get("learningModes") or ()),
        )
        for each in stretches
    ]
    yield from table([("from", "events", *_POLICIES.values(), "mode"), *rows])


def _apprentice(apprentice: Document | None) -> Iterator[str]:
    if not apprentice:
        return
    yield ""
    heading = ("as an apprentice", "events", "matched", "95 % interval", "at most")
    rows = [
        (
            label,
            f"{likeness['numberOfEvents']:,}",
            percent(likeness.get("matchRate")),
            between(likeness.get("matchRateInterval")),
            percent(likeness.get("matchRateCeiling")),
        )
        for label, likeness in (("of late", apprentice["last"]), ("in all", apprentice["total"]))
    ]
    yield from table([heading, *rows])
