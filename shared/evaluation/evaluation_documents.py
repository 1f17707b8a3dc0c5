"""Stored JSON of evaluations whose parts `json_documents` cannot read and write alone: results with sums, and scores.

Sums are stored as numbers of 8 bytes each, in base64: a result may have ten thousand bins, each with two dozen sums,
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

from shared.evaluation.outcome import FeatureScore, Outcome
from shared.evaluation.packed_sums import PackedBins
from shared.evaluation.tasks import Bins, TaskResult
from shared.metrics.estimators.sums import Sums
from shared.storage import json_documents
from shared.storage.json_documents import UnreadableDocument

_WHOLE = frozenset(name for name, kind in get_type_hints(Sums).items() if kind is int)


def result_to_json(result: TaskResult) -> bytes:
    """Write the result of a task as JSON text."""
    bins = {
        policy: {slot: _pack(slot_bins) for slot, slot_bins in slots.items()} for policy, slots in result.bins.items()
    }
    return orjson.dumps(_fields(replace(result, bins={})) | {"bins": bins, "fields": Sums._fields})


def read_result(text: bytes) -> TaskResult:
    """Read the result of a task.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    with _unreadable("result"):
        fields = orjson.loads(text)
        bins = {
            policy: {slot: _unpack(packed, fields["fields"]) for slot, packed in slots.items()}
            for policy, slots in fields["bins"].items()
        }
        bare = json_documents.read(TaskResult, orjson.dumps(fields | {"bins": {}}))
    return replace(bare, bins=bins)


def outcome_to_json(outcome: Outcome) -> bytes:
    """Write the outcome of an evaluation as JSON text."""
    policies = tuple(replace(policy, bins={}) for policy in outcome.policies)
    candidates = tuple(replace(candidate, sums=Sums()) for candidate in outcome.candidates)
    fields = _fields(replace(outcome, policies=policies, candidates=candidates))
    for policy_fields, policy in zip(fields["policies"], outcome.policies, strict=True):
        policy_fields["bins"] = _pack(policy.bins)
    for candidate_fields, candidate in zip(fields["candidates"], outcome.candidates, strict=True):
        candidate_fields["sums"] = _pack({0: candidate.sums})
    return orjson.dumps(fields | {"fields": Sums._fields})


def read_outcome(text: bytes) -> Outcome:
    """Read the outcome of an evaluation.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    with _unreadable("outcome"):
        fields = orjson.loads(text)
        names = fields["fields"]
        bins = [_unpack(policy.pop("bins"), names) for policy in fields["policies"]]
        sums = [_unpack(candidate.pop("sums"), names)[0] for candidate in fields["candidates"]]
        policies = [policy | {"bins": {}} for policy in fields["policies"]]
        candidates = [candidate | {"sums": []} for candidate in fields["candidates"]]
        bare = json_documents.read(Outcome, orjson.dumps(fields | {"policies": policies, "candidates": candidates}))
    return replace(
        bare,
        policies=tuple(
            replace(policy, bins=policy_bins) for policy, policy_bins in zip(bare.policies, bins, strict=True)
        ),
        candidates=tuple(
            replace(candidate, sums=candidate_sums)
            for candidate, candidate_sums in zip(bare.candidates, sums, strict=True)
        ),
    )


def scores_to_json(scores: Sequence[FeatureScore]) -> bytes:
    """Write the scores of features as JSON text."""
    return _scores().dump_json(tuple(scores))


def read_scores(text: bytes) -> tuple[FeatureScore, ...]:
    """Read the scores of features.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    with _unreadable("scores"):
        return _scores().validate_json(text)


def _fields(document: object) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(json_documents.to_json(document))
    return fields


def _pack(bins: Bins) -> dict[str, Any]:
    starts = sorted(bins)
    form = _form(Sums._fields)
    packed = b"".join(form.pack(*bins[start]) for start in starts)
    return {"from": starts, "sums": base64.b64encode(packed).decode()}


def _unpack(packed: Mapping[str, Any], names: Sequence[str]) -> Bins:
    """Invert `_pack`, for sums with these names; other sums are dropped, missing sums are as without events."""
    starts, sums = packed["from"], base64.b64decode(packed["sums"])
    if tuple(names) == Sums._fields:
        return PackedBins(starts, sums)
    places = [(place, name) for place, name in enumerate(names) if name in Sums._fields]
    rows = _form(tuple(names)).iter_unpack(sums)
    return dict(zip(starts, (Sums(**{name: row[place] for place, name in places}) for row in rows), strict=True))


@cache
def _form(names: tuple[str, ...]) -> struct.Struct:
    return struct.Struct("<" + "".join("q" if name in _WHOLE else "d" for name in names))


@contextmanager
def _unreadable(kind: str) -> Iterator[None]:
    """Raise `UnreadableDocument` in place of what a damaged text makes readers raise."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
        raise UnreadableDocument(kind, str(error)) from error


@cache
def _scores() -> TypeAdapter[tuple[FeatureScore, ...]]:
    return TypeAdapter(tuple[FeatureScore, ...])
