"""`python -m localhost.demo`: what it takes, what it prints, and how it ends."""

import argparse
import sys

from localhost.demo import demos
from localhost.demo.failures import DemoFailed
from localhost.demo.purchases import DATA_SETS
from localhost.demo.rule import RULE
from localhost.failures import StartFailure
from localhost.interruption import INTERRUPTED, interruptible

_DESCRIPTION = f"""\
Plays what households bought in supermarkets against the functions on this machine, through the client library that
was published for Azure AI Personalizer, and shows how the reward rises as models are trained and published on the way.

For every purchase, Rank is asked which brand to recommend to a household, with price and advertisement of each brand as
features; the reward is 1 if it names the brand that the household bought, else 0. Households take turns, in order of
time. After each of 8 rounds the demo waits until the loop has learned it. In the end, other settings are evaluated by
the loop's own log, beside what they would really have earned. Takes about three minutes; nothing is kept.

With --apprentice the application has a rule of thumb of its own. It recommends
{RULE}.
For 4 rounds the loop is in Apprentice mode: customers see what the rule says, and the loop learns to say the same; how
well it does so is told after each round. Then the demo switches the loop to Online, looks up which model answered the
first Rank, and plays on: from now on the loop learns from rewards. Its log is not evaluated, since half of it has no
exploration.
"""
_EPILOG = """\
Exit code: 0 if the loop learned (with --apprentice: if it imitated, took over, and went on learning), 1 if it did not
or could not run, 130 if it was interrupted."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and give the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        with interruptible() as interruption:
            if chosen.apprentice:
                return demos.apprentice(chosen.data or "cracker", interruption)
            return demos.online(chosen.data or "yogurt", interruption)
    except (StartFailure, DemoFailed) as failure:
        print(f"\nThe demo failed. {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo was interrupted; nothing of it is left running.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py demo",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", choices=DATA_SETS, help="what was bought (default: yogurt; cracker with --apprentice)"
    )
    parser.add_argument("--apprentice", action="store_true", help="let the loop be an apprentice first, then take over")
    return parser
