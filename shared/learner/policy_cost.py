"""What a policy costs: how long Vowpal Wabbit predicts, estimated from learning arguments and numbers of features.

The constants were measured on one machine; `python -m benchmarks policy-cost` compares them with another.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.learner.arguments import InvalidLearningArguments, LearningArguments
from shared.learner.cleaning import MAX_FEATURES
from shared.learner.feature_counts import Counts, Question, count_features
from shared.learner.generated_terms import ANY, NAMESPACES, Interaction, combinations, limit, parse_patterns

MAX_SECONDS = 0.25
"""What a prediction may take at most."""
MOST_DENSE_SECONDS = 5.0
"""What it may take at most if all features are in the namespaces of one interaction: what is slower learns nothing."""
EVENT_LOOP_SECONDS = 0.02
"""What a prediction may take in the event loop, in which no other call is answered meanwhile."""

_NS = 1e-9
_TERM_NS: Mapping[int, float] = {19: 1.4, 20: 2.0, 21: 2.5, 22: 3.7}
"""To add up a term, by the bits of its weight's place: of many weights, the processor's caches hold few."""
_SMALL_TERM_NS = 1.2
"""The same with fewer bits."""
_COIN = 3
"""How many times as long that takes with `--coin`, which has more numbers for each weight."""
_FACTORS = (1.0, 1.0, 1.0, 1.0, 1.7)
"""How many times as long it takes, by how many features a term is made of, up to four and more."""
_SLOT_FACTORS = (1.0, 2.0, 3.4, 5.8, 8.0)
"""The same with slots: all terms are made once more, with the position of the slot."""
_LISTED_NS = 800
"""To list one of the interactions that wildcards stand for; all are listed anew when a namespace is seen first."""
_ACTION_NS, _SAMPLED_ACTION_NS = 500, 3000
"""To begin with an action, without and with `--large_action_space`."""
_NAMESPACE_NS = 80
"""To begin with a namespace of an action or of the context, for each action."""
_BYTE_NS = 2.5
"""To parse a byte."""
_OWN_FEATURES = 2
"""What the loop adds to the features of an action."""
_NAME_ENDS, _SEPARATOR, _LIST_BEGINS = b'":', b",", b'":['
_LEAST_BYTES = {_NAME_ENDS: 6, _SEPARATOR: 2}
"""Of a feature: of one with a name, and of one in an array of numbers."""
_OWN_LISTS = 2
"""The lists of a document, beside one for each action and each slot; each array of numbers is one more."""
_PARTS = 3
"""Context, action and slot."""
_ACTIONS_BEGIN, _ACTION_BEGINS = b'"_multi":', b'{"i":'


class ReferenceRank(NamedTuple):
    """The Rank by which learning arguments are judged when they are set.

    Attributes:
        features: Of the context, and of each action.
        slots: 0 for a Rank of one choice.
    """

    actions: int
    features: int
    slots: int

    def __str__(self) -> str:
        """Name it in a sentence."""
        slots = f"{self.slots} slots and " if self.slots else ""
        return f"{slots}{self.actions} actions with {self.features} features each, and {self.features} of the context"


REFERENCE_RANKS = {"cb": ReferenceRank(50, 150, slots=0), "ccb": ReferenceRank(10, 100, slots=5)}
"""By problem type: larger than nearly all Ranks, smaller than the largest that are taken."""


class Work(NamedTuple):
    """What a Rank makes Vowpal Wabbit do.

    Attributes:
        features: How many are added up, products of features among them.
    """

    features: float
    seconds: float


class PolicyCost:
    """What predictions with some learning arguments cost.

    Attributes:
        reference: The Rank that the arguments are judged by.
        is_only_apart: Whether no prediction belongs into the event loop, since to list what the wildcards stand for
            takes too long.
    """

    def __init__(self, arguments: LearningArguments) -> None:
        """Compute what does not depend on a Rank."""
        options, patterns = dict(arguments.options), parse_patterns(arguments.interactions)
        self.reference = REFERENCE_RANKS[arguments.problem_type]
        self._ignored = {value or "" for name, value in arguments.options if name == "--ignore"}
        self._usable = {value or "" for name, value in arguments.options if name == "--keep"}
        self._passes = _count_passes(options)
        self._action_ns = _SAMPLED_ACTION_NS if "--large_action_space" in options else _ACTION_NS
        self._listing_seconds = sum(combinations(NAMESPACES, each.wildcards) for each in patterns) * _LISTED_NS * _NS
        self.is_only_apart = self._listing_seconds > EVENT_LOOP_SECONDS
        term_ns = _TERM_NS.get(int(options.get("--bit_precision") or 0), _SMALL_TERM_NS)
        factors = _SLOT_FACTORS if self.reference.slots else _FACTORS
        self._term_ns = [term_ns * factor * (_COIN if "--coin" in options else 1) for factor in factors]
        self._interactions = [Interaction.of(pattern, self._get_term_ns(pattern.order)) for pattern in patterns]
        self._limits: dict[int, tuple[float, float]] = {}
        self._most_ns, feature_ns = self._limit_with(MAX_FEATURES + _OWN_FEATURES)
        self._most_byte_ns = feature_ns / _LEAST_BYTES[_SEPARATOR] + _BYTE_NS

    def _get_term_ns(self, order: int) -> float:
        return self._term_ns[min(order, len(self._term_ns) - 1)]

    def is_light(self, question: Question) -> bool:
        """Whether an answer certainly takes no longer than the event loop may wait.

        Told without a look at single features: by lengths, or by what each feature has once in each part of a document.
        """
        document, actions, slots, times = question
        if not slots and self._is_small(document, actions):
            return not self.is_only_apart
        sign = _find_sign(question)
        if not slots and self._is_short(document, actions, _LEAST_BYTES[sign]):
            return not self.is_only_apart
        context, *own = document.split(_ACTION_BEGINS)
        if len(own) != actions or self.is_only_apart:
            return False  # a caller's feature looks like an action
        most = context.count(sign) + _count_most(own, sign) + _count_most(slots, sign) + _PARTS
        return self._to_seconds(actions * self._limit(most), question) * times <= EVENT_LOOP_SECONDS

    def _is_small(self, document: bytes, actions: int) -> bool:
        """Whether it is light even if its context has as many features as can be, and all features are short."""
        return actions * self._most_ns + len(document) * self._most_byte_ns <= EVENT_LOOP_SECONDS / _NS

    def _is_short(self, document: bytes, actions: int, least_bytes: int) -> bool:
        """Whether it is light even if context, and then some actions, have all features that their lengths allow."""
        context = document.find(_ACTIONS_BEGIN)
        action_ns, feature_ns = self._limit_with(min(context // least_bytes, MAX_FEATURES) + _OWN_FEATURES)
        ns = actions * action_ns + (len(document) - context) / least_bytes * feature_ns + len(document) * _BYTE_NS
        return ns <= EVENT_LOOP_SECONDS / _NS

    def estimate(self, question: Question) -> float:
        """Seconds that an answer takes."""
        counts = count_features(question)
        kinds = Counter(tuple(action.items()) for action in counts.actions)
        shared = _add(counts.context, _find_widest(counts.slots))
        once_ns = 0.0
        for action, times in kinds.items():
            sizes = self._select(_add(shared, dict(action)))
            once_ns += times * self._estimate_action(sizes, self._interactions)
        return self._to_seconds(once_ns, question) * question.times

    def estimate_reference(self) -> Work:
        """What the reference takes, its features spread over the namespaces that the interactions name."""
        return self._estimate_spread(self._interactions)

    def estimate_densest(self) -> Work:
        """What the reference takes if its features are in the namespaces of one interaction, the worst of all."""
        alone = (self._estimate_spread([interaction]) for interaction in self._interactions)
        return max(alone, key=lambda work: work.seconds, default=Work(0, 0))

    def _estimate_spread(self, interactions: Sequence[Interaction]) -> Work:
        sizes = self._select(self._spread(interactions))
        actions, total = self.reference.actions, sum(sizes.values())
        once_ns = actions * self._estimate_action(sizes, interactions)
        question = Question(b"", actions, (b"",) * self.reference.slots)
        products = sum(interaction.pattern.count(sizes, total) for interaction in interactions)
        features = (total + products) * actions * self._passes * _count_rounds(question)
        return Work(features, max(self._to_seconds(once_ns, question), self._listing_seconds))

    def _spread(self, interactions: Sequence[Interaction]) -> Counts:
        """The features of the reference by the namespaces that interactions name.

        Of those that all documents have, `i` holds an action's id, `F` what the context alone has, `j` an action alone.
        """
        letters = {letter for interaction in interactions for letter in interaction.pattern.letters}
        if not letters or any(interaction.wildcards for interaction in interactions):
            letters.add(min(self._usable, default=ANY))
        size = 2 * self.reference.features // len(letters)
        most = {"i": _OWN_FEATURES, "F": self.reference.features, "j": self.reference.features}
        return {letter: min(size, most.get(letter, size)) for letter in letters}

    def _select(self, sizes: Counts) -> Counts:
        """The features that are not ignored."""
        if not self._ignored and not self._usable:
            return sizes
        letters = (self._usable or sizes.keys()) - self._ignored
        return {letter: size for letter, size in sizes.items() if letter in letters}

    def _estimate_action(self, sizes: Counts, interactions: Sequence[Interaction]) -> float:
        """Nanoseconds to score an action, by the features that are not ignored."""
        total, namespaces = sum(sizes.values()), len(sizes)
        ns = self._term_ns[1] * total + sum(interaction.estimate(sizes, total) for interaction in interactions)
        return ns * self._passes + namespaces * _NAMESPACE_NS + self._action_ns

    def _limit_with(self, shared: int) -> tuple[float, float]:
        """What an action takes at most that has only shared features, and what each of its own features adds at most.

        The limit of some features is convex up to as many as there are namespaces, and from there on.
        """
        if shared not in self._limits:
            least_ns, ends = self._limit(shared), (NAMESPACES, shared + MAX_FEATURES)
            slopes = [(self._limit(end) - least_ns) / (end - shared) for end in ends if end > shared]
            self._limits[shared] = least_ns, max(slopes)
        return self._limits[shared]

    def _limit(self, features: int) -> float:
        """What an action with so many features takes at most: all combinations, in as many namespaces as can be."""
        namespaces = min(features, NAMESPACES)
        ns = self._term_ns[1] * features
        for order, number in Counter(interaction.order for interaction in self._interactions).items():
            once_ns = limit(features, order, self._get_term_ns(order))
            ns += once_ns * (number if order > 3 else 1)  # of four and more places, a product may be in two patterns
        ns += sum(interaction.walk(namespaces) for interaction in self._interactions)
        return ns * self._passes + namespaces * _NAMESPACE_NS + self._action_ns

    def _to_seconds(self, once_ns: float, question: Question) -> float:
        """The time of a prediction, from that of scoring all actions once."""
        return (once_ns * _count_rounds(question) + question.size_bytes * _BYTE_NS) * _NS


def is_affordable(arguments: LearningArguments) -> bool:
    """Whether a prediction for the reference is quick enough."""
    return _find_excess(PolicyCost(arguments)) is None


def demand_affordable(arguments: LearningArguments) -> None:
    """Refuse learning arguments that would be too slow already for the reference.

    Raises:
        InvalidLearningArguments: Says how many features a prediction would make, how long that takes, and what may be
            changed.
    """
    if (excess := _find_excess(PolicyCost(arguments))) is not None:
        raise InvalidLearningArguments("arguments", excess)


def _find_excess(cost: PolicyCost) -> str | None:
    """What is too much for the reference, in words that follow the arguments; None if nothing is."""
    spread, densest = cost.estimate_reference(), cost.estimate_densest()
    if spread.seconds > MAX_SECONDS:
        work, most, place = spread, MAX_SECONDS, ""
    elif densest.seconds > MOST_DENSE_SECONDS:
        work, most, place = densest, MOST_DENSE_SECONDS, ", all of them in the namespaces of one interaction"
    else:
        return None
    return (
        f"make about {_round(work.features)} features, which take Vowpal Wabbit about {_round(work.seconds)} s "
        f"for a Rank of {cost.reference}{place}, and {_round(work.features * most / work.seconds)} in {most:g} s are "
        "allowed: use fewer or shorter interactions, namespaces in place of colons, or a smaller --bag, --cover, "
        "--rnd or -b"
    )


def _round(figure: float) -> str:
    """A figure with two digits that count."""
    rounded = float(f"{figure:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def _count_rounds(question: Question) -> float:
    """How often all actions are scored; each slot leaves fewer of them."""
    actions, slots = question.actions, len(question.slots)
    return slots - slots * (slots - 1) / 2 / actions if slots else 1.0


def _count_passes(options: Mapping[str, str | None]) -> int:
    """How often each action is scored."""
    several = int(options.get("--bag") or options.get("--cover") or 1)
    return int(options["--rnd"] or 0) + 1 if "--rnd" in options else several


def _find_sign(question: Question) -> bytes:
    """What a document has as often as features, or but once less often: names, if no array has features without any."""
    lists = question.document.count(_LIST_BEGINS) + sum(slot.count(_LIST_BEGINS) for slot in question.slots)
    return _NAME_ENDS if lists == _OWN_LISTS + question.actions + len(question.slots) else _SEPARATOR


def _count_most(parts: Iterable[bytes], sign: bytes) -> int:
    return max((part.count(sign) for part in parts), default=0)


def _add(own: Counts, other: Counts) -> Counts:
    return {letter: own.get(letter, 0) + other.get(letter, 0) for letter in (*own, *other)} if other else own


def _find_widest(slots: Iterable[Counts]) -> Counts:
    """The most features of each namespace that any slot has."""
    widest = Counter[str]()
    for slot in slots:
        widest |= Counter(slot)
    return widest
