"""The status of a loop, in lines."""

from collections.abc import Iterator, Sequence

from localhost.report.layout import Document, cell, duration, in_words, moment, paragraph, percent, rest
from localhost.report.stage_lines import stage_lines
from localhost.report.verdict_lines import verdict_lines

_SHOWN = (
    *("loop", "caller", "learning", "because", "stages", "verdict", "nextModel", "retraining", "optimization"),
    *("model", "instance", "events", "lastRun", "joinedUpTo", "lagSeconds", "trainer"),
    *("quarantines", "remedies", "warnings"),
)


def status_lines(status: Document) -> Iterator[str]:
    """Give the lines: which loop, whether it learns and why, what that is worth, the next model, what to look at."""
    if "loop" in status:
        yield from paragraph("Loop", f"{status['loop']}{_caller(status.get('caller') or {})}")
    yield from paragraph("Learning", f"{'yes' if status.get('learning') else 'no'}. {status.get('because', '')}")
    yield from stage_lines(status)
    yield from verdict_lines(status.get("verdict"))
    yield from _remedies(status.get("remedies"), 2)
    yield from _next_model(status.get("nextModel") or {})
    for label in ("retraining", "optimization"):
        if text := status.get(label):
            yield from paragraph(label.capitalize(), text)
    yield from _model(status.get("model"), status.get("instance") or {})
    yield from _events(status)
    yield from _trainer(status.get("trainer"))
    yield from _quarantines(status.get("quarantines"))
    yield from rest(status, _SHOWN)
    yield from _warnings(status)


def _caller(caller: Document) -> str:
    return f", as {caller['name']} with the role {caller['role']}" if {"name", "role"} <= caller.keys() else ""


def _next_model(next_model: Document) -> Iterator[str]:
    at = f"{moment(next_model['dueAt'])}. " if next_model.get("dueAt") else ""
    yield from paragraph("Next model", f"{at}{next_model.get('because', '')}")


def _model(model: Document | None, instance: Document) -> Iterator[str]:
    if model is None:
        yield from paragraph("Model", "none yet: all actions have the same chance.")
        return
    learned = f"published at {moment(model.get('publishedAt'))}, learned {model.get('learnedEvents', 0):,} events"
    yield from paragraph("Model", f"{model.get('id')}, {learned}. {model.get('arguments', '')}")
    if instance.get("modelId") != model.get("id"):
        yield from paragraph("", f"The instance that answered still ranks with {instance.get('modelId') or 'none'}.")


def _events(status: Document) -> Iterator[str]:
    counts = {name: count for name, count in (status.get("events") or {}).items() if count and count is not True}
    text = ", ".join(f"{count:,} {in_words(name)}" for name, count in counts.items()) or "none yet"
    joined = f"; joined up to {moment(status['joinedUpTo'])}" if status.get("joinedUpTo") else ""
    yield from paragraph("Events", f"{text}{joined}.")


def _trainer(trainer: Document | None) -> Iterator[str]:
    """Give the line of the trainer; none where an earlier version answers, which tells nothing of it."""
    if trainer is None:
        return
    seconds, first = trainer.get("nextRunInSeconds"), trainer.get("firstRun")
    following = "not known" if seconds is None else f"in {duration(seconds)}"
    package = f" under package {first['package']}" if first and first.get("package") else ""
    ran = f"first run{package} at {moment(first.get('startedAt'))}" if first else "no run yet"
    yield from paragraph("Trainer", f"next run {following}, by its schedule {trainer.get('schedule')}; {ran}.")


def _quarantines(counts: Document | None) -> Iterator[str]:
    """Give the line of quarantines and relabels, with whether models and metrics follow the last change of them."""
    if counts is None:
        return
    active, relabels = counts.get("active", 0), counts.get("activeRelabels", 0)
    corrected = f"{active:,}, and {relabels:,} relabel{'s' * (relabels != 1)}" if active or relabels else "none"
    waiting = [name for name in ("learned", "counted") if not counts.get(name)]
    behind = f"; the last change is not {' and not '.join(waiting)} yet" if waiting else ""
    yield from paragraph("Quarantines", f"{corrected}{behind}.{_comparison(counts.get('decisions'))}")


def _comparison(decisions: Document | None) -> str:
    if decisions is None or decisions.get("share") is None:
        return ""
    low, high = decisions["interval"]
    changed = f"{decisions['changed']:,} of {decisions['events']:,} decisions changed"
    return f" With the model of {moment(decisions.get('at'))}, {changed} ({percent(low)} … {percent(high)})."


def _warnings(status: Document) -> Iterator[str]:
    warnings = status.get("warnings") or []
    yield from paragraph("Warnings", "" if warnings else "none")
    for warning in warnings:
        yield from paragraph(f"{warning.get('code')}:", str(warning.get("message", "")), 2)
        yield from paragraph("To do:", str(warning.get("whatToDo", "")), 4)
        yield from _remedies(warning.get("remedies"), 4)


def _remedies(remedies: Sequence[Document] | None, indent: int) -> Iterator[str]:
    """Give the line of each step that may mend something: what is set, and what it costs."""
    for remedy in remedies or []:
        name, value = remedy.get("setting"), remedy.get("value")
        put = f" ({name}{'' if value is None else f' {cell(value)}'})" if name else ""
        yield from paragraph("Remedy:", f"{remedy.get('text', '')}{put}. {remedy.get('cost', '')}", indent)
