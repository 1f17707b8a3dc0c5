"""The JSON form of what is kept of evaluations.

Sums stand in it as numbers of 8 bytes each, in base64: a result may have ten thousand bins, each with two dozen sums,
and is to be read within milliseconds.
"""

import base64
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any, get_type_hints

import orjson
from pydantic import TypeAdapter

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.outcome import FeatureScore, Outcome
from shared.evaluation.packed_sums import PackedBins
from shared.evaluation.tasks import Bins, Task, TaskResult
from shared.metrics.estimators.sums import Sums
from shared.storage.json_documents import UnreadableDocument

_WHOLE = frozenset(name for name, kind in get_type_hints(Sums).items() if kind is int)
_Scores = tuple[FeatureScore, ...]


def evaluation_to_json(evaluation: Evaluation) -> bytes:
    """An evaluation as JSON text."""
    return orjson.dumps(_adapter(Evaluation).dump_python(evaluation, mode="json"))


def read_evaluation(text: bytes) -> Evaluation:
    """Read an evaluation.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    with _told("evaluation"):
        evaluation: Evaluation = _adapter(Evaluation).validate_python(orjson.loads(text))
    return evaluation


def task_to_json(task: Task) -> bytes:
    """A task as JSON text."""
    return orjson.dumps(_adapter(Task).dump_python(task, mode="json"))


def read_task(text: bytes) -> Task:
    """Read a task.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    with _told("task"):
        task: Task = _adapter(Task).validate_python(orjson.loads(text))
    return task


def result_to_json(result: TaskResult) -> bytes:
    """A task's result as JSON text."""
    told = _adapter(TaskResult).dump_python(replace(result, bins={}), mode="json")
    bins = {policy: {slot: _packed(one) for slot, one in slots.items()} for policy, slots in result.bins.items()}
    return orjson.dumps(told | {"bins": bins, "fields": Sums._fields})


def read_result(text: bytes) -> TaskResult:
    """Read a task's result.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    with _told("result"):
        told = orjson.loads(text)
        result: TaskResult = _adapter(TaskResult).validate_python({**told, "bins": {}})
        bins = {
            policy: {slot: _unpacked(one, told["fields"]) for slot, one in slots.items()}
            for policy, slots in told["bins"].items()
        }
    return replace(result, bins=bins)


def outcome_to_json(outcome: Outcome) -> bytes:
    """What an evaluation found as JSON text."""
    policies = tuple(replace(policy, bins={}) for policy in outcome.policies)
    candidates = tuple(replace(candidate, sums=Sums()) for candidate in outcome.candidates)
    bare = replace(outcome, policies=policies, candidates=candidates)
    told = _adapter(Outcome).dump_python(bare, mode="json")
    for one, policy in zip(told["policies"], outcome.policies, strict=True):
        one["bins"] = _packed(policy.bins)
    for one, candidate in zip(told["candidates"], outcome.candidates, strict=True):
        one["sums"] = _packed({0: candidate.sums})
    return orjson.dumps(told | {"fields": Sums._fields})


def read_outcome(text: bytes) -> Outcome:
    """Read what an evaluation found.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    with _told("outcome"):
        told = orjson.loads(text)
        bare: Outcome = _adapter(Outcome).validate_python(_without_sums(told))
        policies = tuple(
            replace(policy, bins=_unpacked(one["bins"], told["fields"]))
            for policy, one in zip(bare.policies, told["policies"], strict=True)
        )
        candidates = tuple(
            replace(candidate, sums=_unpacked(one["sums"], told["fields"])[0])
            for candidate, one in zip(bare.candidates, told["candidates"], strict=True)
        )
    return replace(bare, policies=policies, candidates=candidates)


def scores_to_json(scores: Sequence[FeatureScore]) -> bytes:
    """What features are worth as JSON text."""
    return orjson.dumps(_adapter(_Scores).dump_python(tuple(scores), mode="json"))


def read_scores(text: bytes) -> tuple[FeatureScore, ...]:
    """Read what features are worth.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    with _told("scores"):
        scores: tuple[FeatureScore, ...] = _adapter(_Scores).validate_python(orjson.loads(text))
    return scores


def _without_sums(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **told,
        "policies": [{**one, "bins": {}} for one in told["policies"]],
        "candidates": [{**one, "sums": []} for one in told["candidates"]],
    }


def _packed(bins: Bins) -> dict[str, Any]:
    starts = sorted(bins)
    form = _form(Sums._fields)
    packed = b"".join(form.pack(*bins[start]) for start in starts)
    return {"from": starts, "sums": base64.b64encode(packed).decode()}


def _unpacked(told: Mapping[str, Any], fields: Sequence[str]) -> Bins:
    """The inverse of `_packed`, for sums with these fields: other fields than today's are left out or at rest."""
    if tuple(fields) == Sums._fields:
        return PackedBins(told["from"], base64.b64decode(told["sums"]))
    found = _form(tuple(fields)).iter_unpack(base64.b64decode(told["sums"]))
    known = [(place, name) for place, name in enumerate(fields) if name in Sums._fields]
    sums = [Sums(**{name: one[place] for place, name in known}) for one in found]
    return dict(zip(told["from"], sums, strict=True))


@cache
def _form(fields: tuple[str, ...]) -> struct.Struct:
    return struct.Struct("<" + "".join("q" if name in _WHOLE else "d" for name in fields))


@contextmanager
def _told(kind: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, LookupError, TypeError, struct.error) as error:
        raise UnreadableDocument(kind, str(error)) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
