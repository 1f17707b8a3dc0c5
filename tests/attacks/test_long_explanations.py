"""Explanations are made beside all other calls, whoever asks for many and long ones."""

import asyncio
from collections.abc import Callable
from random import Random
from threading import Event

import pytest

from shared.configuration.exploration import Exploration
from shared.learner.arguments import parse
from shared.learner.driver_process import DriverProcess
from shared.learner.explaining import MOST_WAITING
from shared.learner.explorer import Explorer
from shared.learner.features import document
from shared.learner.prospect import Prospect, ask_prospect, prospect
from shared.learner.training import train
from shared.models.published import ModelReference
from shared.web.errors import ModelBusy
from tests.attacks.test_costly_policies import CB, ask, numbers
from tests.unit.learner.lines import TIMEOUT, event, event_lines, write

EXPLORES = Exploration(0.2)
ARGUMENTS = f"{CB} -q ::"
LONG = document(numbers(300), [(f"a{place}", numbers(300)) for place in range(2)])
"""Some 360,000 products of features and weights; to rank it takes a millisecond."""
ORDINARY = [event(Random(number)) for number in range(20)]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Explorer]:
    """Loads a model that has learned something."""
    folder = tmp_path_factory.mktemp("model")
    log, state, predictor = write(folder / "log.json", event_lines(200)), folder / "state", folder / "predictor"
    with DriverProcess() as process:
        words = parse(ARGUMENTS).words()
        train(log, state, arguments=words, old_state=None, predictor=predictor, timeout=TIMEOUT, process=process)
    reference = ModelReference("m", "", "", "", ARGUMENTS, 1, 1, 1, 1)
    return lambda: Explorer(predictor.read_bytes(), reference, EXPLORES)


async def test_ranks_are_answered_while_something_is_explained(learned: Callable[[], Explorer]) -> None:
    """A quarter of a second passed, and with 40 calls at once another loop's Rank took half a minute."""
    explorer = learned()
    explained = asyncio.ensure_future(ask_prospect(explorer, LONG, 2, EXPLORES))
    answered = 0
    while not explained.done():
        await ask(explorer, ORDINARY[answered % 20], 4)
        await asyncio.sleep(0)
        answered += 1

    assert explained.result().comparison is not None
    assert answered > 5


async def test_what_explains_and_what_ranks_with_one_model_do_not_disturb_each_other(
    learned: Callable[[], Explorer],
) -> None:
    """They take turns in the middle of an event."""
    explorer, alone = learned(), learned()
    chances = [await ask(alone, text, 4) for text in ORDINARY]
    prospects = [await ask_prospect(alone, text, 4, EXPLORES) for text in ORDINARY]

    for _ in range(5):
        work = [asyncio.ensure_future(ask_prospect(explorer, text, 4, EXPLORES)) for text in ORDINARY[:MOST_WAITING]]
        while not all(each.done() for each in work):
            assert [await ask(explorer, text, 4) for text in ORDINARY] == chances
            await asyncio.sleep(0)
        assert [each.result() for each in work] == prospects[:MOST_WAITING]


async def test_a_model_that_is_replaced_is_kept_until_its_explanation_is_made(
    learned: Callable[[], Explorer],
) -> None:
    """Also if nobody waits for it any more, since the time of its call is over."""
    explorer, expected = learned(), await ask_prospect(learned(), LONG, 2, EXPLORES)
    explained, given_up = (asyncio.ensure_future(ask_prospect(explorer, LONG, 2, EXPLORES)) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    workspace = explorer._model._workspace

    explorer.close()

    assert not workspace.finished
    assert await explained == expected
    assert await ask_prospect(learned(), LONG, 2, EXPLORES) == expected  # it comes after the one that was given up
    assert workspace.finished


async def test_more_explanations_than_can_wait_are_refused(learned: Callable[[], Explorer]) -> None:
    """Ranks go on; and later ones are made again."""
    explorer, free = learned(), Event()
    first = asyncio.ensure_future(explorer.explain(free.wait))
    await asyncio.sleep(0)
    asked = [asyncio.ensure_future(ask_prospect(explorer, ORDINARY[0], 4, EXPLORES)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    ranked = await ask(explorer, ORDINARY[0], 4)
    free.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert (len(ranked), await first) == (4, True)
    assert [type(answer) for answer in answers] == [Prospect] * (MOST_WAITING - 1) + [ModelBusy]
    assert await ask_prospect(explorer, ORDINARY[0], 4, EXPLORES) == prospect(explorer._model, ORDINARY[0], 4)
