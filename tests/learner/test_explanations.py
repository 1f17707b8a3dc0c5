"""Explanations: their parts are what Vowpal Wabbit itself adds up, for every kind of learning arguments."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import cos, fsum
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from shared.configuration.exploration import Exploration
from shared.learner import prospect
from shared.learner.arguments import parse
from shared.learner.driver_process import DriverProcess
from shared.learner.explanations.explainer import Explainer, Scored
from shared.learner.explanations.explanation import Explanation
from shared.learner.features import SlotsDocument, document, slots_document
from shared.learner.model import Model
from shared.learner.training import train
from shared.ranking.slots import Slot
from tests.unit.learner.lines import TIMEOUT, event, event_lines, line_of, write
from tests.unit.learner.test_features import choices, contexts

KINDS = [
    *("--cb_type mtr", "--cb_type ips -q ::", "--cb_type dr -q ij", "--cb_type dm -q ::", "-l 0.001 --power_t 0 -q ::"),
    *(
        "--epsilon 0.05 --squarecb -q ::",
        "--softmax --lambda 3",
        "--synthcover",
        "--first 10 --first_only",
        "--power_t 0",
    ),
    *("--regcb -q ::", "--regcbopt --mellowness 0.01", "--regcb --l2 0.01 -q ::", "--regcbopt --l1 0.001 --l2 0.001"),
    *("--bag 3 -q ::", "--bag 2 --greedify --cb_type dr", "--cover 3 -q ::", "--cover 1", "--cover 2 --cb_type dr"),
    *("--rnd 2 -q ::", "--coin -q ::", "--coin --bag 2", "--large_action_space -q ::", "--l1 0.0001 --l2 0.001 -q ::"),
    *("--marginal i -q ::", "--marginal ij --bag 2", "--marginal it -q :: --cubic :::", "--chain_hash -q ::"),
    *("--cubic :::", "-q i: -q :j --cubic F::", "--cubic ijF --cubic Fji -q ji -q ij", "--interactions iij -q tt"),
    *("--interactions jFiF -q ij", "--interactions FFFi --interactions tiijF --cubic tji", "--interactions ij::"),
    *("--cubic tji --cubic ttF --noconstant", "--ignore t -q ::", "--keep i --keep u", "--ignore_linear j -q ij"),
    *("--ignore i --ignore j --noconstant", "-b 10 -q ::", "-b 22 --cubic :::", "--random_seed 7 --nounif --cover 2"),
]
"""Learning arguments of every kind that is allowed."""
SLOT_KINDS = ["-q ::", "", "--cubic :::", "--squarecb -q sF", "--bag 2 --noconstant", "--cover 2", "--cb_type dr -q s:"]
SLOT_KINDS += ["--regcb --l2 0.01", "--chain_hash -q ::", "--marginal i", "--ignore s -q ::", "--coin --cubic ijF"]
SLOT_KINDS += ["--keep i --keep s --bag 2 --noconstant -q ::", "--rnd 2 -q i:", "--interactions iFjF --cubic ijF"]
CB, CCB = "--cb_explore_adf ", "--ccb_explore_adf "
ODD = document(
    [
        {"~é 日本": "x y|z:1^a*b", "empty": "", "n": [0.5, 0, -2, 1e-9]},
        {"time": {"Fa": {"deep": {"er": 1e6}}}},
        {"F": 3},
    ],
    [("a\tb", [{"u": {"kind": "k"}, "j": {"j": "j"}, "constant": 1, "id": "a"}]), ("", [{}, {"Fa": {"x": -1}}])],
)
"""Names that hold what separates names in Vowpal Wabbit's own output, equal first letters, and all kinds of values."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Trains models from the same lines, all in one process."""
    folder = tmp_path_factory.mktemp("models")
    logs = {CB: event_lines(200), CCB: _slots_lines(150)}
    with DriverProcess() as process:

        def model(kind: str, arguments: str, lines: Sequence[bytes] = ()) -> tuple[bytes, Model]:
            log, predictor = write(folder / "log.json", lines or logs[kind]), folder / "predictor"
            words = parse(kind + arguments).with_epsilon(0.2)
            train(log, folder / "state", arguments=words, old_state=None, predictor=predictor, timeout=TIMEOUT,
                  process=process)  # fmt: skip
            data = predictor.read_bytes()
            return data, Model.load(data, parse(kind + arguments), Exploration(0.2))

        yield model


@pytest.mark.parametrize("kind", KINDS)
def test_parts_add_up_to_the_score_of_vowpal_wabbit(models: Any, kind: str) -> None:
    """Which adds up 32-bit floats, so a millionth is the most that can be asked."""
    rng = Random(4)
    _, model = models(CB, kind)
    explainer = model.explainer()

    for text in [ODD, *(event(rng) for _ in range(5))]:
        scored = explainer.score(text)
        assert [action.cost for action in scored] == _own_scores(model, text)
        for action in scored:
            _demand_sum(action, explainer.explain(action), explainer)


@pytest.mark.parametrize("kind", SLOT_KINDS)
def test_parts_add_up_in_every_slot(models: Any, kind: str) -> None:
    """There, the slot's features are the context's, and its position is a feature."""
    rng = Random(5)
    _, model = models(CCB, kind)
    explainer = model.explainer()

    for count in (1, 2, 3):
        features, every = _page(rng), [0, 1, 2, 3]
        offers = [[[2]], [[2], [0]]][count - 2] if count > 1 else []
        text = replace(features, slots=features.slots[:count]).model_text(["s"] * count, [*offers, every])
        scored = explainer.score(text)
        assert [action.position for action in scored] == [at for at in every if [at] not in offers]
        for action in scored:
            _demand_sum(action, explainer.explain(action), explainer)


@pytest.fixture(scope="module")
def small(models: Any) -> Explainer:
    """A model so small that every feature has a weight, and many share one."""
    explainer: Explainer = models(CB, "-q :: -b 10", _random_lines(200))[1].explainer()
    return explainer


def _random_lines(number: int) -> list[bytes]:
    rng, lines = Random(6), list[bytes]()
    for _ in range(number):
        context, *actions = [{f"x{rng.random()}": rng.random() for _ in range(15)} for _ in range(3)]
        text = document([context], [("a", [actions[0]]), ("b", [actions[1]])])
        lines.append(line_of(text, 2, rng.randrange(2), rng.random()))
    return lines


@given(contexts, choices)
@settings(max_examples=100, deadline=None)
def test_parts_add_up_whatever_the_features(
    small: Explainer, context: list[Any], actions: list[tuple[str, list[Any]]]
) -> None:
    """Every feature that passes the gate has a name, and its weight is found."""
    for action in small.score(document(context, actions)):
        _demand_sum(action, small.explain(action), small)


def test_weights_that_several_features_share_are_counted(models: Any, small: Explainer) -> None:
    """What belongs to which of them, nobody can say; in a model of the usual size that is rare."""
    usual = models(CB, "-q ::", _random_lines(20))[1].explainer()
    text = document([{f"x{number}": 1 for number in range(30)}], [("a", [{"y": 1}])])

    assert sum(small.explain(action).shared_weights for action in small.score(text)) > 0
    assert sum(usual.explain(action).shared_weights for action in usual.score(text)) == 0


@pytest.mark.parametrize(
    ("kind", "policies"), [("--bag 3 -q ij", 3), ("--bag 2 --cb_type dr", 2), ("--cover 3", 1), ("--rnd 2 -q ij", 1)]
)
def test_of_several_policies_the_right_ones_are_explained(
    models: Any, kind: str, policies: int, tmp_path: Path
) -> None:
    """Of `--bag` the mean of all, of `--cover` and `--rnd` the first, as Vowpal Wabbit's audit names their weights."""
    data, model = models(CB, kind)
    text, explainer = event(Random(6)), model.explainer()
    audited = _audit(data, text, tmp_path)
    costs = audited[-4:] if "--rnd" in kind else audited[: 4 * policies]

    explained = [explainer.explain(action).score for action in explainer.score(text)]

    means = [-fsum(costs[action::4]) / policies for action in range(4)]
    assert means == pytest.approx(explained, abs=1e-4)


def test_a_slot_is_explained_given_the_likeliest_actions_before(models: Any) -> None:
    """Each slot's chances sum to 1 over what is left, and the parts to the difference of the best two."""
    _, model = models(CCB, "-q ::")
    slots = [Slot("top", range(4), 0), Slot("side", range(4), 1), Slot("third", [2], 2)]
    top, side, third = prospect.slot_prospects(model, _page(Random(7)), slots)

    for filled in (top, side):
        assert sum(filled.chances.values()) == pytest.approx(1)
        assert filled.comparison is not None
        assert filled.chances[filled.comparison.action] == max(filled.chances.values())
        assert fsum(part.difference for part in filled.comparison.parts) == pytest.approx(
            filled.comparison.difference, abs=1e-5
        )
    assert top.comparison is not None
    assert side.chances.keys() == top.chances.keys() - {top.comparison.action}
    assert (third.comparison, third.chances) == (None, {2: 1.0})


def test_what_has_too_many_terms_is_not_explained(models: Any) -> None:
    """A question must not keep the loop from ranking; the chances are there all the same."""
    _, model = models(CB, "--cubic :::")
    context = [{f"c{number}": 1 for number in range(200)}]
    text = document(context, [("a", [{"x": 1}]), ("b", [{"x": 2}])])

    answer = prospect.prospect(model, text, 2)

    assert answer.comparison is None
    assert "terms" in (answer.because or "")
    assert sum(answer.chances.values()) == pytest.approx(1)
    assert prospect.explain_ranking(model, text, [0, 1], 1000) == {}


def test_slots_share_the_terms_of_one_answer(models: Any) -> None:
    """Else a page of 50 slots would keep the loop from ranking for 50 times as long."""
    _, model = models(CCB, "--cubic :::")
    context, names = [{f"c{number}": 1 for number in range(80)}], [f"a{number}" for number in range(5)]
    page = slots_document(context, [(name, [{"x": 1}]) for name in names], [(name, []) for name in names])
    slots = [Slot(name, range(5), place) for place, name in enumerate(names)]

    prospects = list(prospect.slot_prospects(model, page, slots))

    explained = [each.comparison is not None for each in prospects]
    assert explained == [True, False, False, False, False]
    assert ["terms" in (each.because or "") for each in prospects[1:4]] == [True] * 3
    assert [sum(each.chances.values()) for each in prospects] == pytest.approx([1] * 5)


def test_an_embedding_is_one_feature_whose_parts_add_up(small: Explainer) -> None:
    """By its name, alone and with each other feature, in the context and in actions."""
    embedding = [cos(number) / 28 for number in range(1536)]
    text = document([{"question": embedding}], [("a", [{"answer": embedding[::-1]}]), ("b", [{"x": 1}])])

    action, other = small.score(text)

    explanation = small.explain(action)
    names = {" × ".join(feature.name for feature in parts) for parts in explanation.parts}
    assert {"context.question", "action.answer", "context.question × action.answer"} <= names
    assert not any("0" in name or "31" in name for name in names)
    _demand_sum(action, explanation, small)
    _demand_sum(other, small.explain(other), small)


def _demand_sum(scored: Scored, explanation: Explanation, explainer: Explainer) -> None:
    parts = explanation.parts.values()
    assert fsum(parts) == pytest.approx(explanation.score, abs=1e-6 * max(1.0, fsum(map(abs, parts))))
    assert not explainer.is_single_policy or explanation.score == -scored.cost


def _own_scores(model: Model, text: bytes) -> list[float]:
    """What Vowpal Wabbit itself says of each action before it explores."""
    workspace = model._workspace
    examples = workspace.parse(text.decode())
    workspace.predict(examples)
    scores = [example.get_partial_prediction() for example in examples[1:]]
    workspace.finish_example(examples)
    return scores


def _audit(data: bytes, text: bytes, folder: Path) -> list[float]:
    """The cost of each action by each policy, added up from what Vowpal Wabbit prints of a prediction."""
    model = folder / "model"
    model.write_bytes(data)
    code = (
        "import sys, vowpalwabbit\n"
        "workspace = vowpalwabbit.Workspace(arg_list=['-i', sys.argv[1], '-t', '--json', '--quiet', '--audit'])\n"
        "workspace.predict(workspace.parse(sys.stdin.read()))"
    )
    command = [sys.executable, "-c", code, str(model)]
    printed = subprocess.run(command, input=text, capture_output=True, check=True).stdout.decode()
    lines = [line for line in printed.splitlines() if line.startswith("\t")]
    number = r"(-?[\d.]+(?:e-?\d+)?)"
    return [fsum(float(x) * float(w) for x, w in re.findall(rf":{number}:{number}(?:\t|$)", line)) for line in lines]


def _page(rng: Random) -> SlotsDocument:
    context = [{"user": f"u{rng.randrange(3)}", "share": rng.random()}, {"time": {"hour": rng.randrange(24)}}]
    actions = [(f"a{number}", [{"kind": f"k{number % 3}", "price": rng.random()}]) for number in range(4)]
    return slots_document(
        context, actions, [("top", [{"size": "large"}, {"time": {"left": 2}}]), ("side", []), ("third", [{"size": 1}])]
    )


def _slots_lines(number: int) -> list[bytes]:
    rng = Random(8)
    return [_slots_line(rng, index) for index in range(number)]


def _slots_line(rng: Random, index: int) -> bytes:
    left, outcomes = [0, 1, 2, 3], list[dict[str, Any]]()
    for slot in range(3):
        rng.shuffle(left)
        cost = -float(rng.random() < 0.2 + 0.6 * (left[0] == slot))
        outcomes.append({"_label_cost": cost, "_id": str(slot), "_a": [*left], "_p": [1 / len(left)] * len(left)})
        left.pop(0)
    features = orjson.loads(_page(rng).log_text([range(4)] * 3))
    head = {"Timestamp": "2026-04-13T15:08:46.250000Z", "Version": "1", "EventId": f"e{index}"}
    return orjson.dumps(head | {"c": features, "_outcomes": outcomes, "VWState": {"m": "N/A"}})
