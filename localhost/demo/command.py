"""`python -m localhost.demo`: what it takes, what it prints, and how it ends."""

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from localhost.demo.calls import Calls
from localhost.demo.failures import DemoFailed
from localhost.demo.figures import fifths
from localhost.demo.loop import STATUS, Loop
from localhost.demo.progress import Progress
from localhost.demo.purchases import DATA_SETS, Purchase, load
from localhost.demo.run import ROUNDS, Run, play
from localhost.demo.stage import Stage, stage
from localhost.demo.table import table, verdict
from localhost.failures import StartFailure

_INTERRUPTED = 130
_DESCRIPTION = """\
Plays what households bought in supermarkets against the functions on this machine, through the client library that
was published for Azure AI Personalizer, and shows how the reward rises as models are trained and published on the way.

For every purchase, Rank is asked which brand to recommend to a household, with price and advertisement of each brand as
features; the reward is 1 if it names the brand that the household bought, else 0. Households take turns, in order of
time. After each of 8 rounds the demo waits until the loop has learned it. Takes about three minutes; nothing is kept.
"""
_EPILOG = "Exit code: 0 if the loop learned, 1 if it did not or could not run, 130 if it was interrupted."
WHERE_NEXT = """\
Where to look next:
  python3 dev.py demo --data {other}
      the same with the other purchases
  python3 dev.py up
      serve, and keep what is learned; prints the address, a key and the first calls
  localhost/demo/calls.py
      how the demo calls Rank and Reward: what an application has to change is the address and the key
  localhost/demo/data/README.md
      where the purchases come from"""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and give the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        with _interruptible():
            return _demo(chosen.data)
    except (StartFailure, DemoFailed) as failure:
        print(f"\nThe demo failed. {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo was interrupted; nothing of it is left running.", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py demo",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", choices=DATA_SETS, default=DATA_SETS[0], help="what was bought (default: %(default)s)"
    )
    return parser


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM end the demo in order; later ones change nothing, since all is ending then."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _demo(data: str) -> int:
    started = time.monotonic()
    purchases = load(data)
    progress = Progress(len(purchases), sys.stdout)
    progress.line("Starting storage (Azurite, in memory) and the functions ...")
    with stage() as here:
        progress.line(_welcome(here, data, len(purchases)))
        run = play_on(here, data, purchases, progress)
    return _report(run, data, time.monotonic() - started)


def play_on(here: Stage, data: str, purchases: Sequence[Purchase], progress: Progress, rounds: int = ROUNDS) -> Run:
    """Set the loop and play purchases of a data set on it; raises `DemoFailed`."""
    loop = Loop(here.address, here.key)
    loop.configure()
    try:
        with Calls(here.address, here.key) as calls:
            return play(data, purchases, calls, loop, progress, rounds)
    finally:
        progress.clear()


def _welcome(here: Stage, data: str, purchases: int) -> str:
    return f"""\
Playing {purchases} purchases of {data} in {ROUNDS} rounds. To look at the loop meanwhile:
  curl -H "Ocp-Apim-Subscription-Key: {here.key}" {here.address}{STATUS}
"""


def _report(run: Run, data: str, seconds: float) -> int:
    found = fifths(run.played)
    other = next(name for name in DATA_SETS if name != data)
    took = f"The demo took {seconds:.0f} s."
    print(f"\n{table(found, run)}\n\n{verdict(found)}\n{took}\n\n{WHERE_NEXT.format(other=other)}")
    return 0 if found[-1].is_above_best_seller else 1
