"""`python -m localhost.learn`: what it takes, what it prints, and how it ends."""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from localhost.evaluate.policies import demand_fit, policies
from localhost.failures import CommandFailure
from localhost.interruption import INTERRUPTED, Interruption, interruptible
from localhost.learn import columns_file, delivery, files
from localhost.learn.delivery import Before
from localhost.report.loop import Loop
from localhost.setup.help_texts import LEARN
from localhost.setup.learn_options import add_learn_options
from localhost.setup.places import PLACES
from localhost.setup.programs import CannotSetUp
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.evaluation.evaluation import Policy
from shared.imports.files.log_file import LogFile
from shared.imports.files.source import gather
from shared.imports.files.unusable_log import UnusableLog
from shared.imports.import_outcome import ImportOutcome
from shared.imports.verdict import NEW_LOOP

FAILED, REFUSED = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Learn from a log and give the exit code."""
    parser = argparse.ArgumentParser(prog=f"{PLACES.program} learn", description=LEARN)
    add_learn_options(parser)
    chosen = parser.parse_args(arguments)
    try:
        with interruptible() as interruption, tempfile.TemporaryDirectory(prefix="rankloop-learn-") as folder:
            return _learn(chosen, Path(folder), interruption)
    except UnusableLog as problem:
        print(f"\n{CommandFailure(problem.reason, problem.next_step)}", file=sys.stderr)
        return REFUSED
    except (CommandFailure, CannotSetUp) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nLearning was interrupted; nothing of it is left running.", file=sys.stderr)
        return INTERRUPTED


def _learn(chosen: argparse.Namespace, folder: Path, interruption: Interruption) -> int:
    custom = policies(chosen.policy)
    demand_fit(custom, "cb")
    _demand_other_names(custom)
    loop = Loop.at(chosen.to, (chosen.data or PLACES.data).resolve()) if chosen.to else None
    before = Before.read(loop) if loop else None
    if loop and before:
        delivery.demand_terminal(loop, before, is_given=chosen.yes)
    else:
        files.demand_free(chosen.output, may_replace=chosen.yes)
    from localhost.learn.course import learn, make_reading
    from shared.learner.subprocess_jobs import TrainingFailed

    describe, logs = partial(columns_file.read, chosen.columns), [LogFile(path) for path in chosen.log]
    reading = make_reading(sys.stderr, interruption)
    source = gather(logs, describe, folder, reading, has_columns=chosen.columns is not None)
    try:
        runs = folder / "runs"
        runs.mkdir()
        learned = learn(source, custom, runs, sys.stderr, interruption)
        _print(learned.outcome, as_json=chosen.json)
        settings = learned.outcome.chosen
        if loop and before:
            delivery.demand_consent(loop, before, settings, is_given=chosen.yes)
            delivery.deliver(loop, before, settings, learned.files.state)
            _say(delivery.describe_delivery(loop, before, settings), chosen)
        else:
            files.write(chosen.output, learned)
            _say(files.describe_files(chosen.output), chosen)
    except (TrainingFailed, BrokenProcessPool, OSError) as problem:
        print(f"\nLearning failed on the way: {problem}", file=sys.stderr)
        return FAILED
    return 0


def _print(outcome: ImportOutcome, *, as_json: bool) -> None:
    if as_json:
        from shared.imports.forms.outcome_report import OutcomeReport

        print(OutcomeReport.of(outcome).model_dump_json(by_alias=True, indent=2))
    else:
        from localhost.learn.table import table

        print(table(outcome))
    sys.stdout.flush()


def _demand_other_names(custom: Sequence[Policy]) -> None:
    if any(policy.name == NEW_LOOP and policy.arguments != INITIAL_ARGUMENTS for policy in custom):
        raise CommandFailure(
            f"The name {NEW_LOOP} is taken: those settings are always compared.", "Give the policy another name."
        )


def _say(lines: Iterable[str], chosen: argparse.Namespace) -> None:
    """What was done goes below the tables; beside a JSON object, to standard error."""
    print("", *lines, sep="\n", file=sys.stderr if chosen.json else sys.stdout)
