"""Lets checkov look at the templates of a folder; in a process of its own, for it changes logging when it is imported.

python -m tests.infra.checkov_run FOLDER
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from checkov.arm.runner import Runner
from checkov.common.output.record import Record
from checkov.runner_filter import RunnerFilter


def main(folder: Path) -> None:
    """Print, as JSON, the checks that passed and those that failed, and the files that could not be read.

    Each check is a list of the file's name, the check's name and the type of the resource.
    """
    report = Runner().run(root_folder=str(folder), runner_filter=RunnerFilter(framework=["arm"]))
    checks = {"passed": _rows(report.passed_checks), "failed": _rows(report.failed_checks)}
    json.dump({**checks, "unread": report.parsing_errors}, sys.stdout)


def _rows(records: Iterable[Record]) -> list[tuple[str, str, str]]:
    return [(Path(each.file_path).stem, each.check_id, each.resource.rpartition(".")[0]) for each in records]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
