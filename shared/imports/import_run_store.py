"""What the tasks of an import write: the log that was made of its files, and what was learned from it.

The log is there as long as the import is in work: what the files hold is then kept nowhere else.
"""

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.evaluation.evaluation import Evaluation
from shared.evaluation.evaluation_store import run_folder
from shared.imports.import_outcome import Course, Gathered, ImportOutcome
from shared.storage import json_documents
from shared.storage.this_storage import blobs


def keep_log(imported: Evaluation, files: Sequence[Path], replicates: Path | None) -> str:
    """Write the files of a log; gives the name of their folder, which no other call has."""
    folder = f"log-{uuid.uuid4().hex}"
    for number, file in enumerate(files):
        blobs().upload_file(_log_file(imported, folder, number), file)
    if replicates is not None:
        blobs().upload_file(_replicates(imported, folder), replicates)
    return folder


def read_log(imported: Evaluation, gathered: Gathered) -> Iterator[bytes | None]:
    """Read the files of the log, gzip as stored; None for a file that was deleted meanwhile."""
    for number in range(gathered.files):
        stored = blobs().read(_log_file(imported, gathered.folder, number))
        yield stored.data if stored else None


def read_replicates(imported: Evaluation, gathered: Gathered) -> bytes | None:
    """Read the file of chances; None if it was deleted meanwhile."""
    stored = blobs().read(_replicates(imported, gathered.folder))
    return stored.data if stored else None


def keep_gathered(imported: Evaluation, gathered: Gathered) -> None:
    """Write what was gathered, unless another worker has written it, which then counts."""
    blobs().create(run_folder(imported) + "gathered.json", json_documents.to_json(gathered))


def read_gathered(imported: Evaluation) -> Gathered | None:
    """Read what was gathered; None before it was, and after the import has ended."""
    stored = blobs().read(run_folder(imported) + "gathered.json")
    return json_documents.read(Gathered, stored.data) if stored else None


def keep_course(imported: Evaluation, course: Course) -> None:
    """Write how the chosen settings learn, unless another worker has written it: all write the same."""
    blobs().create(run_folder(imported) + "course.json", json_documents.to_json(course))


def read_course(imported: Evaluation) -> Course | None:
    """Read how the chosen settings learn; None before they have, and after the import has ended."""
    stored = blobs().read(run_folder(imported) + "course.json")
    return json_documents.read(Course, stored.data) if stored else None


def keep_outcome(imported: Evaluation, outcome: ImportOutcome) -> None:
    """Write what was learned."""
    blobs().write(run_folder(imported) + "learned.json", json_documents.to_json(outcome))


def read_outcome(imported: Evaluation) -> ImportOutcome | None:
    """Read what was learned; None before the end."""
    stored = blobs().read(run_folder(imported) + "learned.json")
    return json_documents.read(ImportOutcome, stored.data) if stored else None


def _log_file(imported: Evaluation, folder: str, number: int) -> str:
    return f"{run_folder(imported)}{folder}/{number:05}.dsjson.gz"


def _replicates(imported: Evaluation, folder: str) -> str:
    return f"{run_folder(imported)}{folder}/replicates"
