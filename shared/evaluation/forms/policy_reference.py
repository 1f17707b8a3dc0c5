"""Which policy of which evaluation is to be used, over HTTP."""

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from shared.web.errors import InvalidPolicyContract, InvalidRequest
from shared.web.json_forms import Wire

_Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class PolicyReferenceContract(Wire):
    """A policy of an evaluation."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidPolicyContract

    evaluation_id: _Name
    policy_name: _Name


class ApplyRequest(Wire):
    """A policy of the evaluation in the path, and whether it is wanted although it may be no better."""

    policy_name: _Name
    confirm: bool = False
