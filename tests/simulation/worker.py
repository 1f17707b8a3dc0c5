"""`python -m tests.simulation.worker FIRST STEP END`: runs the schedules of many seeds, one process of several.

Each line that it prints is the JSON of how many schedules were run since the line before, and of the seeds with which
something was wrong.
"""

import gc
import json
import logging
import sys
from typing import Final

from shared.storage.paths import DEFAULT, in_loop
from tests.simulation.plan import draw
from tests.simulation.shrinking import try_plan

_AT_ONCE: Final = 50


def main(first: int, step: int, end: int) -> None:
    """Run every so many seeds of a range."""
    logging.disable(logging.CRITICAL - 1)
    seeds = range(first, end, step)
    gc.disable()
    for start in range(0, len(seeds), _AT_ONCE):
        some = seeds[start : start + _AT_ONCE]
        wrong = [seed for seed in some if try_plan(draw(seed)).violation is not None]
        print(json.dumps([len(some), wrong]), flush=True)
        gc.collect()
        gc.freeze()  # what is still there is there for good


if __name__ == "__main__":
    with in_loop(DEFAULT):
        main(*map(int, sys.argv[1:]))
