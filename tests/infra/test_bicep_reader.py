"""The reader of Bicep and its checks: each finds the fault that it is for, and finds nothing in good files."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.infra.bicep import comparison, lint
from tests.infra.bicep.expressions import (
    Call,
    Choice,
    Expression,
    Index,
    Lambda,
    Literal,
    Member,
    Name,
    Operation,
    Text,
    free_names,
)
from tests.infra.bicep.files import File, parse
from tests.infra.bicep.secrets import find_misplaced
from tests.infra.bicep.template import Template, Value
from tests.infra.bicep.types import find_mistyped
from tests.infra.samples import sample

Check = Callable[[Template], Iterable[str]]


def _of_files(check: Callable[[File], Iterable[str]]) -> Check:
    return lambda template: [problem for file in template.files for problem in check(file)]


def _errors(file: File) -> Iterator[str]:
    yield from file.errors


def _models(template: Template) -> Iterator[str]:
    for resource in template.resources():
        yield from comparison.wrong(template, resource)


CHECKS: dict[str, Check] = {
    "errors": _of_files(_errors),
    "undefined": _of_files(lint.find_undefined),
    "doubled": _of_files(lint.find_doubled),
    "unused": _of_files(lint.find_unused),
    "circular": _of_files(lint.find_circular),
    "undescribed": _of_files(lint.find_undescribed),
    "calls": lint.find_wrong_calls,
    "outputs": lint.find_unread_outputs,
    "types": find_mistyped,
    "versions": lint.find_mixed_versions,
    "secrets": find_misplaced,
    "models": _models,
    "reads": comparison.wrong_reads,
}


@pytest.mark.parametrize("name", CHECKS)
def test_good_files_are_good(tmp_path: Path, name: str) -> None:
    """Else the faults below would prove nothing."""
    assert list(CHECKS[name](sample(tmp_path))) == []


@pytest.mark.parametrize(
    ("check", "good", "bad", "problem"),
    [
        ("errors", "sku: { name: skuName }", "sku: { name skuName }", "no Bicep"),
        ("errors", "{ more: 'x' }", "{ ...tags }", "no Bicep"),
        ("errors", "sku: { name: skuName }", "resource inner 'x' = {}", "only `name: value` is known here"),
        ("undefined", "skuName: sku", "skuName: skew", "skew is not defined"),
        ("undefined", "-${service}", "-${servcie}", "servcie is not defined"),
        ("undefined", "union(tags", "unify(tags", "the function unify is not known"),
        ("undefined", "${uniqueString(resourceGroup().id)}", "${newGuid()}", "may only stand in a parameter's default"),
        ("undefined", "'Standard_LRS'\n", "loadTextContent('none.json')\n", "there is no such file to load"),
        ("undefined", "@allowed", "@alowed", "the decorator alowed is not known"),
        ("doubled", "var services", "var tags = 1\nvar services", "tags is declared 2 times"),
        ("unused", "[for service in services", "[for service in ['blob']", "the variable services is not used"),
        ("unused", "skuName: sku", "skuName: 'Standard_LRS'", "the parameter sku is not used"),
        ("unused", "var services", "var me = me\nvar services", "the variable me is not used"),
        ("unused", "  parent: vault\n", "", "the resource vault is not used"),
        ("circular", "var services", "var me = me\nvar services", "me needs itself"),
        (
            "circular",
            "  name: 'sample'\n  properties: { value: key }",
            "  name: '${insights.id}${secret.id}'",
            "secret needs",
        ),
        ("circular", "  kind: 'StorageV2'", "  kind: secret.name\n  dependsOn: [logs]", "logs needs itself"),
        ("types", "skuName: sku", "skuName: 1", "skuName is string, and gets int"),
        ("types", "skuName: sku", "skuName: tags", "skuName is string, and gets object"),
        ("types", "param skuName string", "param skuName int", "skuName is int, and gets string"),
        ("types", "= 'Standard_LRS'", "= true", "sku is string, and gets bool"),
        ("types", "output ADDRESS string", "output ADDRESS int", "ADDRESS is int, and gets string"),
        ("types", "param tags object = {}", "param tags object = []", "tags is object, and gets array"),
        ("undescribed", "@description('What')\n", "", "tags has no description"),
        ("calls", "'store.bicep'", "'stores.bicep'", "there is no stores.bicep"),
        ("calls", "    skuName: sku\n", "", "store.bicep needs skuName"),
        ("calls", "skuName: sku", "skuName: sku\n    kind: 'x'", "store.bicep takes no kind"),
        ("calls", "store.outputs.address", "store.outputs.adress", "store.bicep has no output adress"),
        ("calls", "  scope: group\n", "", "store.bicep is for a resourceGroup: say which by scope"),
        ("outputs", "store.outputs.address", "location", "the output address is not read"),
        ("versions", "vaults/secrets@2025-05-01", "vaults@2024-11-01", "microsoft.keyvault/vaults in"),
        ("secrets", "= store.outputs.address", "= key", "ADDRESS gets a secret"),
        (
            "secrets",
            "account.properties.primaryEndpoints.blob",
            "'${account.listKeys().keys[0].value}'",
            "gets a secret",
        ),
        ("secrets", "skuName: sku", "skuName: key", "store.params.skuName gets a secret"),
        ("secrets", "Type: 'web'", "Type: key", "insights.properties.Application_Type gets a secret"),
        ("secrets", "var services", "var copy = key\nvar services", "copy gets a secret"),
        ("models", "allowSharedKeyAccess", "alowSharedKeyAccess", "did you mean allowSharedKeyAccess?"),
        ("models", "defaultAction: 'Deny'", "defaultAction: 'Denied'", "networkAcls.defaultAction must be one of"),
        ("models", "[{ value: ", "[{ vlaue: ", "ipRules[].vlaue is not known; did you mean value?"),
        ("models", "'TLS1_2'", "'TLS12'", "minimumTlsVersion must be one of"),
        ("models", "allowSharedKeyAccess: false", "allowSharedKeyAccess: 'false'", "must be truth"),
        ("models", "RetentionInDays: 30", "RetentionInDays: '30'", "RetentionInDays must be number"),
        ("models", "RetentionInDays: 30", "ConnectionString: 'x'", "ConnectionString can only be read"),
        ("models", "Application_Type", "ApplicationType", "did you mean Application_Type?"),
        ("models", "'Standard_ZRS'", "'Standard_XRS'", "sku may be something else"),
        ("models", "more: 'x'", "more: 1", "tags.more must be text"),
        ("models", "sku: { name: skuName }", "sku: { tier: skuName }", "sku needs name"),
        ("models", "kind: 'StorageV2'\n", "", "needs kind"),
        ("models", "categoryGroup", "group", "logs[].group is not known"),
        ("models", "Microsoft.Insights/components@", "Microsoft.Insights/component@", "no model is known for"),
        ("reads", "primaryEndpoints.blob", "primaryEndpoint.blob", "did you mean primaryEndpoints?"),
        ("reads", "primaryEndpoints.blob", "primaryEndpoints.blobs", "did you mean blob?"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, check: str, good: str, bad: str, problem: str) -> None:
    """One fault of each kind; the parameters name its check."""
    problems = list(CHECKS[check](sample(tmp_path, good, bad)))

    assert any(problem in line for line in problems), problems


# Expressions

X, Y, Z = Name("x"), Name("y"), Name("z")


@pytest.mark.parametrize(
    ("source", "expression"),
    [
        ("x == y.z", Operation("==", (X, Member(Y, "z")))),
        ("x && (y == z).a", Operation("&&", (X, Member(Operation("==", (Y, Z)), "a")))),
        ("x ?? y.z.a", Operation("??", (X, Member(Member(Y, "z"), "a")))),
        ("x ? y.a : z.b[0]", Choice(X, Member(Y, "a"), Index(Member(Z, "b"), Literal(0)))),
        (
            "map(x, y => y.a && y.b)",
            Call("map", (X, Lambda(("y",), Operation("&&", (Member(Y, "a"), Member(Y, "b")))))),
        ),
        (
            "map(x, y => y.a ? 1 : z.b)",
            Call("map", (X, Lambda(("y",), Choice(Member(Y, "a"), Literal(1), Member(Z, "b"))))),
        ),
        ("x == y.f(1)", Operation("==", (X, Call("f", (Literal(1),), Y)))),
        ("!x.y", Operation("!", (Member(X, "y"),))),
        ("x!.y", Member(X, "y")),
        ("'a\\'${x}\\n\\${x}'", Text(("a'", X, "\n${x}"))),
        ("''", Text()),
        ("' '", Text((" ",))),
        ("'${x} ${y} a ${z} \\n '", Text((X, " ", Y, " a ", Z, " \n "))),
    ],
)
def test_an_expression_is_read_as_bicep_means_it(tmp_path: Path, source: str, expression: Expression) -> None:
    """The grammar takes `x == y.z` for `(x == y).z`, which would hide what is read of what."""
    path = tmp_path / "one.bicep"
    path.write_text(f"var one = {source}\n", encoding="utf-8")
    (declared,) = parse(path).declarations

    assert declared.value == expression


def test_a_name_of_a_loop_is_none_outside(tmp_path: Path) -> None:
    """Only what comes from outside has to be declared."""
    path = tmp_path / "one.bicep"
    path.write_text("var one = [for (x, i) in z: map(y, a => '${a}${i}${x}${b}')]\n", encoding="utf-8")
    (declared,) = parse(path).declarations
    assert declared.value is not None

    assert [name.name for name in free_names(declared.value)] == ["z", "y", "b"]


# Where values come from


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("location", "{main.location}"),
        ("skuName", "{main.sku}"),
        ("'sku is ${skuName}'", "sku is {main.sku}"),
        ("services", "{store.…}"),
        ("account.properties.primaryEndpoints.blob", "{store.account.properties.primaryEndpoints.blob}"),
    ],
)
def test_a_value_is_followed_to_where_it_is_made(tmp_path: Path, source: str, text: str) -> None:
    """Through variables, and through parameters into the file that gives them."""
    template = sample(tmp_path, "output address string", f"output extra string = {source}\n\noutput address string")
    store = next(file for file in template.files if file is not template.main)
    extra = store.get("extra", "output")
    assert extra is not None
    assert extra.value is not None

    assert template.render(Value(store, extra.value)) == text


def test_an_output_is_followed_into_its_module(tmp_path: Path) -> None:
    """And from there on."""
    template = sample(tmp_path)
    output = template.main.get("ADDRESS", "output")
    assert output is not None
    assert output.value is not None

    assert template.render(Value(template.main, output.value)) == "{store.account.properties.primaryEndpoints.blob}"
