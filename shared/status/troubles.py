"""What trouble of the trainer means for an owner, and what to do about it."""

from collections.abc import Mapping

from shared.training.trouble import Subject, Trouble
from shared.words import pluralize

_MEANING: Mapping[str, tuple[str, str]] = {
    Subject.JOIN: (
        "Rows do not become log",
        "Look at the log of the functions. Rows stay in the intake, and are joined once it goes on.",
    ),
    Subject.RUNNING: (
        "Training does not go on",
        "Rank keeps answering from the model in use. If a model was lost, another one learns from the log and takes "
        "its place. Else, if this stays, change the learning settings, or reset the model.",
    ),
    Subject.NEXT: (
        "The model for changed settings does not learn",
        "The model in use goes on. If this stays, change the learning settings, or take the change back.",
    ),
    Subject.CHALLENGER: (
        "The challenger on trial does not learn",
        "The model in use goes on. If this stays, the trial ends with the next search that names another challenger.",
    ),
    Subject.PUBLICATION: (
        "Models are not published",
        "Rank keeps answering from the model in use. Mend what the reason tells; the next model then comes by itself.",
    ),
    Subject.EXPORT: (
        "The export under exports/default/current is not up to date",
        "The loop itself goes on. Mend what the reason tells; the export then follows by itself.",
    ),
    Subject.LOG: (
        "Log is passed over",
        "Put the blob back from a copy. Models that learn anew then learn it, too; the model in use does not.",
    ),
    Subject.MANIFESTS: (
        "The manifests of earlier log are not made",
        "The loop goes on, and lists that log day by day; they are made once it can.",
    ),
    Subject.PROFILE: ("The features are not looked at", "The loop goes on, without warnings about features."),
    Subject.TABLES: ("Intake tables are not dropped", "The loop goes on; they are dropped once it can."),
    Subject.METRICS: ("Metrics of days that are over are not stored", "The loop goes on; they are stored once it can."),
    Subject.RECOUNT: (
        "Metrics are not counted anew after a quarantine or a relabel",
        "The loop goes on, and metrics say what they still hold; they are counted once it can.",
    ),
    Subject.COMPARISON: (
        "How many decisions change with a quarantine or a relabel is not counted",
        "The loop goes on, and takes the new model without that.",
    ),
    Subject.MODEL_REWARDS: ("What earlier models earned is not stored", "The loop goes on; it is stored once it can."),
    Subject.LAST_DAY: (
        "The metrics of the last day are not up to date",
        "The loop goes on; they follow by the log once it can.",
    ),
    Subject.MARKS: ("Marks of the log are not merged or deleted", "The loop goes on; they are merged once it can."),
    Subject.REWARDS: ("Rewards that wait are not merged or deleted", "The loop goes on; they are merged once it can."),
    Subject.RETENTION: ("Old log and models are not deleted", "The loop goes on; they are deleted once it can."),
    Subject.EVALUATIONS: (
        "Evaluations that take too long are not ended",
        "Delete the evaluation that the reason names, or put an earlier version of its blob in its place.",
    ),
    Subject.OPTIMIZATION: (
        "Automatic optimization does not go on",
        "The loop goes on with its learning settings. Mend what the reason tells.",
    ),
}


def describe(subject: str, trouble: Trouble) -> str:
    """Describe trouble in one sentence, with what to do in the next ones."""
    return f"{message(subject, trouble)} {what_to_do(subject)}"


def message(subject: str, trouble: Trouble) -> str:
    """Say what does not go on, and why."""
    meaning = _MEANING.get(subject, ("Something does not go on", ""))[0]
    return f"{meaning}: {trouble.reason} (tried {pluralize(trouble.tries, 'time', 'times')})."


def what_to_do(subject: str) -> str:
    """Say what an owner can do."""
    return _MEANING.get(subject, ("", "Look at the log of the functions."))[1]
