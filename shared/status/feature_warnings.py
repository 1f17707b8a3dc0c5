"""The warnings about features, from the profile of a loop."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

from shared.log.feature_names import BEGINNING, HASH_DIGITS, MAX_NAME
from shared.status.feature_profile import Profile, Sample
from shared.status.warnings import LoopWarning
from shared.words import list_names

_ENOUGH = 100
_NEARLY_ALL = 0.9
_NEW = 0.6
"""A share of different values that only ids and time stamps reach, even where the sketch underestimates the share."""
_MANY = 1000
"""Of fewer values than this, users who come again are as different as ids; but ids do not come again."""
_RARE = 0.02
_CUT_NAME = re.compile(rf"(.{{{BEGINNING}}})~[0-9a-f]{{{HASH_DIGITS}}}(?:\.|\Z)", re.DOTALL)
_SHOWN = 40
"""The characters that are shown of a long name."""


def feature_warnings(profile: Profile) -> list[LoopWarning]:
    """The warnings that a profile gives; none while its sample is small."""
    sample = profile.sample
    if sample.events < _ENOUGH:
        return []
    checks = (_names_cut, _always_new, partial(_always_the_same, profile), _namespaces_share_letter, _actions_alike)
    return [warning for check in checks if (warning := check(sample)) is not None]


def _names_cut(sample: Sample) -> LoopWarning | None:
    cut = {match[1][:_SHOWN] for path in sample.values if (match := _CUT_NAME.search(path))}
    if not cut:
        return None
    return LoopWarning(
        "FeatureNamesCut",
        f"Names of features have more than {MAX_NAME:,} characters and are cut, such as the one that begins with "
        f"{min(cut)}. A hash at their end keeps them apart.",
        f"Send names of at most {MAX_NAME:,} characters; what changes from event to event belongs into values.",
    )


def _always_new(sample: Sample) -> LoopWarning | None:
    new = {
        name: values
        for name, values in sample.values.items()
        if values.count >= _ENOUGH
        if values.names >= _NEARLY_ALL * values.count and values.different >= _NEW * values.count
        if values.count >= _MANY or not values.again
    }
    if not new:
        return None
    most = max(new.values(), key=lambda values: values.count)
    return LoopWarning(
        "FeaturesAlwaysNew",
        f"{list_names(sorted(new))} had a new value nearly every time, as an id or a time stamp has: "
        f"about {min(most.different, most.count):,} different values in {most.count:,} of the sample. "
        "Such a feature teaches nothing.",
        "Leave the feature out, or send what matters about it: the hour of the day, the kind of user.",
    )


def _always_the_same(profile: Profile, sample: Sample) -> LoopWarning | None:
    """Hours and days change slowly: of the context, a profile that is younger than a day knows too little."""
    chances = {"context": sample.events, "action": sample.actions, "slot": sample.slots}
    constant = [
        name
        for name, values in sample.values.items()
        if values.count >= max(_ENOUGH, chances[name.partition(".")[0]]) and values.different == 1
        if not name.startswith("context.") or (profile.knows_days and name not in profile.varied)
    ]
    if not constant:
        return None
    return LoopWarning(
        "FeaturesAlwaysTheSame",
        f"{list_names(sorted(constant))} had the same value in all {sample.events:,} events of the sample.",
        "Leave the feature out, or check whether it should differ. Numbers beyond 1,000,000 are learned as 1,000,000.",
    )


def _namespaces_share_letter(sample: Sample) -> LoopWarning | None:
    frequent = [space for space, events in sample.namespaces.items() if events >= _RARE * sample.events]
    groups = [names for names in _by_letter({*frequent, "i"}).values() if len(names) > 1]
    if not groups:
        return None
    lists = "; ".join(", ".join(names) for names in groups)
    return LoopWarning(
        "NamespacesShareLetter",
        f"These namespaces begin with the same letter: {lists}. "
        "Learning arguments name namespaces by their first letter, and cannot tell them apart.",
        "Give namespaces different first letters; F (the context's own), i (ids of actions), j (actions' own) and s "
        "(slots) are taken. While learning arguments name no letters, as -q :: does not, nothing is lost.",
    )


def _actions_alike(sample: Sample) -> LoopWarning | None:
    if sample.choices < _ENOUGH or sample.alike < _NEARLY_ALL * sample.choices:
        return None
    return LoopWarning(
        "ActionsAlike",
        f"In {sample.alike:,} of {sample.choices:,} events of the sample, the actions differ in nothing but their ids, "
        "so what is learned of one action says nothing of another action, or of a new one.",
        "Send features that tell actions apart, such as their kind, price or age.",
    )


def _by_letter(names: Iterable[str]) -> dict[str, Sequence[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        groups[name[:1]].append(name)
    return dict(groups)
