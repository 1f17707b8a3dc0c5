"""A run without functions and storage: the same draws by the same models, and so the same log, in this process."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localhost.demo.calls import action_features, context_features
from localhost.demo.figures import Played
from localhost.demo.purchases import Purchase
from localhost.demo.run import ROUNDS, cut
from shared.configuration.configuration import INITIAL_ARGUMENTS, Configuration, new_configuration
from shared.intake.rows import Observation
from shared.learner import features
from shared.learner.arguments import parse
from shared.learner.model import Model
from shared.log import log_line
from shared.log.logged_event import read_event
from shared.log.ranked_event import from_decision
from shared.ranking.decision import NO_MODEL, decide, equal_chances
from shared.storage.paths import this_loop
from shared.times import SECOND

_BEGIN_US = 1_700_000_000 * SECOND


def log_of(
    name: str, purchases: Sequence[Purchase], rounds: int = ROUNDS, learning: str = INITIAL_ARGUMENTS
) -> list[bytes]:
    """The log of a run over purchases, one line an event.

    Args:
        name: With the event ids `<name>-0001` and so on, which decide what is drawn.
        learning: The loop's learning arguments; all else is as on a new loop.
    """
    loop, lines = _Loop(new_configuration(shards=1), learning), list[bytes]()
    for stretch in cut(purchases, rounds):
        some = [
            loop.event(f"{name}-{number:04}", number, purchase)
            for number, purchase in enumerate(stretch, len(lines) + 1)
        ]
        loop.learn(some)
        lines += some
    loop.close()
    return lines


def rewards_of(log: Sequence[bytes]) -> list[float]:
    """What the events of a log earned."""
    return [read_event(line).choices[0].reward for line in log]


class _Loop:
    """Ranks and learns."""

    def __init__(self, configuration: Configuration, learning: str) -> None:
        from shared.learner.vowpal_wabbit import Workspace

        self._rewards = configuration.rewards
        self._exploration = configuration.exploration
        self._arguments = parse(learning)
        options = self._arguments.with_epsilon(self._exploration.share)
        self._learner: Any = Workspace(arg_list=[*options, "--dsjson", "--quiet"])
        self._model: Model | None = None

    def event(self, event_id: str, number: int, purchase: Purchase) -> bytes:
        """Rank, take the reward, and give the line."""
        offers, at_us = purchase.offers, _BEGIN_US + number * SECOND
        document = features.document(
            context_features(purchase), [(offer.brand, action_features(offer)) for offer in offers]
        )
        count = len(offers)
        chances = self._model.probabilities(document, count) if self._model else equal_chances(count)
        decision = decide(chances, "rehearsed" if self._model else NO_MODEL, event_id, this_loop().name)
        event = from_decision(event_id, at_us, document, decision, deferred=False)
        reward = float(Played(purchase, offers[decision.order[0]].brand).reward)
        return log_line.event_line(event, [Observation(event_id, "reward", at_us, reward)], self._rewards).text

    def learn(self, lines: Sequence[bytes]) -> None:
        """Learn from lines, and rank by what was learned."""
        for line in lines:
            examples = self._learner.parse(line.decode())
            self._learner.learn(examples)
            self._learner.finish_example(examples)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model"
            self._learner.save(str(file))
            learned = file.read_bytes()
        self.close_model()
        self._model = Model.load(learned, self._arguments, self._exploration)

    def close_model(self) -> None:
        """Give the memory of the model in use back."""
        if self._model:
            self._model.close()

    def close(self) -> None:
        """Give all memory back."""
        self.close_model()
        self._learner.finish()
