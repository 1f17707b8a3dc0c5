"""The schedules that belong to the test run.

`python3 dev.py bench simulation` runs many more. What is wrong with one, `python -m tests.simulation SEED` tells.
"""

import gc
from typing import Final

from tests.simulation import schedule
from tests.simulation.checks import check
from tests.simulation.plan import draw

ITEMS: Final = 10
_SEEDS: Final = 2_000


def check_seeds(item: int) -> None:
    """Run the schedules of every so many seeds, and check what came of them."""
    gc.disable()  # a schedule leaves next to nothing to be collected
    try:
        for seed in range(item, _SEEDS, ITEMS):
            with schedule.run(draw(seed)) as outcome:
                check(outcome)
    finally:
        gc.enable()
