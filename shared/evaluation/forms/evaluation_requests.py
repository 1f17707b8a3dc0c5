"""Requests for offline evaluations and feature importances in each version."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import StringConstraints

from shared.configuration.forms.learning_settings import PolicyContract
from shared.evaluation.evaluation import Policy, Purpose, Source
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.evaluation.forms import evaluation_times as times
from shared.evaluation.names import is_own
from shared.web.errors import (
    DuplicateCustomPolicyNames,
    InvalidDateTimesInEvaluationContract,
    InvalidEvaluationContract,
    InvalidRequest,
    MaximumEvaluationCustomPoliciesExceeded,
)
from shared.web.json_bodies import MAX_ID
from shared.web.json_forms import SentMoment, Wire, at_most

MOST_POLICIES = 10

_Policies = Annotated[list[PolicyContract], at_most(MOST_POLICIES)]


class RangeContract(Wire):
    """A name and the range of log that something is found out about."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidEvaluationContract
    reversed_range: ClassVar[type[InvalidRequest]] = InvalidDateTimesInEvaluationContract

    name: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]
    start_time: SentMoment
    end_time: SentMoment

    def range_us(self) -> range:
        """The range in microseconds.

        Raises:
            InvalidRequest: `refusal` or `reversed_range`.
        """
        return times.read_range(self.start_time, self.end_time, self.refusal, self.reversed_range)

    def spec(self, of_id: str, *, purpose: Purpose = Purpose.EVALUATION, is_of_2022: bool = True) -> EvaluationSpec:
        """Make the specification of the request, still without policies.

        Raises:
            InvalidRequest: `refusal` or `reversed_range`.
        """
        range_us = self.range_us()
        return EvaluationSpec(of_id, self.name, range_us.start, range_us.stop, purpose, is_of_2022=is_of_2022)


class EvaluationContract(RangeContract):
    """An evaluation, before 2022-09-01-preview."""

    too_long: ClassVar[Mapping[str, type[InvalidRequest]]] = {"policies": MaximumEvaluationCustomPoliciesExceeded}

    policies: _Policies
    enable_offline_experimentation: bool | None = None


class EvaluationContract2022(RangeContract):
    """An evaluation; without a word, no policies are added and none are searched."""

    too_long: ClassVar[Mapping[str, type[InvalidRequest]]] = {"policies": MaximumEvaluationCustomPoliciesExceeded}

    policies: _Policies | None = None
    enable_policy_optimization: bool | None = None


def custom(policies: list[PolicyContract]) -> tuple[Policy, ...]:
    """Take the policies that a caller adds.

    Raises:
        DuplicateCustomPolicyNames: Two have one name, or one has a name that the evaluation itself uses.
    """
    names = [policy.name for policy in policies]
    for position, name in enumerate(names):
        if name in names[:position]:
            raise DuplicateCustomPolicyNames("A policy before has the same name.", f"policies[{position}].name")
        if is_own(name):
            raise DuplicateCustomPolicyNames(
                "Every evaluation has a policy of that name.", f"policies[{position}].name"
            )
    return tuple(Policy(policy.name, policy.arguments, Source.CUSTOM) for policy in policies)
