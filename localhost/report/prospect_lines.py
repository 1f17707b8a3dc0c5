"""What would be shown now for an event, and why, in lines."""

from collections.abc import Iterator

from localhost.report.layout import Document, number, paragraph, percent, rest, table

_MOST_PARTS = 10
_OF_PROSPECT = ("id", "model", "exploration", "actions", "why", "because", "slots")


def prospect_lines(now: Document) -> Iterator[str]:
    """Give the lines: each action's chance by the model in use, and what speaks for the likeliest action."""
    chances = now.get("chances")
    if not chances:
        yield from paragraph("Now", now["because"]) if now.get("because") else ()
        return
    yield from paragraph(
        "Now", f"by model {chances['model']}, with an exploration of {percent(chances['exploration'])}:"
    )
    for prospect in chances.get("slots") or [chances]:
        yield from _prospect(prospect)


def _prospect(prospect: Document) -> Iterator[str]:
    heading = f"action in slot {prospect['id']}" if "id" in prospect else "action"
    rows = [(each["id"], percent(each["probability"]), number(each.get("score"))) for each in prospect["actions"]]
    yield from table([(heading, "chance", "expected reward"), *rows])
    if why := prospect.get("why"):
        yield from _why(why)
    if prospect.get("because"):
        yield from paragraph("", prospect["because"])
    yield from rest(prospect, _OF_PROSPECT)


def _why(why: Document) -> Iterator[str]:
    against = f" against {why['other']}" if why.get("other") else ""
    yield from paragraph("Why", f"{why['action']}{against}: {number(why['difference'], '+')}, most of it from")
    parts = why["parts"][:_MOST_PARTS]
    yield from table([("part", "difference"), *((part["name"], number(part["difference"], "+")) for part in parts)])
