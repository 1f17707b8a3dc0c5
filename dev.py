#!/usr/bin/env python3
"""Sets this project up on first use, then runs it.

Needs Python 3.10 or later, and a network connection the first time. Packages go to .venv, the storage emulator to
node_modules, tools to .boot. Nothing is fetched again until a lock file changes.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - this file runs before there is a 3.13
    sys.exit("dev.py needs Python 3.10 or later. Next step: run it with a newer Python, e.g. python3.13 dev.py")

import argparse
import os
import signal
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from deployment import folder
from deployment.removal import predown
from deployment.smoke import check
from deployment.vault import preprovision
from localhost.setup.azurite import has_node, install_azurite
from localhost.setup.checks import run_checks
from localhost.setup.packages import install_packages
from localhost.setup.places import WINDOWS, Places, hold_lock
from localhost.setup.programs import CannotSetUp, end_in_order_on_sigterm, openly, say

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    Run = Callable[[argparse.Namespace], int]

PLACES = Places(Path(__file__).resolve().parent)
CANNOT_SET_UP, INTERRUPTED = 2, 130
DEMO = """Starts storage and functions, plays what households bought in supermarkets through the published client
library, waits for models to be trained on the way, shows the mean reward of each fifth of the run beside the best
seller's, and what other settings would have earned, by the loop's own log and in truth. With --apprentice the loop
first learns, unseen, to do as an application's rule of thumb does, and then takes over. Takes about three minutes;
nothing is kept. Exit code 0: it learned; 1: it did not, or could not run; 130: it was interrupted."""
UP = """Starts storage and functions, prints the address, the API key and a first call, and serves until Ctrl-C. Data
survive restarts. Settings come from the environment, then from local.settings.json. A key given by --key can be seen in
the machine's list of processes until serving begins; one in the variable RANKLOOP_KEY cannot."""
REPLAY = """Makes a model again from the nearest earlier training state that is kept, over the same log in the same runs
of the learner, and compares it byte by byte. Works on the loop of a folder of up, which must not run meanwhile, or on
the one in the storage account that the settings name. Changes nothing. Exit code 0: the same model; 1: another one; 2:
it cannot be made again."""
EVALUATE = """Tells what policies would have earned, from any log in the dsjson format: one of this loop, of the old
service, or of another tool. No server is needed, and nothing is changed. Exit code 0: it was evaluated; 1: that failed
on the way; 2: the log or a policy cannot be used, or the set-up failed; 130: it was interrupted."""
POLICY = """learning arguments of a policy to evaluate, with a name of its own or without; may be repeated. Arguments of
a single word need an equals sign: --policy=--cb_explore_adf"""
TEST = """Checks the lock file, requirements.txt, style, types and the rules of imports, then runs all tests. Each check
runs even if one before it found something; the exit code is 0 only if none did. With --quick, it checks style, types
and the rules of imports, and runs the tests in tests/unit, in less than a minute. With arguments for pytest, it runs
nothing but the tests that they choose."""
BENCH = """Measures speed and memory, each against a real other side in the same run; prints a table, and writes JSON.
The measures are rank-cpu, multislot-cpu, round-trips, requests, training, evaluate, evaluation-workers, join, memory,
cold-start, idle-run, concurrency and long-waits; all of them take about fifteen minutes. The studies coverage,
truth, verdict, importance and auto-apply, simulation and warnings run only if named, auto-apply for hours. With
--details it also prints where the time goes; --json FILE names the file."""
PACKAGE = """Builds the folder that goes to Azure: the app's modules, its packages as the lock file has them, as wheels
for the platform that the functions run on, and all modules compiled, so that nothing has to be built there. Once
complete, it takes the place of the one that was built before; any other folder is left alone. The same files give the
same folder and the same ZIP file. Needs neither Node.js nor Azurite. Exit code 0: it is there; 2: it could not be
built."""
SMOKE = """Asks a deployed loop for a Rank, gives it a Reward, and asks for its status. Nothing is learned from that.
Waits up to five minutes until the loop is ready and takes the key. The key comes from the variable RANKLOOP_KEY; where
azd's values are in the environment, as in its hooks, and --endpoint is not given, from Key Vault; then it also has the
app read its references to Key Vault again, once, if the app says that they were not resolved. Exit code 0: it works; 1:
it does not; 2: it cannot be checked; 130: it was interrupted."""
AZD = """What azure.yaml has azd run: preprovision finds out whether Azure still keeps a deleted Key Vault of this
environment, which is then recovered with its keys; predown says what azd down deletes, and asks. Exit code 2: azd has
not started it, or it could not find out."""


def main() -> int:
    """Run one command and give the exit code."""
    chosen = parser().parse_args()
    end_in_order_on_sigterm()
    try:
        code: int = chosen.run(chosen)
        return code
    except CannotSetUp as problem:
        print(f"\n{problem}", file=sys.stderr)
        return CANNOT_SET_UP
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """Give the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="python3 dev.py", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    add_commands_of_this_machine(commands)
    add_commands_for_azure(commands)

    added = command(commands, "test", test, "run every test, linter and type check", TEST)
    added.add_argument("--quick", action="store_true", help="style, types, rules of imports, and unit tests only")
    added.add_argument("pytest", nargs="*", metavar="-- ARGUMENT", help="handed to pytest, such as: -- -x -k reward")

    added = command(commands, "bench", bench, "measure, and print a table of ratios", BENCH)
    added.add_argument("arguments", nargs=argparse.REMAINDER, metavar="NAME", help="what to measure (default: all)")
    return top


def command(commands: Commands, name: str, run: Run, short: str, long: str) -> argparse.ArgumentParser:
    """Add a command."""
    added = commands.add_parser(name, help=short, description=long)
    added.set_defaults(run=run)
    return added


def add_commands_of_this_machine(commands: Commands) -> None:
    """Add what serves and learns here."""
    added = command(commands, "demo", demo, "play real purchases and watch the reward rise", DEMO)
    added.add_argument(
        "--data", choices=("yogurt", "cracker"), help="what was bought (default: yogurt; cracker with --apprentice)"
    )
    added.add_argument("--apprentice", action="store_true", help="let the loop be an apprentice first, then take over")

    added = command(commands, "up", up, "serve on this machine until Ctrl-C", UP)
    added.add_argument("--port", type=int, default=7071, help="port to listen on; 0 takes a free one (default: 7071)")
    added.add_argument(
        "--data", type=Path, default=PLACES.root / ".local", help="folder for data and key (default: .local)"
    )
    added.add_argument(
        "--key", default="", help="API key (default: RANKLOOP_KEY, API_KEY_1, or one kept in the folder)"
    )

    added = command(commands, "replay", replay, "make a model again from its log, and compare", REPLAY)
    added.add_argument(
        "--model", required=True, metavar="ID", help="the model's id, as GET /rankloop/v1/models lists it"
    )
    added.add_argument("--data", type=Path, default=PLACES.root / ".local", help="folder of up (default: .local)")

    added = command(commands, "evaluate", evaluate, "tell what policies would have earned, from a log", EVALUATE)
    added.add_argument("--log", type=Path, required=True, metavar="FILE", help="dsjson lines, plain or in gzip")
    added.add_argument("--policy", action="append", default=[], metavar="[NAME=]ARGUMENTS", help=POLICY)
    added.add_argument("--optimize", action="store_true", help="also search for learning arguments that earn more")
    added.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def add_commands_for_azure(commands: Commands) -> None:
    """Add what builds and checks a deployment."""
    added = command(commands, "package", package, "build the folder that goes to Azure", PACKAGE)
    added.add_argument(
        "--output", type=Path, metavar="FOLDER", default=PLACES.root / "dist", help="where to build it (default: dist)"
    )
    added.add_argument(
        "--zip", type=Path, metavar="FILE", help="make a ZIP file of it too, for `az functionapp deploy --type zip`"
    )

    added = command(commands, "smoke", smoke, "see whether a deployed loop works", SMOKE)
    added.add_argument("--endpoint", default="", metavar="URL", help="its address (default: RANKLOOP_ENDPOINT)")

    added = command(commands, "azd", azd, "be a hook of azd", AZD)
    added.add_argument("hook", choices=("preprovision", "predown"), help="which one")


def demo(chosen: argparse.Namespace) -> NoReturn:
    """Run the demo."""
    set_up()
    data = ["--data", chosen.data] if chosen.data else []
    hand_over("localhost.demo", *data, *(["--apprentice"] if chosen.apprentice else []))


def up(chosen: argparse.Namespace) -> NoReturn:
    """Serve; the key goes on in the environment, where no list of processes shows it."""
    if chosen.key:
        os.environ["RANKLOOP_KEY"] = chosen.key
    set_up()
    hand_over("localhost", "up", "--port", str(chosen.port), "--data", str(chosen.data.resolve()))


def replay(chosen: argparse.Namespace) -> NoReturn:
    """Make a model again."""
    set_up()
    hand_over("localhost", "replay", "--model", chosen.model, "--data", str(chosen.data.resolve()))


def evaluate(chosen: argparse.Namespace) -> NoReturn:
    """Evaluate a log; standard output is for what was found."""
    with redirect_stdout(sys.stderr):
        set_up(emulator=False)
    given = [f"--policy={policy}" for policy in chosen.policy]
    switches = [f"--{name}" for name in ("optimize", "json") if getattr(chosen, name)]
    log = chosen.log.resolve() if chosen.log.is_file() else chosen.log.absolute()
    hand_over("localhost.evaluate", f"--log={log}", *given, *switches)


def package(chosen: argparse.Namespace) -> int:
    """Build the deployment folder."""
    set_up(emulator=False)
    zip_file = chosen.zip.resolve() if chosen.zip else None
    order = folder.Order(chosen.output.resolve(), zip_file, by_azd="AZURE_ENV_NAME" in os.environ)
    folder.package(PLACES, order)
    return 0


def smoke(chosen: argparse.Namespace) -> int:
    """Check a deployed loop."""
    return check(chosen.endpoint, os.environ)


def azd(chosen: argparse.Namespace) -> int:
    """Run a hook."""
    return {"preprovision": preprovision, "predown": predown}[chosen.hook](os.environ)


def test(chosen: argparse.Namespace) -> int:
    """Run the checks; quick checks need no storage."""
    set_up(emulator=not chosen.quick)
    return run_checks(PLACES, chosen.pytest, quick=chosen.quick)


def bench(chosen: argparse.Namespace) -> NoReturn:
    """Run the benchmarks."""
    set_up()
    hand_over("benchmarks", *chosen.arguments)


def set_up(*, emulator: bool = True) -> None:
    """Make what is not there or was made from other lock files; without `emulator`, only the Python packages."""
    if PLACES.venv.is_current() and (not emulator or _has_emulator()):
        return
    PLACES.boot.mkdir(exist_ok=True)
    with hold_lock(PLACES.boot / "lock"):
        if not PLACES.venv.is_current():
            install_packages(PLACES)
            PLACES.venv.finish()
        if emulator and not _has_emulator():
            install_azurite(PLACES)
            PLACES.modules.finish()
    say("The set-up is complete.\n")


def _has_emulator() -> bool:
    return PLACES.modules.is_current() and has_node(PLACES)


def hand_over(module: str, *arguments: str) -> NoReturn:
    """Go on as the environment's Python; where a process cannot turn into another, wait for that one."""
    command = [str(PLACES.python), "-P", "-m", module, *arguments]
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, {**os.environ, "PYTHONPATH": str(PLACES.root)})  # noqa: S606 - no shell wanted
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(openly(command, cwd=str(Path.cwd()), PYTHONPATH=str(PLACES.root)))


if __name__ == "__main__":
    sys.exit(main())
