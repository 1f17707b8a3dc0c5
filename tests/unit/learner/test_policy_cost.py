"""What a policy costs: the terms are those that Vowpal Wabbit makes, and no quick answer is too low."""

from collections.abc import Sequence
from operator import le
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.learner.arguments import DEFAULT_ARGUMENTS, DEFAULT_CCB_ARGUMENTS, InvalidLearningArguments, parse
from shared.learner.feature_counts import Question, count_features
from shared.learner.features import InvalidFeatures, document, slots_document
from shared.learner.generated_terms import parse_patterns
from shared.learner.policy_cost import EVENT_LOOP_SECONDS, PolicyCost, demand_affordable
from shared.learner.vowpal_wabbit import Workspace
from tests.unit.learner.test_features import choices, contexts

CB, CCB = "--cb_explore_adf", "--ccb_explore_adf"
MANY = [first + second for first in "FGMRT" for second in "jEOSX"]
"""Twenty-five pairs."""
patterns = st.lists(st.text("Fijab:", min_size=2, max_size=3), max_size=5)
long_patterns = st.lists(st.text("Fijab:", min_size=2, max_size=5).filter(lambda text: text.count(":") < 4), max_size=5)


def as_arguments(interactions: Sequence[str], others: str = CB) -> str:
    return " ".join([others, *(f"--interactions {pattern}" for pattern in interactions)])


def count_by_vowpal_wabbit(arguments: str, text: bytes) -> list[int]:
    """How many features each action has: its own and the constant, and products of its and the context's."""
    workspace = Workspace(arg_list=[*parse(arguments).words(), "--json", "--quiet"])
    examples = workspace._parse(text.decode())
    workspace.predict_multi(examples)
    counts = [example.get_feature_number() for example in examples[1:]]
    workspace._finish_example_multi_ex(examples)
    workspace.finish()
    return counts


@given(contexts, choices, patterns)
@example([{"x": 1}], [("a", [{"y": 2}])], ["ij", "ji", "Fij", "jFi", "Fi", "Fi"])
@settings(max_examples=60)
def test_the_terms_are_those_that_vowpal_wabbit_makes(
    context: list[Any], actions: list[tuple[str, list[Any]]], interactions: list[str]
) -> None:
    """Whatever the features and interactions: wildcards, repetitions, products that several interactions have."""
    try:
        text = document(context, actions)
    except InvalidFeatures:
        return
    assert count_by_vowpal_wabbit(as_arguments(interactions), text) == count_terms(text, len(actions), interactions)


@given(contexts, choices, long_patterns)
@settings(max_examples=60)
def test_no_more_terms_of_long_interactions_are_made_than_are_counted(
    context: list[Any], actions: list[tuple[str, list[Any]]], interactions: list[str]
) -> None:
    """Only of two long interactions with colons, a term may be counted twice."""
    try:
        text = document(context, actions)
    except InvalidFeatures:
        return
    counted = count_terms(text, len(actions), interactions)
    is_exact = sum(len(pattern) > 3 and ":" in pattern for pattern in interactions) < 2

    made = count_by_vowpal_wabbit(as_arguments(interactions), text)

    assert made == counted if is_exact else all(map(le, made, counted))


def count_terms(text: bytes, actions: int, interactions: Sequence[str]) -> list[int]:
    """How many terms each action is expected to have."""
    counts, parsed, expected = count_features(Question(text, actions)), parse_patterns(interactions), list[int]()
    for action in counts.actions:
        sizes = {letter: counts.context.get(letter, 0) + action.get(letter, 0) for letter in {*counts.context, *action}}
        products = sum(pattern.count(sizes, sum(sizes.values())) for pattern in parsed)
        expected.append(sum(action.values()) + 1 + products)
    return expected


sizes = st.sampled_from([0, 1, 3, 20, 100, 400])
letters = st.text("abcdefghijklm", min_size=1, max_size=13)
algorithms = st.sampled_from(["", "--bag 10", "--cover 4", "--coin -b 22", "--large_action_space", "--rnd 2"])


def features(count: int, namespaces: str) -> list[Any]:
    """Some features in some namespaces, in as few bytes as can be."""
    return [{letter: [1] * len(range(place, count, len(namespaces)))} for place, letter in enumerate(namespaces)]


@given(st.sampled_from([1, 2, 10, 50]), sizes, sizes, letters, long_patterns, algorithms, st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_what_is_light_at_a_glance_is_light(
    actions: int, own: int, context: int, namespaces: str, interactions: list[str], algorithm: str, slots: int
) -> None:
    """A glance looks at lengths and commas; the estimate, at each feature, is never above."""
    described = [(str(place), features(max(own, 1), namespaces)) for place in range(actions)]
    slots = min(slots, actions)
    if slots:
        places = [(str(place), features(own, namespaces)) for place in range(slots)]
        question = slots_document(features(context, namespaces), described, places).question(times=slots)
    else:
        question = Question(document(features(context, namespaces), described), actions)
    cost = PolicyCost(parse(as_arguments(interactions, f"{CCB if slots else CB} {algorithm}")))

    assert not cost.is_light(question) or cost.estimate(question) <= EVENT_LOOP_SECONDS


def test_a_feature_that_looks_like_an_action_makes_nothing_light() -> None:
    """The glance counts per action, and tells actions apart by how they begin."""
    cost = PolicyCost(parse(f"{CB} --bag 10 --cubic aaa"))
    pieces = [{f"x{place}": {"i": {"constant": 1, "id": "x"}, "a": [1] * 8}} for place in range(38)]
    disguised = Question(document([{"a": [1]}], [("x", pieces)]), 1)

    assert cost.estimate(disguised) > EVENT_LOOP_SECONDS
    assert not cost.is_light(disguised)
    assert cost.is_light(Question(document([{"a": [1]}], [("x", [{"a": [1] * 8}])]), 1))


@pytest.mark.parametrize(
    "arguments",
    [
        DEFAULT_ARGUMENTS,
        DEFAULT_CCB_ARGUMENTS,
        f"{CB} --bag 10 -q ::",
        f"{CB} --squarecb -q :: --cubic abi --cubic aai -b 20",
        f"{CB} --interactions aab --bag 2",
        f"{CCB} --cover 3 -q :: --cubic abi",
        as_arguments(["FFFi"]),
        as_arguments(["FFFi"], CCB),
        as_arguments([*MANY, "FFFi"]),
        as_arguments([f"{pair}i" for pair in MANY]),
    ],
)
def test_ordinary_policies_are_affordable(arguments: str) -> None:
    """The old service's defaults, and what is known to learn well."""
    demand_affordable(parse(arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        f"{CB} --bag 10 --cubic :::",
        f"{CB} --cubic aaa",
        f"{CCB} --cubic :::",
        as_arguments(["FFFFi"]),
        as_arguments(["abcd"]),
        as_arguments(["F" * 12]),
        as_arguments(["i" * 950]),
        as_arguments([f"{one}:" for one in "FGMRT"] + ["F:::"]),
    ],
)
def test_a_policy_that_is_not_affordable_is_told_its_price(arguments: str) -> None:
    """For which Rank, how many features it makes, how long, what is allowed, and what to change."""
    price = r"about [\d,]+ features, .* about \d.* s for .* actions .*, and [\d,]+ in 0\.25 s are allowed: use "
    with pytest.raises(InvalidLearningArguments, match=price):
        demand_affordable(parse(arguments))


def test_the_price_is_that_of_what_vowpal_wabbit_makes() -> None:
    """The figure by which arguments are refused is a count of features."""
    policy = as_arguments(["FFFi", "Fj"])
    third = [{f"x{place}": 1 for place in range(100)}]  # of 300 features, in the namespaces F and j
    text = document(third, [("a", third)])

    price = PolicyCost(parse(policy)).estimate_reference().features

    assert price == pytest.approx(50 * count_by_vowpal_wabbit(policy, text)[0], rel=0.001)


def test_a_long_interaction_is_not_hidden_among_others() -> None:
    """The features of the reference are spread thinly over many namespaces; those of an event may be in one."""
    with pytest.raises(InvalidLearningArguments, match=r"in the namespaces of one interaction, and [\d,]+ in 5 s are"):
        demand_affordable(parse(as_arguments([*MANY, "MMMMM"])))
