"""Prospects: what a model would show, with which chances, and what speaks for it. Nothing is drawn or recorded."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from shared.configuration.exploration import Exploration
from shared.learner.explanations.explanation import Contribution, Explanation, NotExplained, compare
from shared.learner.explorer import Explorer
from shared.learner.feature_counts import Question
from shared.learner.features import SlotsDocument
from shared.learner.model import Predictor
from shared.ranking.decision import equal_chances
from shared.ranking.slots import Slot, SlotChoice, decide

if TYPE_CHECKING:
    from shared.learner.explanations.explainer import Explainer, Scored

_MOST_TERMS = 700_000
"""The most products of features and weights that one answer looks at: a quarter of a second, and enough for two actions
with all features that a Rank may have, in pairs."""
_NO_MODEL = "There is no model yet, so all actions have the same chance."
_CERTAIN = "Only one action is left, so there is nothing to explain."


@dataclass(frozen=True, slots=True)
class ActionComparison:
    """What speaks for the likeliest action against the next one.

    Attributes:
        action: The position of the likeliest action; among actions with the same chance the one with the higher score.
        other: The position of the next one; None if there is no other action.
        difference: By how much the score of the one is higher.
        parts: What the difference consists of, the largest part first.
        shared_weights: How many weights belong to several parts at once, since their hashes collide.
    """

    action: int
    other: int | None
    difference: float
    parts: tuple[Contribution, ...]
    shared_weights: int


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a model would show, for an event or for one of its slots.

    Attributes:
        chances: By position of the action; actions that cannot be shown are not there.
        scores: The reward that the model expects of each of them, before exploration; empty if nothing is explained.
        because: Why nothing is explained; None if it is.
    """

    chances: Mapping[int, float]
    scores: Mapping[int, float]
    comparison: ActionComparison | None
    because: str | None


class Predicted(NamedTuple):
    """What a model predicts for an event or for one of its slots, before anything is explained.

    Attributes:
        model: What predicted; None for no model.
        document: What it was given.
        chances: As those of a `Prospect`.
        because: Why nothing is to be explained; None if it is.
    """

    model: Predictor | None
    document: bytes
    chances: Mapping[int, float]
    because: str | None = None


def prospect(model: Predictor | None, document: bytes, count: int) -> Prospect:
    """What a model would show of the actions of a document.

    Args:
        model: None gives every action the same chance.
        document: From `features.document`.
        count: The number of actions.
    """
    return _explain_all([_predict(model, document, count)])[0]


def slot_prospects(model: Predictor | None, document: SlotsDocument, slots: Sequence[Slot]) -> list[Prospect]:
    """What a model would show in each slot, if every slot before shows its likeliest action.

    All slots together are explained as far as the terms of one answer go.
    """
    return _explain_all(_predict_slots(model, document, slots))


async def ask_prospect(explorer: Explorer, document: bytes, count: int, exploration: Exploration) -> Prospect:
    """The same as `prospect`, of a model that Rank uses too; what takes long is not explained.

    Raises:
        TooCostlyRank, ModelBusy: As `Explorer.ask` and `Explorer.explain`.
    """
    question = Question(document, count)
    predicted = await explorer.ask(question, exploration, lambda model: _predict(model, document, count))
    return (await explorer.explain(lambda: _explain_all([predicted])))[0]


async def ask_slot_prospects(
    explorer: Explorer, document: SlotsDocument, slots: Sequence[Slot], exploration: Exploration
) -> Sequence[Prospect]:
    """The same as `slot_prospects`, of a model that Rank uses too; what takes long is not explained.

    Raises:
        TooCostlyRank, ModelBusy: As `Explorer.ask` and `Explorer.explain`.
    """
    question = document.question(times=len(slots))
    predicted = await explorer.ask(question, exploration, lambda model: _predict_slots(model, document, slots))
    return await explorer.explain(lambda: _explain_all(predicted))


def _predict(model: Predictor | None, document: bytes, count: int) -> Predicted:
    if model is None:
        return Predicted(None, document, dict(enumerate(equal_chances(count))), _NO_MODEL)
    return Predicted(model, document, dict(enumerate(model.probabilities(document, count))))


def _predict_slots(model: Predictor | None, document: SlotsDocument, slots: Sequence[Slot]) -> list[Predicted]:
    likeliest = _LikeliestFirst(model, document) if model else None
    decision = decide(slots, "", "", likeliest)
    predicted = []
    for place, choice in enumerate(decision.choices):
        chances = dict(sorted(zip(choice.order, choice.probabilities, strict=True)))
        text = likeliest.texts.get(place) if likeliest else None
        because = _NO_MODEL if likeliest is None else _CERTAIN if text is None else None
        predicted.append(Predicted(model, text or b"", chances, because))
    return predicted


def _explain_all(predicted: Sequence[Predicted]) -> list[Prospect]:
    """Explain what was predicted, one after another, as far as the terms of one answer go."""
    terms = _Terms()
    return [
        _add_reasons(model, document, chances, terms)
        if model is not None and because is None
        else Prospect(chances, {}, None, because)
        for model, document, chances, because in predicted
    ]


class _Terms:
    """The products of features and weights that one answer may still look at."""

    def __init__(self) -> None:
        self._left = _MOST_TERMS

    def spend(self, terms: int) -> None:
        """Spend some.

        Raises:
            NotExplained: There are not so many left.
        """
        if terms > self._left:
            raise NotExplained(
                f"Features and their interactions make {terms:,} terms; one answer explains at most {_MOST_TERMS:,}."
            )
        self._left -= terms


class _LikeliestFirst:
    """Lets a model fill the first open slot only, with its likeliest action, on which the next slot's chances depend.

    Attributes:
        texts: What the model was given for each slot with a choice.
    """

    def __init__(self, model: Predictor, document: SlotsDocument) -> None:
        self.texts: dict[int, bytes] = {}
        self._model = model
        self._document = document

    def __call__(self, offers: Sequence[Sequence[int]]) -> Sequence[SlotChoice | None]:
        place = next(place for place, offer in enumerate(offers) if len(offer) > 1)
        count = place + 1
        document = replace(self._document, slots=self._document.slots[:count])
        self.texts[place] = document.model_text([""] * count, offers[:count])
        *filled, choice = self._model.choices(self.texts[place], count)
        return [*filled, _put_likeliest_first(choice)]


def explain_ranking(model: Predictor, document: bytes, order: Sequence[int], most_terms: int) -> dict[int, Explanation]:
    """Explain the scores of ranked actions, the first first, as far as that many products of features go.

    Args:
        order: Positions of actions in the document.
    """
    explained: dict[int, Explanation] = {}
    try:
        explainer = model.explainer()
        scored = explainer.score(document)
        for position in order:
            most_terms -= explainer.count_terms(scored[position])
            if most_terms < 0:
                break
            explained[position] = explainer.explain(scored[position])
    except NotExplained:
        return {}
    return explained


def _put_likeliest_first(choice: SlotChoice | None) -> SlotChoice | None:
    if choice is None:
        return None
    pairs = sorted(zip(choice.order, choice.probabilities, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return SlotChoice(tuple(action for action, _ in pairs), tuple(chance for _, chance in pairs))


def _add_reasons(model: Predictor, document: bytes, chances: Mapping[int, float], terms: _Terms) -> Prospect:
    try:
        explainer = model.explainer()
        scored = {action.position: action for action in explainer.score(document) if action.position in chances}
        explained = {} if explainer.is_single_policy else _explain(explainer, scored.values(), terms)
        scores = {at: explained[at].score if explained else -action.cost for at, action in scored.items()}
        first, *others = sorted(scores, key=lambda at: (-round(chances[at], 6), -scores[at]))[:2]
        explained = explained or _explain(explainer, [scored[at] for at in (first, *others)], terms)
    except NotExplained as trouble:
        return Prospect(chances, {}, None, trouble.reason)
    return Prospect(chances, scores, _compare(explained, first, others[0] if others else None), None)


def _explain(explainer: "Explainer", actions: Collection["Scored"], terms: _Terms) -> dict[int, Explanation]:
    terms.spend(sum(map(explainer.count_terms, actions)))
    return {action.position: explainer.explain(action) for action in actions}


def _compare(explained: Mapping[int, Explanation], action: int, other: int | None) -> ActionComparison:
    best, second = explained[action], explained[other] if other is not None else None
    shared = best.shared_weights + (second.shared_weights if second else 0)
    return ActionComparison(
        action, other, best.score - (second.score if second else 0.0), compare(best, second), shared
    )
