"""Random multi-slot requests made to do harm, put through gate, models and training; run as a process of its own.

Ends with exit code 0 and prints how many requests were valid and how many refused.
"""

import random
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import vowpalwabbit

from shared.configuration.configuration import RewardSettings
from shared.configuration.exploration import Exploration
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.learner.arguments import parse
from shared.learner.features import InvalidFeatures, SlotsDocument, slots_document
from shared.learner.model import Model
from shared.log.log_line import event_line
from shared.log.ranked_event import from_multi_slot_decision
from shared.ranking.slots import MultiSlotDecision, Slot, decide
from tests.learner.hostile import CHARACTERS, TEXTS, Requests

REWARDS = RewardSettings(600_000_000, 0.0, Aggregation.EARLIEST)
AT_US = 1_764_075_002_123_456


class Slots:
    """Slots for requests: any ids, any exclusions that leave each its baseline, features that mean harm."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._requests = Requests(seed + 1000)

    def next(self, actions: int) -> tuple[list[Slot], list[tuple[str, list[Any]]]]:
        """Some slots and what describes them."""
        rng, count = self._rng, self._rng.randint(1, min(actions, 8))
        baselines = rng.sample(range(actions), count)
        slots = [Slot(self._id(number), self._choose_allowed(baseline, actions), baseline) for number, baseline in
                 enumerate(baselines)]  # fmt: skip
        return slots, [(slot.id, self._requests.next()[0] if rng.random() < 0.5 else []) for slot in slots]

    def event_id(self) -> str:
        """Any text."""
        return self._id(0)

    def _id(self, number: int) -> str:
        if self._rng.random() < 0.3:
            return "".join(map(chr, self._rng.choices(CHARACTERS, k=self._rng.randint(1, 8)))) + str(number)
        return self._rng.choice(TEXTS)[:200] + str(number)

    def _choose_allowed(self, baseline: int, actions: int) -> list[int]:
        if self._rng.random() < 0.4:
            return [*range(actions)]
        others = self._rng.sample(range(actions), self._rng.randint(0, actions))
        return sorted({baseline, *others})


class Reader:
    """Predicts from log lines and learns them, as a trainer would."""

    def __init__(self, state: str) -> None:
        self._workspace = vowpalwabbit.Workspace(arg_list=["-i", state, "--dsjson", "--quiet"])

    def first_slot(self, line: bytes, examples: int) -> dict[int, float]:
        """The chances of the first slot's actions."""
        return self._use(line, examples, learn=False)

    def learn(self, line: bytes, examples: int) -> None:
        """Learn from a line."""
        self._use(line, examples, learn=True)

    def _use(self, line: bytes, count: int, *, learn: bool) -> dict[int, float]:
        examples = self._workspace.parse(line.decode())
        try:
            assert len(examples) == count, f"{len(examples)} examples instead of {count}"
            if learn:
                self._workspace.learn(examples)
                return {}
            return dict(self._workspace.predict(examples)[0])
        finally:
            self._workspace.finish_example(examples)


def line_of(
    document: SlotsDocument, slots: list[Slot], decision: MultiSlotDecision, event_id: str, value: float
) -> bytes:
    """The log line of an event whose slots were all rewarded."""
    text = document.log_text([slot.allowed for slot in slots])
    mode = LearningMode.ONLINE
    event = from_multi_slot_decision(event_id, AT_US, text, decision, slots, deferred=False, mode=mode)
    rewards = [Observation(event_id, f"o{n}", AT_US + 1 + n, value, slot.id) for n, slot in enumerate(slots)]
    return event_line(event, rewards, REWARDS).text


def check(decision: MultiSlotDecision, slots: list[Slot]) -> None:
    """Every slot has an action of its own that it may show, with a probability."""
    actions = [choice.order[0] for choice in decision.choices]
    assert len(slots) == len(actions) == len(set(actions)), actions
    for slot, choice in zip(slots, decision.choices, strict=True):
        assert set(choice.order) <= set(slot.allowed), choice
        assert abs(sum(choice.probabilities) - 1) < 1e-6, choice
        assert 0 < choice.probabilities[0] <= 1, choice
        assert all(0 <= chance <= 1 for chance in choice.probabilities), choice


def main(folder: Path, seed: int, number: int, arguments: list[str]) -> None:
    """Take `number` requests through everything; `folder` holds `<index>.state` and `<index>.predictor`."""
    models = [
        Model.load((folder / f"{index}.predictor").read_bytes(), parse(text), Exploration(0.2))
        for index, text in enumerate(arguments)
    ]
    learners = [Reader(str(folder / f"{index}.state")) for index in range(len(arguments))]
    unchanged = [Reader(str(folder / f"{index}.state")) for index in range(len(arguments))]
    requests, places, rng, valid = Requests(seed), Slots(seed), random.Random(seed), 0
    turns = cycle(zip(arguments, models, unchanged, learners, strict=True))
    with (folder / f"{seed}.json").open("wb") as log:
        for _ in range(number):
            context, actions = requests.next()
            slots, described = places.next(len(actions))
            try:
                document = slots_document(context, actions, described)
            except InvalidFeatures:
                continue
            valid, event_id, examples = valid + 1, places.event_id(), 1 + len(actions) + len(slots)
            text, model, reader, learner = next(turns)
            decision = _fill(model, document, slots, event_id)
            check(decision, slots)
            line = line_of(document, slots, decision, event_id, rng.choice([0.0, 1.0, -1.0, 1e6]))
            assert b"\n" not in line
            _compare(decision, reader.first_slot(line, examples), text)
            learner.learn(line, examples)
            log.write(line + b"\n")
    sys.stdout.write(f"{valid} {number - valid}\n")


def _fill(model: Model, document: SlotsDocument, slots: list[Slot], event_id: str) -> MultiSlotDecision:
    seeds = [event_id + slot.id for slot in slots]
    return decide(slots, event_id, "m", lambda offers: model.choices(document.model_text(seeds, offers), len(slots)))


def _compare(decision: MultiSlotDecision, logged: dict[int, float], arguments: str) -> None:
    """What was ranked is what is logged, where the slots behind do not narrow the first one's choice."""
    first = decision.choices[0]
    remembers = (
        "--large_action_space" in arguments or "--rnd" in arguments
    )  # answers depend on earlier predictions, too
    if set(first.order) == logged.keys() and not remembers:
        chances = dict(zip(first.order, first.probabilities, strict=True))
        total = sum(logged.values())
        assert all(abs(chances[action] - chance / total) < 1e-6 for action, chance in logged.items()), (chances, logged)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
