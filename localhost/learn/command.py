"""`python -m localhost.learn`: what it takes, what it prints, and how it ends."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from localhost.environment import ROOT
from localhost.evaluate.policies import demand_fit, policies
from localhost.failures import CommandFailure
from localhost.interruption import INTERRUPTED, Interruption, interruptible
from localhost.learn import delivery, files
from localhost.learn.delivery import Before
from localhost.learn.sources import gather
from localhost.report.loop import Loop
from localhost.setup.help_texts import LEARN
from localhost.setup.learn_options import add_learn_options
from localhost.setup.programs import CannotSetUp
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.evaluation.evaluation import Policy
from shared.imports.verdict import NEW_LOOP

FAILED, REFUSED = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Learn from a log and give the exit code."""
    parser = argparse.ArgumentParser(prog="python3 dev.py learn", description=LEARN)
    add_learn_options(parser)
    chosen = parser.parse_args(arguments)
    try:
        with interruptible() as interruption, tempfile.TemporaryDirectory(prefix="rankloop-learn-") as folder:
            return _learn(chosen, Path(folder), interruption)
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
    loop = Loop.at(chosen.to, (chosen.data or ROOT / ".local").resolve()) if chosen.to else None
    before = Before.read(loop) if loop else None
    if loop and before:
        delivery.demand_terminal(loop, before, is_given=chosen.yes)
    else:
        files.demand_free(chosen.output, may_replace=chosen.yes)
    source = gather(chosen.log, chosen.columns, folder, sys.stderr, interruption)
    from localhost.learn.course import Course
    from shared.learner.subprocess_jobs import TrainingFailed

    course = Course(source, custom, sys.stderr, interruption)
    try:
        with course.run() as (results, learned):
            if chosen.json:
                from localhost.learn.answer import document

                print(json.dumps(document(results), indent=2, allow_nan=False))
            else:
                from localhost.learn.table import table

                print(table(results))
            sys.stdout.flush()
            if loop and before:
                delivery.demand_consent(loop, before, results.chosen, is_given=chosen.yes)
                delivery.deliver(loop, before, results.chosen, learned.state)
                _say(delivery.describe_delivery(loop, before, results.chosen), chosen)
            else:
                files.write(chosen.output, results.chosen, learned)
                _say(files.describe_files(chosen.output), chosen)
    except (TrainingFailed, BrokenProcessPool, OSError) as problem:
        print(f"\nLearning failed on the way: {problem}", file=sys.stderr)
        return FAILED
    return 0


def _demand_other_names(custom: Sequence[Policy]) -> None:
    if any(policy.name == NEW_LOOP and policy.arguments != INITIAL_ARGUMENTS for policy in custom):
        raise CommandFailure(
            f"The name {NEW_LOOP} is taken: those settings are always compared.", "Give the policy another name."
        )


def _say(lines: Iterable[str], chosen: argparse.Namespace) -> None:
    """What was done goes below the tables; beside a JSON object, to standard error."""
    print("", *lines, sep="\n", file=sys.stderr if chosen.json else sys.stdout)
