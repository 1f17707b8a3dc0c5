"""What storage deletes by itself, and what it keeps of what was deleted."""

from shared.storage import paths
from shared.storage.paths import this_loop
from tests.infra.bicep.expressions import Array, Call, Each, Expression, Literal, Name, Object, Operation, Text, walk
from tests.infra.bicep.template import Value
from tests.infra.project import template

_POLICY = "Microsoft.Storage/storageAccounts/managementPolicies"


def test_storage_deletes_nothing_but_log() -> None:
    """Models, the trainer's state and exports are older than any number of days; and nothing is moved."""
    actions = _rule().get("definition", "actions")
    assert isinstance(actions, Object)
    base = actions.get("baseBlob")
    assert isinstance(base, Object)

    assert _rule().get("definition", "filters", "prefixMatch") == Array((Text((this_loop().logs,)),))
    assert (actions.names, base.names) == (["baseBlob"], ["delete"])


def test_storage_deletes_log_only_if_somebody_says_after_how_many_days() -> None:
    """By default the loop alone decides. A rule that a deployment leaves out stays, so it is there, switched off."""
    policy, default = template().only(_POLICY), template().main.get("logLifecycleDays", "parameter")
    days = _rule().get("definition", "actions", "baseBlob", "delete", "daysAfterModificationGreaterThan")
    given = Name("logLifecycleDays")
    assert default is not None

    assert not policy.conditional
    assert _rule().get("enabled") == Operation(">", (given, Literal(0)))
    assert days == Call("max", (given, Literal(1)))
    assert template().render(Value(policy.file, given)) == "{main.logLifecycleDays}"
    assert default.value == Literal(0)


def test_no_earlier_state_of_a_blob_is_kept() -> None:
    """A redaction has to take out what it takes out, and the trainer's state is written anew again and again."""
    blob_service = template().only("Microsoft.Storage/storageAccounts/blobServices").body

    assert Literal(value=False) == blob_service.get("properties", "isVersioningEnabled")
    assert Literal(value=False) == blob_service.get("properties", "deleteRetentionPolicy", "enabled")


def test_the_containers_are_those_of_the_loop_and_the_platforms() -> None:
    """A role can then be given on one of them before the first Rank."""
    containers = template().only("Microsoft.Storage/storageAccounts/blobServices/containers").declaration.value
    assert isinstance(containers, Each)
    used = {paths.split_path(path)[0] for path in (this_loop().state, this_loop().exports)}

    assert used | {"deployments"} == {text.plain for text in _texts(containers.over)}


def _rule() -> Object:
    """The one rule of the account."""
    policy = template().only(_POLICY)
    rules = policy.body.get("properties", "policy", "rules")
    assert isinstance(rules, Array)
    (rule,) = rules.items
    assert isinstance(rule, Object)
    return rule


def _texts(expression: Expression | None) -> list[Text]:
    assert expression is not None
    return [part for part in walk(expression) if isinstance(part, Text)]
