"""`python -m benchmarks`: measure, print a table of ratios, and write everything as JSON."""

import argparse
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import figures, machine
from benchmarks.failures import MeasureFailed
from benchmarks.figures import Figure
from benchmarks.progress import Progress
from localhost.environment import ROOT
from localhost.failures import StartFailure
from shared.storage.paths import DEFAULT, in_loop

MEASURES = {
    "rank-cpu": "processor time of one Rank, against Vowpal Wabbit's own",
    "multislot-cpu": "the same of one multi-slot Rank",
    "trial-cpu": "the same of one Rank while a challenger is on trial, against one without",
    "loops": "the same of one Rank of another loop, and of 100 loops in turn, against the loop default",
    "worker": "processor time of calls in the worker that Azure runs, against an empty function there",
    "policy-cost": "what a prediction takes as the loop estimates it, against what it takes",
    "round-trips": "requests to storage of one Rank and of one Reward",
    "requests": "Ranks a second of one process, against a home-made server",
    "training": "re-training from log, against the native driver",
    "evaluate": "one policy goes over a log, against the native driver with predictions",
    "evaluation-workers": "an evaluation with a search, by two workers against one",
    "join": "from rows to log, against a bare scan of the rows",
    "catch-up": "many parts joined and learned by one run, against joining and the native driver one after the other",
    "memory": "memory of a training run with ten times the backlog, against once",
    "cold-start": "process start to the first Rank, here and in Azure's worker, against the bare imports",
    "idle-run": "a run of the trainer with nothing to do: seconds, and requests to storage",
    "embedded": "storage in a folder, as `up` has it, against Azurite: Ranks, join, and inserts (5 minutes)",
    "page": "what the page weighs, when it is there, and what an open tab costs",
    "concurrency": "Ranks a second and waits by how many calls come at once, and memory",
    "long-waits": "how many rewards a second the loop carries at 10 minutes, 1 day and 30 days, in 512 MB",
    "coverage": "how often intervals hold the truth, in simulated logs (5 minutes)",
    "truth": "the same in logs over real purchases (2 minutes)",
    "worlds": "what a new loop's settings earn, against the best of the algorithms, in sixteen worlds (40 minutes)",
    "optimal": "how often an evaluation names a policy that is no better, in simulated loops (10 minutes)",
    "lift": "how much narrower the lift's interval gets if part of the exploration shows the first action (10 minutes)",
    "verdict": "how often the verdict's intervals ever exclude the truth, in simulated loops (25 minutes)",
    "importance": "how well feature importances tell what matters, in simulated logs (no goal; 5 minutes)",
    "arrays": "what 32 numbers in place of a long array earn, on real pixels, and their time (5 minutes)",
    "simulation": "100,000 simulated schedules of calls, faults, deaths and changes: what is wrong (10 to 25 minutes)",
    "warnings": "which warnings come of 100 healthy loops of different worlds (10 minutes)",
    "hostile": "a million calls made up to do harm, and an ordinary client beside them (an hour)",
    "action-cache": "a million generated Ranks, read with and without the cache of actions: differences (5 minutes)",
    "soak": "`up` under a steady load for 4 minutes, against `up` on Azurite: waits, what is lost, memory (12 minutes)",
    "auto-apply": "how often automatic optimization takes other settings, rightly or wrongly (4 hours)",
}
_STUDIES = frozenset(
    ("coverage", "truth", "worlds", "optimal", "lift", "verdict", "importance", "arrays", "auto-apply")
)
"""Studies with simulated logs and loops: what they find does not depend on the machine, the times of `arrays` aside."""
_ONLY_IF_NAMED = _STUDIES | {"simulation", "warnings", "hostile", "action-cache", "soak"}
_STRICT = frozenset(("hostile", "action-cache"))
"""Measures whose missed goals are failures: what they find is wrong on any machine."""
_ABOUT = """Measures speed and memory, each against a real other side, in turns, in the same run. A ratio is that of the
medians of all rounds. Other work on the machine makes all numbers noisy. All of it takes 25 to 31
minutes, without the studies and the simulations: coverage, truth, worlds, optimal, lift, verdict, importance,
arrays, auto-apply, simulation, warnings, hostile, action-cache and soak are run only if named."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen measures; the exit code is 0 also if a goal is missed, but for `hostile`, and 1 if one failed."""
    chosen = _parser().parse_args(arguments)
    facts = machine.facts()
    names = chosen.names or [name for name in MEASURES if name not in _ONLY_IF_NAMED]
    figures_measured, failed = _measure(names, chosen)
    print(f"\n{figures.table(figures_measured)}\n")
    if chosen.details:
        print(
            "\n".join(
                f"{figure.measure}, {figure.what}\n{figures.details(figure)}"
                for figure in figures_measured
                if figure.details
            )
            + "\n"
        )
    _write(chosen.json, facts, figures_measured)
    for name, reason in failed.items():
        print(f"{name} could not be measured: {reason}", file=sys.stderr)
    return 1 if failed or any(map(fails, figures_measured)) else 0


def fails(figure: Figure) -> bool:
    """Whether a figure makes the run a failure: by a missed goal that no slow or busy machine is the reason of."""
    return figure.measure in _STRICT and figure.holds is False


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {name:18} {what}" for name, what in MEASURES.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_ABOUT,
        epilog=f"measures:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names",
        nargs="*",
        type=_name,
        metavar="NAME",
        help="which measures (default: all but the studies and the simulation)",
    )
    parser.add_argument("--details", action="store_true", help="also print where the time goes")
    parser.add_argument(
        "--calls", type=int, metavar="N", help="how many calls hostile and action-cache make (default: 1,000,000)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="what the calls of these two are made from")
    parser.add_argument("--minutes", type=int, metavar="N", help="how long soak sends its load (default: 4)")
    default = ROOT / ".local" / "benchmarks" / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    parser.add_argument(
        "--json", type=Path, default=default, help="file to write (default: .local/benchmarks/TIME.json)"
    )
    return parser


def _name(text: str) -> str:
    if text not in MEASURES:
        raise argparse.ArgumentTypeError(f"{text} is not one of {', '.join(MEASURES)}")
    return text


def _measure(names: Sequence[str], chosen: argparse.Namespace) -> tuple[list[Figure], dict[str, str]]:
    measured: list[Figure] = []
    failed: dict[str, str] = {}
    for name in dict.fromkeys(names):
        progress = Progress(name)
        try:
            with in_loop(DEFAULT):
                measured += import_measure(name).measure(progress, **_options(name, chosen))
        except (MeasureFailed, StartFailure, OSError, subprocess.SubprocessError) as problem:
            failed[name] = str(problem)
        finally:
            progress.clear()
    return measured, failed


def _options(name: str, chosen: argparse.Namespace) -> dict[str, int]:
    made = {"calls": chosen.calls, "seed": chosen.seed}
    given = {"hostile": made, "action-cache": made, "soak": {"minutes": chosen.minutes}}.get(name, {})
    return {option: value for option, value in given.items() if value is not None}


def import_measure(name: str) -> ModuleType:
    """Import the module of a measure, or of a study."""
    package = "benchmarks.studies" if name in _STUDIES else "benchmarks"
    return importlib.import_module(f"{package}.{name.replace('-', '_')}")


def _write(file: Path, facts: dict[str, Any], measured: Sequence[Figure]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": facts, "figures": [figure.as_json() for figure in measured]}
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{facts['processor']}, {facts['cores']} cores, Python {facts['python']}; all numbers: {file}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; nothing was written.")
