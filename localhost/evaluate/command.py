"""`python -m localhost.evaluate`: what it takes, what it prints, and how it ends."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from localhost.evaluate.policies import demand_fit, policies
from localhost.evaluate.whole_log import evaluation
from localhost.failures import CommandFailure
from localhost.interruption import INTERRUPTED, Interruption, interruptible
from localhost.setup.places import PLACES
from shared.imports.files.log_file import LogFile
from shared.imports.files.unusable_log import UnusableLog

FAILED, REFUSED = 1, 2
_DESCRIPTION = """\
Tells what policies would have earned, from any log in the dsjson format, without a server: what was done (online),
always the first action (baseline1), a random one (baselineRand), and those that are given. A policy begins with an
empty model and learns event by event; what it would have done is taken before it learns from the event."""
_EPILOG = """\
Exit code: 0 if the log was evaluated, 1 if that failed on the way, 2 if the log or a policy cannot be used, 130 if it
was interrupted."""


def main(arguments: list[str] | None = None) -> int:
    """Evaluate a log and give the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        with interruptible() as interruption, tempfile.TemporaryDirectory(prefix="rankloop-evaluate-") as folder:
            return _evaluate(chosen, Path(folder), interruption)
    except UnusableLog as problem:
        print(f"\n{CommandFailure(problem.reason, problem.next_step)}", file=sys.stderr)
        return REFUSED
    except CommandFailure as problem:
        print(f"\n{problem}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nThe evaluation was interrupted; nothing of it is left running.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"{PLACES.program} evaluate", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--log", type=Path, required=True, metavar="FILE", help="dsjson lines, or these in gzip")
    parser.add_argument("--policy", action="append", default=[], metavar="[NAME=]ARGUMENTS", help="may be repeated")
    parser.add_argument("--optimize", action="store_true", help="search for better learning arguments too")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser


def _evaluate(chosen: argparse.Namespace, folder: Path, interruption: Interruption) -> int:
    custom = policies(chosen.policy)
    log = LogFile(chosen.log)
    kind = log.kind()
    demand_fit(custom, kind)
    from concurrent.futures.process import BrokenProcessPool

    from localhost.evaluate.runs import RunLog, Runs, open_without_models
    from shared.evaluation import plan
    from shared.learner.subprocess_jobs import TrainingFailed

    whole = evaluation(custom, kind, optimise=chosen.optimize)
    runs = Runs(RunLog(log), whole, open_without_models, folder, sys.stderr, interruption)
    try:
        runs.finish()
    except (TrainingFailed, BrokenProcessPool, OSError) as problem:
        print(f"\nThe evaluation failed on the way: {problem}", file=sys.stderr)
        return FAILED
    outcome, exploration = plan.outcome(runs.evaluation, runs.results), runs.results[plan.LOGGED].exploration
    if chosen.json:
        from localhost.evaluate.answer import document

        print(json.dumps(document(outcome, exploration), indent=2, allow_nan=False))
    else:
        from localhost.evaluate.table import table

        print(table(outcome, exploration))
    return 0
