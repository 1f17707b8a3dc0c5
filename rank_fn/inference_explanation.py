"""The explanation in a Rank's answer, for loops whose configuration has `isInferenceExplainabilityEnabled`."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from shared.learner.explorer import Explorer
from shared.learner.feature_counts import Question
from shared.learner.policy_in_use import current_policy
from shared.ranking.decision import Decision
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.rank_bodies import Candidates
from shared.web.errors import ModelBusy, TooCostlyRank

if TYPE_CHECKING:
    from shared.learner.explanations.explanation import Explanation

_MOST_TERMS = 250_000
"""The most products of features and weights that the explanation of a Rank looks at: about 0.1 s."""
_MOST_FEATURES = 50
"""How many features and interactions are told of an action, the largest ones."""


async def with_explanation(
    answer: bytes,
    hot_path: HotPath[Explorer],
    current: CurrentSettings,
    candidates: Candidates,
    document: bytes,
    decision: Decision,
) -> bytes:
    """Add to an answer what the model that decided says of each action.

    Nothing is added if that model is not in use any more, or has too much to explain: the event is recorded already.
    """
    from shared.learner.prospect import explain_ranking

    policy = await current_policy(hot_path, current)
    explained: dict[int, Explanation] = {}
    if policy is not None and policy.model_id == decision.model_id:
        question = Question(document, len(decision.order))
        with suppress(ModelBusy, TooCostlyRank):
            model = await policy.explorer.ask(question, policy.exploration, lambda model: model)
            explained = await policy.explorer.explain(
                lambda: explain_ranking(model, document, decision.order, _MOST_TERMS)
            )
    ids = [candidates.ids[position] for position in candidates.eligible]
    actions = [{"id": ids[place], "features": [*_features(explanation)]} for place, explanation in explained.items()]
    return b'%b,"inferenceExplanation":%b}' % (answer[:-1], orjson.dumps(actions))


def _features(explanation: "Explanation") -> Iterable[dict[str, Any]]:
    largest = sorted(explanation.parts.items(), key=lambda part: (-abs(part[1]), part[0]))[:_MOST_FEATURES]
    for names, score in largest:
        yield {"name": "^".join(feature.short_name for feature in names), "score": score}
