"""Passes over a log once, before anything learns from it, to see what it holds."""

from collections.abc import Iterable

import orjson

from shared.evaluation.replay.evaluated_events import EvaluatedEvent, read, trim
from shared.imports.files.reading import Reading
from shared.imports.files.source import Source
from shared.imports.gaps import list_gaps
from shared.imports.import_outcome import Gathered
from shared.imports.survey import Survey
from shared.log.line_keys import FEATURES, OBSERVATIONS, ORIGINAL_LABEL_COST, VALUE

_STEP = 1000


def examine(source: Source, reading: Reading) -> Gathered:
    """Tell what a log holds, and what it cannot teach.

    Raises:
        UnusableLog: The log turned out to be damaged.
    """
    surveyed = survey(source.log, reading)
    gaps = tuple(list_gaps(surveyed))
    return Gathered(surveyed.events, gaps, source.remarks, has_replicates=source.replicates is not None)


def survey(log: Iterable[bytes], reading: Reading) -> Survey:
    """Survey the usable events of a log, with one choice each.

    Raises:
        UnusableLog: The log turned out to be damaged.
    """
    result = Survey()
    reading.say("Looking through the log ...")
    for number, line in enumerate(log):
        if number % _STEP == 0:
            reading.check()
        text = trim(line)
        event = read(text, "cb") if text else None
        if isinstance(event, EvaluatedEvent):
            fields = orjson.loads(text)
            cost = fields.get(ORIGINAL_LABEL_COST)
            earned = 0.0 - cost if isinstance(cost, int | float) else event.choices[0].reward
            result.add(event, fields[FEATURES], has_reward=_has_reward(fields.get(OBSERVATIONS)), earned=earned)
    return result


def _has_reward(observations: object) -> bool:
    entries = observations if isinstance(observations, list) else []
    return any(isinstance(entry, dict) and entry.get(VALUE) is not None for entry in entries)
