"""The two demos, from the first line that they print to the exit code."""

import sys
import time
from collections.abc import Callable, Sequence

from localhost.demo import outcome
from localhost.demo.apprenticeship import Story, apprenticeship
from localhost.demo.calls import Calls
from localhost.demo.figures import fifths
from localhost.demo.hindsight import Judged, judge, true_rewards
from localhost.demo.loop import STATUS, Loop
from localhost.demo.owner import Owner
from localhost.demo.purchases import DATA_SETS, Purchase, load
from localhost.demo.rule import RULE, order_by_rule
from localhost.demo.run import ROUNDS, Player, Run, cut, play
from localhost.demo.servers import Stage, stage
from localhost.demo.table import settings_table, table, verdict
from localhost.interruption import Interruption
from localhost.progress import Progress

WHERE_NEXT = """\
Where to look next:
  python3 dev.py demo --data {other}
      the same with the other purchases
  python3 dev.py demo --apprentice
      let the loop learn from what an application does already, unseen, before it takes over
  python3 dev.py up
      serve, and keep what is learned; prints the address, a key and the first calls
  docs/evaluation.md
      what an evaluation tells, and how any log is evaluated
  localhost/demo/calls.py
      how the demo calls Rank and Reward: what an application has to change is the address and the key
  localhost/demo/data/README.md
      where the purchases come from"""
WHERE_NEXT_APPRENTICE = """\
Where to look next:
  localhost/demo/owner.py
      how the demo sets the learning mode and reads the metrics
  docs/migrate.md
      how to move a loop of the old service
  docs/api.md
      what Rank tells in each learning mode"""


def online(data: str, interruption: Interruption) -> int:
    """Show how the reward rises; gives the exit code."""
    started, purchases = time.monotonic(), load(data)
    run, others = _on_stage(data, purchases, evaluate_on, interruption)
    pieces = fifths(run.played)
    other = next(name for name in DATA_SETS if name != data)
    judgement = f"{verdict(pieces)}\n\n{settings_table(others)}\n"
    _say(table(pieces, run), judgement, started, WHERE_NEXT.format(other=other))
    return 0 if pieces[-1].is_above_first_action else 1


def apprentice(data: str, interruption: Interruption) -> int:
    """Show how the loop imitates an application's rule, and takes over; gives the exit code."""
    started, purchases = time.monotonic(), order_by_rule(load(data))
    print(f"The application's rule of thumb is to recommend\n{RULE}.\n")
    story = _on_stage(data, purchases, teach_on, interruption)
    _say(outcome.table(story), outcome.verdict(story), started, WHERE_NEXT_APPRENTICE)
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


def _on_stage[T](
    data: str,
    purchases: Sequence[Purchase],
    act: Callable[[Stage, str, Sequence[Purchase], Progress], T],
    interruption: Interruption,
) -> T:
    progress = Progress(len(purchases), sys.stdout, interruption)
    progress.line("Starting storage (Azurite, in memory) and the functions ...")
    with stage() as here:
        progress.line(_welcome(here, data, len(purchases)))
        return act(here, data, purchases, progress)


def _welcome(here: Stage, data: str, purchases: int) -> str:
    return f"""\
Playing {purchases} purchases of {data} in {ROUNDS} rounds. To look at the loop meanwhile:
  curl -H "Ocp-Apim-Subscription-Key: {here.key}" {here.address}{STATUS}
"""


def _say(figures: str, judgement: str, started: float, where_next: str) -> None:
    print(f"\n{figures}\n\n{judgement}\nThe demo took {time.monotonic() - started:.0f} s.\n\n{where_next}")
