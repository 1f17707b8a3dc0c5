"""The policies that are given on the command line."""

from collections.abc import Sequence

from localhost.failures import CommandFailure
from localhost.setup.places import PLACES
from shared.configuration.configuration import problem_type
from shared.evaluation.evaluation import Policy, Source
from shared.evaluation.names import is_own
from shared.learner.arguments import InvalidLearningArguments, parse
from shared.learner.policy_cost import demand_affordable
from shared.web.json_bodies import MAX_ID

MAX_POLICIES = 10


def policies(given: Sequence[str]) -> tuple[Policy, ...]:
    """The policies, each as `NAME=ARGUMENTS` or as arguments alone, which are then named `policy-1` and so on.

    Raises:
        CommandFailure: Arguments that the loop does not take, too many policies, or a name that is too long or taken.
    """
    if len(given) > MAX_POLICIES:
        raise CommandFailure(
            f"{len(given)} policies were given, at most {MAX_POLICIES} are evaluated.",
            "Leave some of --policy out, and evaluate them in a second run.",
        )
    named = [_policy(text, number) for number, text in enumerate(given, 1)]
    names = [policy.name for policy in named]
    for name in names:
        if is_own(name) or names.count(name) > 1:
            raise CommandFailure(
                f"The name {name} is taken.",
                'Give each policy a name of its own, as in --policy "mine=--cb_explore_adf".',
            )
    return tuple(named)


def demand_fit(chosen: Sequence[Policy], log_kind: str) -> None:
    """See that policies are for events of a log's kind.

    Raises:
        CommandFailure: One is for the other problem type.
    """
    for policy in chosen:
        if problem_type(policy.arguments or "") != log_kind.partition("-")[0]:
            several = log_kind.startswith("ccb")
            raise CommandFailure(
                f"The policy {policy.name} is for events with {'one choice' if several else 'several slots'}, "
                f"the log has events with {'several slots' if several else 'one choice'}.",
                f"Use {'--ccb_explore_adf' if several else '--cb_explore_adf'} in its arguments.",
            )


def _policy(text: str, number: int) -> Policy:
    name, equals, arguments = text.partition("=")
    if not equals or text.lstrip().startswith("-"):
        name, arguments = f"policy-{number}", text
    name = name.strip()
    if not name:
        raise CommandFailure(
            f"The policy {text!r} has no name.", "Write --policy NAME=ARGUMENTS, or the arguments alone."
        )
    if len(name) > MAX_ID:
        raise CommandFailure(
            f"A policy's name has {len(name)} characters, at most {MAX_ID} are taken.",
            "Give it a shorter one.",
        )
    try:
        demand_affordable(parse(arguments))
    except InvalidLearningArguments as problem:
        raise CommandFailure(
            f"The policy {name} cannot be used: {problem}.",
            f"Correct its learning arguments; {PLACES.name_of('docs/api.md')} lists the options that they may have.",
        ) from problem
    return Policy(name, arguments.strip(), Source.CUSTOM)
