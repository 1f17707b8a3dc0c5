"""The stages of a loop, in lines: which are in order, when each last happened, and how often."""

from collections.abc import Iterator

from localhost.report.layout import Document, moment, paragraph


def stage_lines(status: Document) -> Iterator[str]:
    """Give a line for each stage; its reason if it is not in order, and what to do if no warning tells that."""
    messages = {warning.get("message") for warning in status.get("warnings") or []}
    for stage in status.get("stages") or []:
        text = ", ".join([str(stage.get("state")), *_times(stage)])
        because = str(stage.get("because", ""))
        if stage.get("state") != "good":
            text += f". {because}"
            if because not in messages and stage.get("whatToDo"):
                text += f" {stage['whatToDo']}"
        yield from paragraph(str(stage.get("stage", "")).capitalize(), text)


def _times(stage: Document) -> Iterator[str]:
    if stage.get("lastAt"):
        yield f"last at {moment(stage['lastAt'])}"
    if rate := stage.get("rate"):
        first, last = moment(rate["from"])[:16], moment(rate["to"])[:16]
        if first[:10] == last[:10]:
            first, last = first[11:], last[11:]
        yield f"{rate['count']:,} from {first} to {last}"
