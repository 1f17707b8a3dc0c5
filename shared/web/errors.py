"""Refusals of requests: the problem and its place, never the status that it gives."""

from shared.access.role import Role
from shared.errors import LoopError


class NotAuthorized(LoopError):
    """The call carries none of the loop's keys."""


class NotAllowed(LoopError):
    """The caller is known, and may not do this: the key's or the token's role does not have it."""

    def __init__(self, caller: str, wanted: Role) -> None:
        of_all = "a key of the deployment, or the role admin for all loops"
        needed = of_all if wanted is Role.OWNER else f"the role {wanted}"
        super().__init__(f"Access denied: this needs {needed}, which {caller} does not have.")


class ExpiredKey(NotAuthorized):
    """The call carries a key of the loop whose time is over."""


class LoopExists(LoopError):
    """There is a loop of that name, so that it gets no settings of another."""

    def __init__(self) -> None:
        super().__init__("There is a loop of that name, with settings of its own. Nothing was changed.")


class LoopBeingDeleted(LoopError):
    """A loop of that name was deleted, and something of it may be left."""

    def __init__(self) -> None:
        super().__init__("A loop of that name was deleted, and what it had is being removed: try again in 15 minutes.")


class TooManyCalls(LoopError):
    """More calls than are taken on at a time.

    Attributes:
        retry_after: Seconds after which another try makes sense.
    """

    def __init__(self, problem: str, retry_after: int) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


class InvalidToken(NotAuthorized):
    """The call carries a bearer token that does not open the loop; the text says why and holds nothing of it."""


class SigningKeysAway(LoopError):
    """The issuer of bearer tokens does not give its keys.

    Attributes:
        retry_after: Seconds after which another try makes sense.
    """

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(f"the keys that sign bearer tokens could not be fetched: {reason}")
        self.retry_after = retry_after


class MayHaveHappened(LoopError):
    """Storage does not say whether it has made what the call wanted, all of it or a part."""


class CustomerCallsBusy(LoopError):
    """As many calls as may be wait for addresses that customers have set.

    Attributes:
        retry_after: Seconds after which another try makes sense.
    """

    retry_after = 5

    def __init__(self) -> None:
        super().__init__(
            "Other calls wait for containers of this loop or of others. Nothing was changed; try again in some seconds."
        )


class LogReadersBusy(LoopError):
    """This instance reads the log for so many calls already that another would wait too long.

    Attributes:
        retry_after: Seconds after which another try makes sense.
    """

    retry_after = 5

    def __init__(self) -> None:
        super().__init__("The log is being read for many other calls. Nothing was changed; try again in some seconds.")


class UnknownPath(LoopError):
    """The call's path and method are those of no operation."""


class BodyWithoutLength(LoopError):
    """The body was sent in chunks, which the Functions host hands to no app."""

    def __init__(self) -> None:
        super().__init__(
            "The body was sent in chunks (Transfer-Encoding), which Azure Functions hands on to no app. "
            "Send it whole, with Content-Length. Nothing was changed."
        )


class TooLarge(LoopError):
    """More bytes than the loop takes.

    Attributes:
        what: The thing that is too large, such as "The body".
        limit_bytes: The most it may have.
    """

    def __init__(self, what: str, limit_bytes: int) -> None:
        super().__init__(f"{what} has more than {limit_bytes} bytes.")
        self.what = what
        self.limit_bytes = limit_bytes


class InvalidRequest(LoopError):
    """A request that says something it may not; nothing was changed.

    Attributes:
        problem: In plain words; never holds the value of a feature.
        place: Where in the request, such as `actions[3].id`; None for all of it.
    """

    def __init__(self, problem: str, place: str | None = None) -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem = problem
        self.place = place


class NotJson(InvalidRequest):
    """The body is no JSON; the place is its line and column."""


class TooManyValues(InvalidRequest):
    """A body with more values than the loop looks at."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The body has more than {most} values: texts, numbers, objects and lists.")


class UnknownApiVersion(InvalidRequest):
    """The query names no version of the API, or none that is known.

    Attributes:
        sent: The version in the query; None without one.
    """

    def __init__(self, sent: str | None, served: str) -> None:
        problem = "The query has no api-version" if sent is None else "That version is not known"
        super().__init__(f"{problem}; known is api-version={served}.", "api-version")
        self.sent = sent


class BinaryNotSupported(InvalidRequest):
    """Records in the binary format of local inference, which is not read here."""

    def __init__(self) -> None:
        super().__init__(
            "The binary records of local inference are not supported here: call rank, reward and activate instead."
        )


class InvalidRankRequest(InvalidRequest):
    """Actions, features or ids of a Rank that cannot be ranked."""


class TooManyActions(InvalidRankRequest):
    """More actions than one Rank may have."""


class TooCostlyRank(InvalidRankRequest):
    """A Rank that would keep the model busy for too long."""

    def __init__(self, seconds: float, most: float) -> None:
        super().__init__(
            f"The model would take about {seconds:.2g} s for it, and {most:g} s are allowed: send fewer actions, slots "
            "or features, or set learning settings with fewer interactions."
        )


class ModelBusy(LoopError):
    """More Ranks of the kind that keeps the model busy, or more explanations, than can wait.

    Attributes:
        retry_after: Seconds after which another try makes sense.
    """

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The model is busy with other calls that take long; this one did not happen. Try again.")


class InvalidMultiSlotApiAccess(InvalidRequest):
    """A multi-slot Rank on a loop that is not one."""

    def __init__(self) -> None:
        super().__init__("The loop is not multi-slot: its learning settings have no --ccb_explore_adf.")


class MultiSlotOnly(InvalidRequest):
    """A Rank for one action on a multi-slot loop."""

    def __init__(self) -> None:
        super().__init__("The loop is multi-slot (--ccb_explore_adf): call multislot/rank instead.")


class InvalidRewardRequest(InvalidRequest):
    """A reward that is no number in its range, or an event id that cannot be one."""


class InvalidEventIdToActivate(InvalidRequest):
    """An event id that cannot be one."""


class InvalidServiceConfiguration(InvalidRequest):
    """A field of the service configuration that is out of its range."""


class InvalidExplorationShares(InvalidRequest):
    """A share of the exploration that is out of its range."""


class InvalidRewardWaitTime(InvalidRequest):
    """A reward wait time that is too short or too long."""


class InvalidLogRetentionDays(InvalidRequest):
    """A log retention too short for the reward wait time."""


class InvalidModelRetrainDays(InvalidRequest):
    """More days to learn anew from than logs are kept, or less than none."""


class InvalidSasUri(InvalidRequest):
    """A log mirror without the address of a container that can be written to."""


class InvalidPolicyContract(InvalidRequest):
    """Learning settings whose name or arguments are missing or too long."""


class InvalidPolicyConfiguration(InvalidRequest):
    """Learning arguments that the loop does not take."""


class InvalidEvaluationContract(InvalidRequest):
    """An evaluation whose fields are missing or cannot be those of one."""


class InvalidDateTimesInEvaluationContract(InvalidEvaluationContract):
    """A range to evaluate that ends before it begins, or lies outside all time."""


class DuplicateCustomPolicyNames(InvalidEvaluationContract):
    """Custom learning settings that are called like others of the same evaluation."""


class MaximumEvaluationCustomPoliciesExceeded(InvalidEvaluationContract):
    """More custom learning settings than one evaluation may have."""


class EvaluationAlreadyExists(InvalidRequest):
    """An evaluation of that id is there already."""

    def __init__(self) -> None:
        super().__init__("An evaluation of that id is there already: choose another id, or delete that one.")


class TooManyInWork(LoopError):
    """As many evaluations, or feature importances, as may be are in work."""

    def __init__(self, most: int, what: str) -> None:
        super().__init__(f"{most} {what} are in work, as many as may be: wait until one has ended, or delete one.")


class EvaluationNotFound(LoopError):
    """No evaluation of that id is kept."""

    def __init__(self) -> None:
        super().__init__("There is no evaluation of that id: GET evaluations lists those that are.")


class IncompatibleEvaluationVersion(LoopError):
    """An evaluation that an older version of the API made is read in a newer version."""

    def __init__(self) -> None:
        super().__init__("The evaluation was made by an older version of the API: read it in a v1 version.")


class EvaluationNotCompleted(InvalidRequest):
    """A policy is to be used of an evaluation that has not come to its end."""

    def __init__(self, status: str) -> None:
        super().__init__(f"The evaluation is not completed: its status is {status}.", "evaluationId")


class LearningSettingsNotFound(LoopError):
    """An evaluation has no policy of that name, or one that does not learn."""

    def __init__(self, policy_name: str) -> None:
        super().__init__(
            f"The evaluation has no learning settings called {policy_name[:256]}: GET evaluations/{{id}} tells its "
            "policies, of which online, baseline1 and baselineRand cannot be applied."
        )


class EvaluationModelNotFound(LoopError):
    """What a policy of an evaluation has learned is not kept."""

    def __init__(self) -> None:
        super().__init__("What the policy learned in the evaluation is not kept, or cannot be used.")


class NotCertainlyBetter(LoopError):
    """A policy is to be used that may earn no more than what the loop does, and nobody has confirmed that."""

    def __init__(self, doubt: str) -> None:
        super().__init__(f'{doubt} Send "confirm": true to apply it nevertheless.')


class InvalidImport(InvalidRequest):
    """An import whose fields are missing, or whose files cannot be found."""


class ImportAlreadyExists(InvalidRequest):
    """An import of that id is there already."""

    def __init__(self) -> None:
        super().__init__("An import of that id is there already: choose another id, or delete that one.", "id")


class ImportNotFound(LoopError):
    """No import of that id is kept."""

    def __init__(self) -> None:
        super().__init__("There is no import of that id: GET imports lists those that are.")


class ImportNotCompleted(LoopError):
    """What an import has learned is to be used before it has come to its end, or although it has failed."""

    def __init__(self, status: str) -> None:
        super().__init__(f"The import is not completed: its status is {status}.")


class ImportModelNotFound(LoopError):
    """What an import has learned is not kept."""

    def __init__(self) -> None:
        super().__init__("The model that the import learned is damaged, or was deleted: import the files again.")


class ModelInUse(LoopError):
    """A model is to be replaced that the loop has learned, and nobody has confirmed that."""

    def __init__(self, model_id: str) -> None:
        super().__init__(
            f"The loop has a model in use, {model_id}. "
            'Send "confirm": true to put the settings and the model of the import in its place.'
        )


class InvalidContract(InvalidRequest):
    """A feature importance whose fields are missing or cannot be those of one."""


class FeatureImportanceAlreadyExists(InvalidRequest):
    """A feature importance of that id is there already."""

    def __init__(self) -> None:
        super().__init__("A feature importance of that id is there already: choose another id, or delete that one.")


class FeatureImportanceNotFound(LoopError):
    """No feature importance of that id is kept."""

    def __init__(self) -> None:
        super().__init__("There is no feature importance of that id: GET featureImportances lists those that are.")


class InvalidExportLogsRequest(InvalidRequest):
    """A range of log that cannot be one."""


class InvalidModelImportFormat(InvalidRequest):
    """A body that holds no model, or none that can be used."""


class InvalidModelImportSignature(InvalidRequest):
    """A model that is not signed, was changed after it was signed, or whose signer is not trusted."""


class ModelDoesNotFit(LoopError):
    """A model of another problem type than that of the learning settings."""


class UnknownModel(LoopError):
    """No model of that id is kept."""

    def __init__(self, model_id: str) -> None:
        super().__init__(f"No model {model_id[:100]} is kept: GET /rankloop/v1/models lists those that are.")


class ApprenticeModeNeverTurnedOn(LoopError):
    """Metrics of an apprentice, of a loop that never was an apprentice."""
