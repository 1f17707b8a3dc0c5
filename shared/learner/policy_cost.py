"""What a policy costs: how long Vowpal Wabbit predicts, estimated from learning arguments and numbers of features.

The constants were measured on one machine; `python -m benchmarks policy-cost` compares them with another.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from shared.learner.arguments import InvalidLearningArguments, LearningArguments
from shared.learner.cleaning import MAX_FEATURES
from shared.learner.feature_counts import Counts, Question, count_features
from shared.learner.generated_terms import ANY, combinations, parse_patterns

MAX_SECONDS = 0.25
"""What a prediction may take at most."""
EVENT_LOOP_SECONDS = 0.02
"""What a prediction may take in the event loop, in which no other call is answered meanwhile."""

_INTERACTIONS = ("--quadratic", "--cubic", "--interactions")
_NS = 1e-9
_TERM_NS: Mapping[int, float] = {19: 1.4, 20: 2.0, 21: 2.5, 22: 3.7}
"""To add up a term, by the bits of its weight's place: of many weights, the processor's caches hold few."""
_SMALL_TERM_NS = 1.2
"""The same with fewer bits."""
_COIN = 3
"""How many times as long that takes with `--coin`, which has more numbers for each weight."""
_SLOT_FACTORS = (1.0, 2.0, 3.4, 5.8)
"""How many times as long it takes with slots, by how many features a term is made of: all are made once more, with the
position of the slot."""
_LOOP_NS = 10
"""To begin another loop over the features of a namespace."""
_TRIPLE_NS = 12
"""To begin with three namespaces."""
_LISTED_NS = 800
"""To list one of the interactions that wildcards stand for; all are listed anew when a namespace is seen first."""
_ACTION_NS, _SAMPLED_ACTION_NS = 500, 3000
"""To begin with an action, without and with `--large_action_space`."""
_NAMESPACE_NS = 80
"""To begin with a namespace of an action or of the context, for each action."""
_BYTE_NS = 2.5
"""To parse a byte."""
_NAMESPACES = 95
"""Namespaces are told apart by their first letters, which are printable ASCII characters."""
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


class PolicyCost:
    """What predictions with some learning arguments cost.

    Attributes:
        reference: The Rank that the arguments are judged by.
        is_only_apart: Whether no prediction belongs into the event loop, since to list what the wildcards stand for
            takes too long.
    """

    def __init__(self, arguments: LearningArguments) -> None:
        """Compute what does not depend on a Rank."""
        options = dict(arguments.options)
        patterns = parse_patterns(value or "" for name, value in arguments.options if name in _INTERACTIONS)
        listed = sum(combinations(_NAMESPACES, pattern.wildcards) for pattern in patterns)
        self.reference = REFERENCE_RANKS[arguments.problem_type]
        self.is_only_apart = listed * _LISTED_NS * _NS > EVENT_LOOP_SECONDS
        self._patterns = [(pattern, pattern.without_last()) for pattern in patterns]
        self._ignored = {value or "" for name, value in arguments.options if name == "--ignore"}
        self._usable = {value or "" for name, value in arguments.options if name == "--keep"}
        self._passes = _count_passes(options)
        self._term_ns = _TERM_NS.get(int(options.get("--bit_precision") or 0), _SMALL_TERM_NS)
        self._term_ns *= _COIN if "--coin" in options else 1
        self._action_ns = _SAMPLED_ACTION_NS if "--large_action_space" in options else _ACTION_NS
        self._factors = _SLOT_FACTORS if self.reference.slots else (1.0,) * len(_SLOT_FACTORS)
        self._limits: dict[int, tuple[float, float]] = {}
        self._most_ns, feature_ns = self._limit_with(MAX_FEATURES + _OWN_FEATURES)
        self._most_byte_ns = feature_ns / _LEAST_BYTES[_SEPARATOR] + _BYTE_NS

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
        once_ns = sum(times * self._estimate_action(_add(shared, dict(action))) for action, times in kinds.items())
        return self._to_seconds(once_ns, question) * question.times

    def estimate_reference(self) -> float:
        """Seconds that a prediction takes for the reference, its features spread over the namespaces that count."""
        letters = {letter for pattern, _ in self._patterns for letter in pattern.letters}
        if not letters or any(pattern.wildcards for pattern, _ in self._patterns):
            letters.add(min(self._usable, default=ANY))
        size = 2 * self.reference.features // len(letters)
        once_ns = self.reference.actions * self._estimate_action(dict.fromkeys(letters, size))
        return self._to_seconds(once_ns, Question(b"", self.reference.actions, (b"",) * self.reference.slots))

    def _estimate_action(self, sizes: Counts) -> float:
        if self._ignored or self._usable:
            letters = (self._usable or sizes.keys()) - self._ignored
            sizes = {letter: size for letter, size in sizes.items() if letter in letters}
        total, namespaces = sum(sizes.values()), len(sizes)
        ns = self._term_ns * total * self._factors[1]
        for pattern, outer in self._patterns:
            order, wildcards = pattern.order, pattern.wildcards
            ns += self._term_ns * pattern.count(sizes, total) * self._factors[order]
            ns += _LOOP_NS * outer.count(sizes, total) * ((namespaces + wildcards - 1) / wildcards if wildcards else 1)
            ns += _TRIPLE_NS * combinations(namespaces, wildcards) * (order > 2)
        return ns * self._passes + namespaces * _NAMESPACE_NS + self._action_ns

    def _limit_with(self, shared: int) -> tuple[float, float]:
        """What an action takes at most that has only shared features, and what each of its own features adds at most.

        The limit of some features is convex up to as many as there are namespaces, and from there on.
        """
        if shared not in self._limits:
            least_ns, ends = self._limit(shared), (_NAMESPACES, shared + MAX_FEATURES)
            slopes = [(self._limit(end) - least_ns) / (end - shared) for end in ends if end > shared]
            self._limits[shared] = least_ns, max(slopes)
        return self._limits[shared]

    def _limit(self, features: int) -> float:
        """What an action with so many features takes at most: all combinations, in as many namespaces as can be."""
        namespaces = min(features, _NAMESPACES)
        ns = self._term_ns * features * self._factors[1]
        for order in {pattern.order for pattern, _ in self._patterns}:
            terms, outer = combinations(features, order), combinations(features, order - 1)
            ns += self._term_ns * terms * self._factors[order]
            ns += _LOOP_NS * min(terms, outer * (_NAMESPACES + order - 1) / order)
        for pattern, _ in self._patterns:
            ns += _TRIPLE_NS * combinations(namespaces, pattern.wildcards) * (pattern.order > 2)
        return ns * self._passes + namespaces * _NAMESPACE_NS + self._action_ns

    def _to_seconds(self, once_ns: float, question: Question) -> float:
        """The time of a prediction, from that of scoring all actions once; each slot leaves fewer of them."""
        actions, slots = question.actions, len(question.slots)
        rounds = slots - slots * (slots - 1) / 2 / actions if slots else 1.0
        return (once_ns * rounds + question.size_bytes * _BYTE_NS) * _NS


def is_affordable(arguments: LearningArguments) -> bool:
    """Whether a prediction for the reference is quick enough."""
    return PolicyCost(arguments).estimate_reference() <= MAX_SECONDS


def demand_affordable(arguments: LearningArguments) -> None:
    """Refuse learning arguments that would be too slow already for the reference.

    Raises:
        InvalidLearningArguments: Says how long a prediction would take, and what may be changed.
    """
    cost = PolicyCost(arguments)
    if (seconds := cost.estimate_reference()) > MAX_SECONDS:
        raise InvalidLearningArguments(
            "arguments",
            f"take Vowpal Wabbit about {seconds:.2g} s for a Rank of {cost.reference}, and {MAX_SECONDS:g} s are "
            "allowed: use fewer or shorter interactions, namespaces in place of colons, or a smaller --bag, --cover, "
            "--rnd or -b",
        )


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
