"""`python -m localhost.demo`: what it takes, what it prints, and how it ends."""

import argparse
import os
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

from localhost.certificate import Certificate, keep_certificate
from localhost.data_folder import make_private
from localhost.demo import demos
from localhost.demo.course import Reporter
from localhost.demo.failures import DemoFailed
from localhost.demo.purchases import DATA_SETS
from localhost.demo.rule import RULE
from localhost.demo.showing import Showing
from localhost.failures import StartFailure
from localhost.interruption import INTERRUPTED, end_with_input, interruptible
from localhost.setup.places import PLACES

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

The loop and its page can be looked at from the start, by the link that is printed; --open opens it. With --keep the
loop goes on serving after the demo, until Ctrl-C. With --https it is served over https, by the certificate that up
keeps in its folder.
"""
_EPILOG = """\
Exit code: 0 if the loop learned (with --apprentice: if it imitated, took over, and went on learning), 1 if it did not
or could not run, 130 if it was interrupted before its
end. A Ctrl-C that ends what --keep serves changes nothing of that."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and give the exit code."""
    chosen = _parser().parse_args(arguments)
    reporter = Reporter(sys.stdout if chosen.json else None)
    with ExitStack() as silence:
        if chosen.json:
            people = silence.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
            silence.enter_context(redirect_stdout(people))
            silence.enter_context(redirect_stderr(people))
        return _run(chosen, reporter)


def _run(chosen: argparse.Namespace, reporter: Reporter) -> int:
    try:
        with interruptible() as interruption:
            if chosen.end_with_input:
                end_with_input()
            certificate = _certificate_of_up() if chosen.https else None
            showing = Showing(interruption, reporter, chosen.keep, chosen.open, certificate)
            if chosen.apprentice:
                return demos.apprentice(chosen.data or "cracker", showing)
            return demos.online(chosen.data or "yogurt", showing)
    except (StartFailure, DemoFailed) as failure:
        reporter.fail(failure)
        print(f"\nThe demo failed. {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo was interrupted; nothing of it is left running.", file=sys.stderr)
        return INTERRUPTED


def _certificate_of_up() -> Certificate:
    """The certificate of the folder of `up`, so that who trusts one of them trusts both."""
    data = PLACES.data
    closed, (certificate, news) = make_private(data), keep_certificate(data, datetime.now(UTC))
    for sentence in filter(None, (closed, news)):
        print(sentence, flush=True)
    return certificate


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PLACES.program} demo",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", choices=DATA_SETS, help="what was bought (default: yogurt; cracker with --apprentice)"
    )
    parser.add_argument("--apprentice", action="store_true", help="let the loop be an apprentice first, then take over")
    parser.add_argument("--keep", action="store_true", help="go on serving the loop after the demo, until Ctrl-C")
    parser.add_argument("--open", action="store_true", help="open the loop's page in the machine's browser")
    parser.add_argument("--https", action="store_true", help="serve over https, by the certificate of the folder of up")
    parser.add_argument(
        "--json", action="store_true", help="print how it goes as JSON, an object a line, and else nothing"
    )
    parser.add_argument("--end-with-input", action="store_true", help="stop at the end of standard input")
    return parser
