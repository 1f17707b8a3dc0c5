"""Imports over HTTP: what is asked for, and what is told of one."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import StringConstraints

from shared.configuration import container_sas
from shared.configuration.forms.learning_settings import PolicyContract
from shared.evaluation.evaluation import Evaluation, ImportSource, Policy, Purpose
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.evaluation.forms.evaluation_requests import MOST_POLICIES, custom
from shared.evaluation.forms.report_forms import ProgressReport
from shared.evaluation.tasks import Progress
from shared.evaluation.whole_log import whole_log
from shared.imports.columns import InvalidColumns, read_columns
from shared.imports.forms.columns_forms import ColumnsContract
from shared.imports.forms.outcome_report import OutcomeReport
from shared.imports.import_outcome import ImportOutcome
from shared.imports.verdict import NEW_LOOP, add_new_loop
from shared.web.errors import DuplicateCustomPolicyNames, InvalidImport, InvalidRequest
from shared.web.json_bodies import MAX_ID, read_new_id
from shared.web.json_forms import Moment, Wire, at_most

_LONGEST_NAME = 1024
"""Of a blob."""


class ImportRequest(Wire):
    """The files of an old log, and what else is to be compared."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidImport

    id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)] | None = None
    container: Annotated[str, StringConstraints(max_length=container_sas.MAX_LENGTH)]
    prefix: Annotated[str, StringConstraints(max_length=_LONGEST_NAME)] = ""
    columns: ColumnsContract | None = None
    policies: Annotated[list[PolicyContract], at_most(MOST_POLICIES)] | None = None

    def spec(self, new_id: str) -> EvaluationSpec:
        """Make the specification of the import.

        Args:
            new_id: For an import whose caller has named none.

        Raises:
            InvalidImport: The container, or what columns hold, makes no sense.
            DuplicateCustomPolicyNames: Two policies have one name, or one has a name that each import uses.
        """
        of_id = new_id if self.id is None else read_new_id(self.id, "id", InvalidImport)
        if (problem := container_sas.reading_problem(self.container)) is not None:
            raise InvalidImport(problem, "container")
        log = whole_log()
        return EvaluationSpec(
            of_id,
            of_id,
            log.from_us,
            log.to_us,
            Purpose.IMPORT,
            add_new_loop(self._custom()),
            optimise=True,
            source=ImportSource(self.container, self.prefix, self._columns()),
        )

    def _custom(self) -> tuple[Policy, ...]:
        for position, policy in enumerate(self.policies or []):
            if policy.name == NEW_LOOP:
                raise DuplicateCustomPolicyNames(
                    "Those settings are compared in every import.", f"policies[{position}].name"
                )
        return custom(self.policies or [])

    def _columns(self) -> str:
        if self.columns is None:
            return ""
        text = self.columns.model_dump_json(by_alias=True, exclude_none=True)
        try:
            read_columns(json.loads(text))
        except InvalidColumns as problem:
            raise InvalidImport(f"{problem}.", "columns") from None
        return text


class ImportApplication(Wire):
    """Whether the settings and the model of an import are wanted in the place of a model that is in use."""

    confirm: bool = False


class ImportEntry(Wire):
    """An import, as it stands in the list."""

    id: str
    status: str
    because: str | None
    container: str
    prefix: str
    creation_time: Moment
    ended_time: Moment | None

    @classmethod
    def of(cls, imported: Evaluation, **more: Any) -> Self:
        """Describe an import; its address without what permits to read there.

        Args:
            more: The fields that a subclass adds.
        """
        source = imported.source.without_secret if imported.source else ImportSource("")
        return cls(
            id=imported.id,
            status=imported.status.value,
            because=imported.reason,
            container=source.container,
            prefix=source.prefix,
            creation_time=imported.created_us,
            ended_time=imported.ended_us,
            **more,
        )


class ImportReport(ImportEntry):
    """An import, and what was learned."""

    progress: ProgressReport | None
    restarts: int
    restarted_time: Moment | None
    learned: OutcomeReport | None


class ImportList(Wire):
    """A page of the list of imports, the newest first."""

    value: list[ImportEntry]
    next_link: str | None


def answer(imported: Evaluation, outcome: ImportOutcome | None, progress: Progress | None) -> bytes:
    """Write what is told of an import.

    Args:
        outcome: None before its end, and if it failed.
        progress: None once it has ended.
    """
    report = ImportReport.of(
        imported,
        progress=ProgressReport.model_validate(progress, from_attributes=True) if progress else None,
        restarts=imported.restarts,
        restarted_time=imported.restarted_us,
        learned=OutcomeReport.of(outcome) if outcome else None,
    )
    return report.to_json()


def list_answer(page: Sequence[Evaluation], next_link: str | None) -> bytes:
    """Write a page of the list."""
    return ImportList(value=[ImportEntry.of(imported) for imported in page], next_link=next_link).to_json()
