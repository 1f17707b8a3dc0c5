"""The served description: it is valid, names all that is served, and has the shapes of real answers."""

import re

import jsonschema_rs
import pytest

from shared.configuration.forms.declared_fields import fields_of
from shared.web.versions import VERSIONS
from tests.http.api import Api
from tests.http.described import Described, schemas
from tests.unit.test_docs import index, routes

OWN = "/rankloop/v1"


@pytest.fixture(scope="module")
def described(api: Api) -> Described:
    return Described.by(api)


def test_every_route_of_the_app_is_described_and_nothing_else(described: Described) -> None:
    """With its methods."""
    served = {(path, method) for path, methods in routes().items() for method in methods}
    documented = {(path, method.upper()) for path, methods in described.document["paths"].items() for method in methods}

    assert documented == served


def test_functions_have_names_that_azure_takes() -> None:
    """Each its own, a letter first, and no dot, though versions have dots in theirs."""
    names = index()[0]

    assert len({name.lower() for name in names}) == len(names)
    assert [name for name in names if not re.fullmatch(r"[A-Za-z][\w-]{0,127}", name, re.ASCII)] == []


def test_all_that_it_refers_to_is_there(described: Described) -> None:
    """And each schema is one."""
    document = described.document
    named = document["components"]["schemas"]

    assert {f"#/components/schemas/{name}" for name in named} >= set(schemas(document))
    assert all(jsonschema_rs.meta.is_valid(schema) for schema in named.values())
    assert document["openapi"].startswith("3.1.")


def test_no_two_operations_have_one_id(described: Described) -> None:
    """Generators of clients name functions after them."""
    operation_ids = [
        method["operationId"] for methods in described.document["paths"].values() for method in methods.values()
    ]

    assert len(operation_ids) == len(set(operation_ids))


def test_it_says_how_to_get_in(described: Described) -> None:
    """By key or by token; only `/ready` and `/status` are open."""
    document = described.document
    closed = [
        path for path, methods in document["paths"].items() for method in methods.values() if "security" not in method
    ]

    assert document["components"]["securitySchemes"]["key"]["name"] == "Ocp-Apim-Subscription-Key"
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["security"] == [{"key": []}, {"token": []}]
    assert set(document["paths"]) - set(closed) == {"/ready", "/status"}


def test_only_the_last_version_asks_for_its_name_in_the_query(described: Described) -> None:
    """The others are named by the path."""
    last = {
        path
        for path, methods in described.document["paths"].items()
        for method in methods.values()
        if any(parameter["name"] == "api-version" and parameter["required"] for parameter in method["parameters"])
    }

    assert last == {
        path
        for path in described.document["paths"]
        if path.startswith("/personalizer/") and not path.startswith("/personalizer/v")
    }


def test_ids_in_paths_have_1_to_256_characters(described: Described) -> None:
    """Of events and of all else that is named in a path."""
    id_schemas = [
        parameter["schema"]
        for methods in described.document["paths"].values()
        for method in methods.values()
        for parameter in method["parameters"]
        if parameter["in"] == "path"
    ]

    assert id_schemas
    assert all(schema == {"type": "string", "minLength": 1, "maxLength": 256} for schema in id_schemas)


def test_each_version_has_a_configuration_of_its_own(described: Described) -> None:
    """With the fields that the version has."""
    document = described.document
    for version in VERSIONS:
        response = document["paths"][f"/{version.prefix}/configurations/service"]["get"]["responses"]["200"]
        name = response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]

        assert set(document["components"]["schemas"][name]["properties"]) == {
            field.alias for field in fields_of(version)
        }


def test_no_operation_answers_without_a_key(api: Api, described: Described) -> None:
    """Each of them in each version, the description itself too; the refusal is the described one."""
    stranger = Api(api.host, api.port, None)
    for path, methods in described.document["paths"].items():
        for method in methods if path not in ("/ready", "/status") else ():
            answer = stranger.call(method.upper(), path.replace("{", "").replace("}", ""), None)

            assert (answer.status, answer.error["code"]) == (401, "401"), path
            described.demand(method, path, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/status",
        "/ready",
        *(
            f"{OWN}/{page}"
            for page in (
                "status",
                "models",
                "metrics",
                "metrics/actions?interval=PT1H",
                "metrics/context",
                "logs",
                "openapi.json",
            )
        ),
    ],
)
def test_pages_of_the_loops_own_are_as_described(api: Api, described: Described, path: str) -> None:
    """Those of the Personalizer API are compared example by example."""
    described.demand("GET", path.partition("?")[0], api.get(path))


def test_what_the_loops_own_api_does_is_answered_as_described(api: Api, described: Described) -> None:
    """An export, a redaction and what it would do, a question, and a roll back to a model that is not there."""
    exported = api.post(f"{OWN}/exports")
    counted = api.post(f"{OWN}/logs/redact:preview", {"eventId": "nobody-knows-me"})
    redacted = api.post(f"{OWN}/logs/redact", {"eventId": "nobody-knows-me"})
    chances = api.post(f"{OWN}/chances", {"actions": [{"id": "a", "features": [{"x": 1}]}]})
    unknown = api.post(f"{OWN}/models/none/publish", {})

    described.demand("POST", f"{OWN}/exports", exported)
    described.demand("POST", f"{OWN}/logs/redact:preview", counted)
    described.demand("POST", f"{OWN}/logs/redact", redacted)
    described.demand("POST", f"{OWN}/chances", chances)
    described.demand("POST", f"{OWN}/models/{{modelId}}/publish", unknown)
    answers = (exported, counted, redacted, chances, unknown)
    assert [answer.status for answer in answers] == [201, 200, 200, 200, 404]


def test_the_trace_of_an_event_is_as_described(api: Api, described: Described) -> None:
    """With all its parts."""
    api.post("/personalizer/v1.0/rank", {"actions": [{"id": "a", "features": [{"x": 1}]}], "eventId": "described"})
    api.post("/personalizer/v1.0/events/described/reward", {"value": 1})
    answer = api.get(f"{OWN}/events/described")

    assert answer.json["events"][0]["observations"]
    described.demand("GET", f"{OWN}/events/{{eventId}}", answer)


def test_the_list_of_the_newest_events_is_as_described(api: Api, described: Described) -> None:
    """Ranks, rewards and activations, and the refusal of a filter."""
    api.post("/personalizer/v1.0/rank", {"actions": [{"id": "a", "features": [{"x": 1}]}], "eventId": "newest"})
    api.post("/personalizer/v1.0/events/newest/reward", {"value": 1})
    api.post("/personalizer/v1.0/events/newest/activate")
    answer = api.get(f"{OWN}/events?eventId=newest")

    assert [entry["kind"] for entry in answer.json["entries"]] == ["activation", "reward", "rank"]
    described.demand("GET", f"{OWN}/events", answer)
    described.demand("GET", f"{OWN}/events", api.get(f"{OWN}/events?kind=event"))


def test_a_refusal_is_as_described(api: Api, described: Described) -> None:
    """With the header that the last version has."""
    described.demand("POST", "/personalizer/v1.0/rank", api.post("/personalizer/v1.0/rank", b"{"))
    described.demand("POST", "/personalizer/rank", api.post("/personalizer/rank", b"{"))
