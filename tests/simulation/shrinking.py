"""Shrinking: a schedule in which something is wrong, with as little in it as still shows that."""

import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tests.simulation import schedule
from tests.simulation.checks import check
from tests.simulation.faults import Decided
from tests.simulation.plan import Plan


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a schedule.

    Attributes:
        violation: What was wrong; None if nothing was.
        decided: The faults.
        happened: How much happened.
    """

    violation: str | None
    decided: Sequence[Decided]
    happened: str = ""


def try_plan(plan: Plan) -> Result:
    """Run a schedule, and check what came of it."""
    faults = plan.faults()
    try:
        with schedule.run(plan, faults) as outcome:
            check(outcome)
            counters = outcome.state.counters
            happened = f"{outcome.runs} runs, {outcome.deaths} deaths, {counters.events} events in the log"
            return Result(None, faults.decided, happened)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Result(_describe(error), faults.decided)


def _describe(error: BaseException) -> str:
    """An error with the last place in these tests, or in the product, that has to do with it."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = "".join(traceback.format_exception_only(error)).strip()
    return f"{text[:1000]} ({place.filename.rsplit('/', 1)[-1]}:{place.lineno}: {place.line})"


def shrink(plan: Plan) -> tuple[str, ...]:
    """The names of the things of a plan that are enough for something to be wrong, none of which can be left out."""
    things = plan.things(try_plan(plan).decided)

    def is_enough(names: Collection[str]) -> bool:
        return try_plan(plan.only(names)).violation is not None

    return reduce(tuple(things), is_enough)


def reduce(names: tuple[str, ...], is_enough: Callable[[Collection[str]], bool]) -> tuple[str, ...]:
    """Leave out what is not needed: in large stretches first, then in smaller ones, then one by one, until all is."""
    if not is_enough(names):
        return names
    size = max(1, len(names) // 2)
    while True:
        before = names
        start = 0
        while start < len(names):
            fewer = names[:start] + names[start + size :]
            if is_enough(fewer):
                names = fewer
            else:
                start += size
        if size == 1 and names == before:
            return names
        size = max(1, size // 2)
