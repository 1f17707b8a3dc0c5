"""`python -m tests.simulation SEED`: runs the schedule of a seed again, and says what is wrong with it.

If something is, the schedule is made smaller first, and what is left is printed, with the command that runs it.
"""

import argparse
import logging
import sys
from collections.abc import Collection, Sequence

from shared.storage.paths import DEFAULT, in_loop
from tests.simulation.faults import Decided
from tests.simulation.plan import PlannedChange, Rank, Run, draw
from tests.simulation.shrinking import shrink, try_plan


def main(arguments: Sequence[str] | None = None) -> int:
    """Run schedules; the exit code is 1 if something is wrong in one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seeds", nargs="+", type=int, metavar="SEED")
    parser.add_argument("--only", help="the things of the schedule that are to happen, with commas between them")
    parser.add_argument("--log", action="store_true", help="also what the product logs")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO if chosen.log else logging.CRITICAL + 1, format="%(name)s: %(message)s")
    names = None if chosen.only is None else [name.strip() for name in chosen.only.split(",")]
    return max(tell(seed, names) for seed in chosen.seeds)


def tell(seed: int, names: Collection[str] | None = None) -> int:
    """Say what comes of the schedule of a seed, or of some things of it."""
    plan = draw(seed) if names is None else draw(seed).only(names)
    result = try_plan(plan)
    if result.violation is None:
        print(f"{seed}: nothing is wrong; {result.happened}")
        return 0
    if names is None:
        names = shrink(plan)
        plan = plan.only(names)
        result = try_plan(plan)
    print(f"{seed}: {result.violation}")
    for name, thing in plan.things(result.decided).items():
        print(f"  {name}: {_describe(thing)}")
    print(f"Again: python -m tests.simulation {seed} --only '{', '.join(names)}'")
    return 1


def _describe(thing: object) -> str:
    match thing:
        case Rank():
            return f"of {thing.user} after {_seconds(thing.at_us)}{', deferred' if thing.is_deferred else ''}"
        case Run():
            return f"of trainer {thing.trainer + 1} after {_seconds(thing.at_us)}"
        case PlannedChange():
            return f"{thing.change} after {_seconds(thing.at_us)}"
        case Decided():
            kind = thing.fault.kind or f"slow, {_seconds(thing.fault.before_us)} and {_seconds(thing.fault.after_us)}"
            return f"{kind}: {thing.request.operation} {thing.request.path}"
    return repr(thing)


def _seconds(us: int) -> str:
    return f"{us / 1_000_000:.3f} s"


if __name__ == "__main__":
    with in_loop(DEFAULT):
        sys.exit(main())
