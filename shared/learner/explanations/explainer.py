"""Explains the scores of a loaded model by the weights that Vowpal Wabbit reads for them."""

from collections.abc import Callable, Iterable, Sequence
from math import fsum, sqrt
from typing import Any, NamedTuple

import orjson

from shared.learner.arguments import LearningArguments
from shared.learner.explanations import interactions
from shared.learner.explanations.explanation import Explanation, NotExplained
from shared.learner.explanations.interactions import Interaction
from shared.learner.explanations.marginals import Marginals
from shared.learner.explanations.named_features import name_features
from shared.learner.explanations.placed_examples import CONSTANT_NAMESPACE, place, with_context, with_slot
from shared.learner.explanations.terms import Example, TermSums, Weights, count_terms

_ROUNDING = 2**-22
"""By how much a score may be off, as a share of what is added up, times the square root of the number of terms: Vowpal
Wabbit adds up 32-bit floats."""
_PROBES = {
    "cb": b'{"_multi":[{"i":{"constant":1}}]}',
    "ccb": b'{"_multi":[{"i":{"constant":1}}],"_slots":[{"s":{"id":"x"}}]}',
}


class Scored(NamedTuple):
    """An action as Vowpal Wabbit scored it.

    Attributes:
        position: In the document.
        cost: By the policy that was asked last.
    """

    position: int
    example: Example
    cost: float


class Explainer:
    """Explains the scores of a loaded model.

    Where a model has several policies: of `--bag` the mean of all policies is explained; of `--cover` the first policy,
    the only one that learns from rewards alone; of `--rnd` the scores without their bonus for what is rare.
    """

    def __init__(self, workspace: Any, arguments: LearningArguments, data: bytes) -> None:
        """Take a workspace, whose weights are only read, its model's learning arguments, and its model's file."""
        options = dict(arguments.options)
        self._workspace = workspace
        given = interactions.parse(arguments.interactions)
        self._interactions = interactions.with_slots(given) if arguments.problem_type == "ccb" else given
        self._ignored = {ord(value or " ") for name, value in arguments.options if name == "--ignore_linear"}
        self._only = [value or "" for name, value in arguments.options if name == "--keep"]
        self._marginals = Marginals.read(data, options.get("--marginal") or "")
        self._stride = int(workspace.get_stride())
        self._mask = workspace.num_weights() * self._stride - 1
        self._policies, self._last = _policies(options, self._stride)
        self._factor = 1.0
        if "--l2" in options and arguments.needs_full_model:
            self._factor = self._measure_factor(_PROBES[arguments.problem_type])

    @property
    def is_single_policy(self) -> bool:
        """Whether an action's score is its cost with the other sign."""
        return self._policies == [self._last]

    def score(self, document: bytes) -> list[Scored]:
        """Let Vowpal Wabbit score the actions that a document offers; of a multi-slot one those left for its last slot.

        Args:
            document: As for `Model.probabilities` or `Model.choices`.

        Raises:
            NotExplained: Vowpal Wabbit made other features of the document than were expected.
        """
        named, workspace = name_features(orjson.loads(document)), self._workspace
        try:
            examples = workspace._parse(document.decode())
        except RuntimeError as error:
            raise NotExplained("The model cannot read the event.") from error
        try:
            context, *others = examples
            if len(others) != len(named.actions) + len(named.slots):
                raise NotExplained("The model reads other actions than the event has.")
            actions, slots = others[: len(named.actions)], others[len(named.actions) :]
            shared = place(context, named.context)
            if slots:
                slot = place(slots[-1], named.slots[-1])
                shared = with_slot(shared, slot, self._place_of_slot(len(slots) - 1))
            own = [place(action, names) for action, names in zip(actions, named.actions, strict=True)]
            workspace.predict_multi(examples)
            left = _list_left(context) if slots else range(len(own))
            return [Scored(at, with_context(own[at], shared), actions[at].get_partial_prediction()) for at in left]
        finally:
            workspace._finish_example_multi_ex(examples)

    def count_terms(self, scored: Scored) -> int:
        """How many products of features and weights an explanation has to look at."""
        return count_terms(scored.example, self._expand(scored)) * len(self._policies)

    def explain(self, scored: Scored) -> Explanation:
        """Explain the score of an action.

        Raises:
            NotExplained: The parts of the score do not add up to the score.
        """
        sums = self._sum(scored, self._policies)
        self._check(scored, sums if self.is_single_policy else self._sum(scored, [self._last]))
        parts = {names: -part / len(self._policies) for names, part in sums.parts.items()}
        return Explanation(-scored.cost if self.is_single_policy else fsum(parts.values()), parts, len(sums.shared))

    def _check(self, scored: Scored, sums: TermSums) -> None:
        parts = sums.parts.values()
        off, size = abs(fsum(parts) - scored.cost), max(1.0, fsum(map(abs, parts)))
        if not off <= _ROUNDING * size * sqrt(count_terms(scored.example, self._expand(scored))):
            raise NotExplained("The score is not the sum of what the weights say of the features.")

    def _expand(self, scored: Scored) -> list[Interaction]:
        return interactions.expand(self._interactions, scored.example.keys())

    def _measure_factor(self, probe: bytes) -> float:
        """The factor of all weights of a model with `--l2` that was not made for predicting; the package hides it."""
        scored = self.score(probe)[0]
        total = fsum(self._sum(scored, [self._last]).parts.values())
        return scored.cost / total if total else 1.0

    def _sum(self, scored: Scored, policies: Sequence[int]) -> TermSums:
        shift = self._stride.bit_length() - 1
        read = _reader(self._workspace, self._stride, self._factor)
        linear = [letter for letter in scored.example if letter not in self._ignored]
        sums = TermSums(scored.example, linear, self._expand(scored))
        for offset in policies:
            replaced = self._marginals.apply(scored.example, offset, self._mask, shift)
            sums.add(replaced, Weights(read, self._mask, offset))
        return sums

    def _place_of_slot(self, position: int) -> int:
        hashed = self._workspace.hash_feature(f"index{position}", self._workspace.hash_space("_id"))
        return int(hashed) * _measure_width(self._workspace, self._only)


def _policies(options: dict[str, str | None], stride: int) -> tuple[list[int], int]:
    """Where the weights of the policies to explain begin, and those of the policy that is asked last.

    Source: Vowpal Wabbit 9.11; `--cb_type dr` has two learners for each policy.
    """
    if bags := int(options.get("--bag") or 0):
        distance = stride * (2 if options.get("--cb_type") == "dr" else 1)
        offsets = [distance * bag for bag in range(bags)]
        return offsets, offsets[-1]
    cover = int(options.get("--cover") or 0)
    return [0], stride * cover if cover > 1 else 0


def _reader(workspace: Any, stride: int, factor: float) -> Callable[[int], float]:
    """Reads weights by their places, without the Python that the package wraps around every call."""
    from shared.learner.vowpal_wabbit import Workspace

    shift, low, get_weight = stride.bit_length() - 1, stride - 1, super(Workspace, workspace).get_weight
    if shift == 0 and factor == 1:
        return lambda at: float(get_weight(at, 0))
    return lambda at: float(get_weight(at >> shift, at & low)) * factor


def _list_left(context: Any) -> list[int]:
    """The positions of the actions that were left for the last slot, in ascending order."""
    return sorted(position for position, _ in context.get_decision_scores()[-1])


def _measure_width(workspace: Any, only: Iterable[str]) -> int:
    """By how much Vowpal Wabbit multiplies the hash of a feature, so that every policy has a weight of its own.

    Args:
        only: The namespaces that the model keeps; if there are none, it keeps all.
    """
    namespaces = ",".join(f'"{letter}":{{"x":1}}' for letter in dict.fromkeys(only)) or '"0":{"x":1}'
    examples = workspace._parse(f'{{{namespaces},"_multi":[{{"i":{{"x":1}}}}]}}')
    try:
        context = examples[0]
        letters = [context.namespace(position) for position in range(context.num_namespaces())]
        letter = next((letter for letter in letters if letter != CONSTANT_NAMESPACE), None)
        if letter is None:
            return 1  # without features there is nothing to multiply with
        return int(context.feature(letter, 0)) // int(workspace.hash_feature("x", workspace.hash_space(chr(letter))))
    finally:
        workspace._finish_example_multi_ex(examples)
