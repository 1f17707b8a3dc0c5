"""How soon an apprentice does what the application does: in a world of 12 contexts and 5 actions."""

import random
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from shared.configuration.configuration import INITIAL_ARGUMENTS, RewardSettings
from shared.configuration.exploration import Exploration
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.learner import features
from shared.learner.arguments import DEFAULT_ARGUMENTS, parse
from shared.learner.model import Model
from shared.learner.training import train
from shared.log.log_line import event_line
from shared.log.ranked_event import RankedEvent
from shared.ranking.decision import NO_MODEL, decide, equal_chances

CONTEXTS, ACTIONS, EXPLORATION = 12, 5, 0.2
CEILING = 1 - EXPLORATION + EXPLORATION / ACTIONS
"""How often a perfect apprentice draws the baseline: it explores even then."""
_REWARDS = RewardSettings(1, 0.0, Aggregation.EARLIEST)


class World:
    """An application that shows one action in each context, and puts it first."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._shown = [self._random.randrange(ACTIONS) for _ in range(CONTEXTS)]

    def document(self, context: int) -> bytes:
        shown = self._shown[context]
        order = [shown, *(action for action in range(ACTIONS) if action != shown)]
        return features.document(
            [{"page": f"p{context}"}], [(f"a{action}", [{"kind": f"k{action}"}]) for action in order]
        )

    def visit(self) -> bytes:
        return self.document(self._random.randrange(CONTEXTS))

    def match_rate(self, model: Model) -> float:
        """The chance that the model draws what the application shows, over all contexts."""
        chances = (model.probabilities(self.document(context), ACTIONS)[0] for context in range(CONTEXTS))
        return sum(chances) / CONTEXTS


def match_rate(arguments: str, seed: int, folder: Path, events: int, each: int = 100) -> float:
    """The match rate after a number of events; the model in use changes with each hundred."""
    world, checked, model, old = World(seed), parse(arguments), None, None
    for start in range(0, events, each):
        lines = [_line(world.visit(), model, f"{seed}-{start + number}") for number in range(each)]
        log, new, predictor = folder / "log.json", folder / f"{start}.vw", folder / "predictor.vw"
        log.write_bytes(b"".join(line + b"\n" for line in lines))
        begin = checked.with_epsilon(EXPLORATION) if old is None else None
        train(log, new, arguments=begin, old_state=old, predictor=predictor, timeout=timedelta(minutes=1))
        old, model = new, Model.load(predictor.read_bytes(), checked, Exploration(EXPLORATION))
    assert model is not None
    return world.match_rate(model)


def _line(document: bytes, model: Model | None, event_id: str) -> bytes:
    chances = model.probabilities(document, ACTIONS) if model else equal_chances(ACTIONS)
    drawn = decide(chances, NO_MODEL, event_id, "default")
    order = orjson.dumps([position + 1 for position in drawn.order])
    chosen = orjson.dumps(drawn.probabilities)
    mode = LearningMode.APPRENTICE
    return event_line(RankedEvent(event_id, 0, document, order, chosen, NO_MODEL, False, mode), [], _REWARDS).text


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_apprentice_is_within_a_twentieth_of_its_ceiling_after_2000_events(seed: int, tmp_path: Path) -> None:
    """With the learning settings of a new loop."""
    assert match_rate(INITIAL_ARGUMENTS, seed, tmp_path, 2000) >= 0.95 * CEILING


def test_the_old_default_learns_too_slowly_for_that(tmp_path: Path) -> None:
    """Which is why new loops begin with other settings."""
    assert match_rate(DEFAULT_ARGUMENTS, 1, tmp_path, 2000) < 0.6 * CEILING
