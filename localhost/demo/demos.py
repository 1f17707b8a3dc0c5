"""The two demos, from the first line that they print to the exit code."""

import time
from collections.abc import Sequence

from localhost.demo import outcome
from localhost.demo.apprenticeship import Story, apprenticeship
from localhost.demo.calls import Calls
from localhost.demo.figures import fifths
from localhost.demo.hindsight import Judged, judge, true_rewards
from localhost.demo.loop import Loop
from localhost.demo.owner import Owner
from localhost.demo.purchases import DATA_SETS, Purchase, load
from localhost.demo.rule import RULE, order_by_rule
from localhost.demo.run import ROUNDS, Player, Run, cut, play
from localhost.demo.servers import Stage
from localhost.demo.showing import Showing
from localhost.demo.table import settings_table, table, verdict
from localhost.progress import Progress
from localhost.setup.places import PLACES


def where_next(other: str) -> str:
    """What to look at after a demo; `other` is the data set that it did not play."""
    return f"""\
Where to look next:
  {PLACES.program} demo --data {other}
      the same with the other purchases
  {PLACES.program} demo --keep --open
      the same on the loop's page, which stays after the demo
  {PLACES.program} demo --apprentice
      let the loop learn from what an application does already, unseen, before it takes over
  {PLACES.program} up
      serve, and keep what is learned; prints the address, a key, the page and the first calls
  {PLACES.name_of("docs/evaluation.md")}
      what an evaluation tells, and how any log is evaluated
  {PLACES.name_of("localhost/demo/calls.py")}
      how the demo calls Rank and Reward: what an application has to change is the address and the key
  {PLACES.name_of("localhost/demo/data/README.md")}
      where the purchases come from"""


WHERE_NEXT_APPRENTICE = f"""\
Where to look next:
  {PLACES.name_of("localhost/demo/owner.py")}
      how the demo sets the learning mode and reads the metrics
  {PLACES.name_of("docs/migrate.md")}
      how to move a loop of the old service
  {PLACES.name_of("docs/api.md")}
      what Rank tells in each learning mode"""


def online(data: str, showing: Showing) -> int:
    """Show how the reward rises; gives the exit code."""
    started, purchases = time.monotonic(), load(data)
    with showing.on_stage(data, len(purchases)) as (here, progress):
        run, others = evaluate_on(here, data, purchases, progress)
        pieces = fifths(run.played)
        other = next(name for name in DATA_SETS if name != data)
        judgement = f"{verdict(pieces)}\n\n{settings_table(others)}\n"
        _say(table(pieces, run), judgement, started, where_next(other))
        showing.end(here, verdict(pieces))
    return 0 if pieces[-1].is_above_first_action else 1


def apprentice(data: str, showing: Showing) -> int:
    """Show how the loop imitates an application's rule, and takes over; gives the exit code."""
    started, purchases = time.monotonic(), order_by_rule(load(data))
    print(f"The application's rule of thumb is to recommend\n{RULE}.\n")
    with showing.on_stage(data, len(purchases)) as (here, progress):
        story = teach_on(here, data, purchases, progress)
        _say(outcome.table(story), outcome.verdict(story), started, WHERE_NEXT_APPRENTICE)
        showing.end(here, outcome.verdict(story))
    return 0 if all(finding.holds for finding in outcome.findings(story)) else 1


def play_on(here: Stage, data: str, purchases: Sequence[Purchase], progress: Progress, rounds: int = ROUNDS) -> Run:
    """Set the loop and play purchases of a data set on it; raises `DemoFailed`."""
    loop = Loop(here.address, here.key)
    loop.configure()
    try:
        with Calls(here.address, here.key) as calls:
            return play(data, purchases, calls, loop, progress, rounds)
    finally:
        progress.clear()


def evaluate_on(
    here: Stage, data: str, purchases: Sequence[Purchase], progress: Progress, rounds: int = ROUNDS
) -> tuple[Run, list[Judged]]:
    """Play purchases as `play_on`, and evaluate other settings by the loop's own log; raises `DemoFailed`."""
    run, loop = play_on(here, data, purchases, progress, rounds), Loop(here.address, here.key)
    progress.line("Evaluating other settings by the loop's own log ...")
    return run, judge(loop.log(), true_rewards(data, purchases), loop.exploration())


def teach_on(here: Stage, data: str, purchases: Sequence[Purchase], progress: Progress, rounds: int = ROUNDS) -> Story:
    """Set the loop and play an apprenticeship of purchases in the rule's order on it; raises `DemoFailed`."""
    loop = Loop(here.address, here.key)
    loop.configure()
    try:
        with Calls(here.address, here.key) as calls, Owner(here.address, here.key) as owner:
            player = Player(data, len(purchases), calls, loop, progress, rounds)
            return apprenticeship(player, list(cut(purchases, rounds)), owner, loop, progress)
    finally:
        progress.clear()


def _say(figures: str, judgement: str, started: float, where_next: str) -> None:
    took = f"The demo took {time.monotonic() - started:.0f} s."
    print(f"\n{figures}\n\n{judgement}\n{took}\n\n{where_next}", flush=True)
