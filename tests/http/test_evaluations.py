"""Offline evaluations over HTTP: made, listed, read and deleted, in the words of every version."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Purpose, Status
from shared.evaluation.outcome import PolicyOutcome
from shared.evaluation.tasks import LineCounts, TaskResult
from shared.times import HOUR
from shared.web.versions import LAST_OF_V1, Version, since
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.http.described import Described
from tests.http.evaluated import BIN, EMPTY, ONLINE, START_US, evaluation, keep, outcome, plain
from tests.storages import NewStorage

V1, NEWEST, OWN = "/personalizer/v1.1-preview.3/evaluations", "/personalizer/evaluations", "/rankloop/v1/evaluations"
DATED = "api-version=2022-09-01-preview"
RANGE = {"startTime": "2026-10-01T12:00:00Z", "endTime": "2026-10-02T12:00:00Z"}
REQUEST = {"name": "first try", "policies": [], **RANGE}
CUSTOM = {"name": "mine", "arguments": "--cb_explore_adf --squarecb -q ::"}
OLDER = since("v1.0", LAST_OF_V1)
ALL = pytest.mark.parametrize("version", OLDER, ids=lambda version: version.name)


@pytest.fixture(scope="module")
def loop(new_storage: NewStorage, here: Callable[[str], None]) -> Iterator[Api]:
    """A loop without log, whose storage is this process's too."""
    account = new_storage()
    here(account)
    settings = {"API_KEY_1": "test-key-1", **NEVER}
    with HostProcess(account, env=settings) as started:
        yield Api.at(started.url, "test-key-1")


@pytest.fixture(scope="module")
def described(loop: Api) -> Described:
    return Described.by(loop)


def wait_for_end(loop: Api, path: str, *, patience_seconds: float = 60) -> Answer:
    """Read an evaluation until it does not run any more, and return that answer."""
    until = time.monotonic() + patience_seconds
    while (answer := loop.get(path)).json["status"] in ("pending", "Running"):
        assert time.monotonic() < until, "it still runs"
        time.sleep(0.2)
    return answer


def put(loop: Api, of_id: str, body: object = REQUEST) -> Answer:
    return loop.put(f"{NEWEST}/{of_id}?{DATED}", body)


def read(loop: Api, of_id: str, **query: str) -> Answer:
    further = "".join(f"&{name}={value}" for name, value in query.items())
    return loop.get(f"{NEWEST}/{of_id}?{DATED}{further}")


# Making


@ALL
def test_an_evaluation_is_made_and_found_at_its_location(loop: Api, described: Described, version: Version) -> None:
    """By an address on the same host whose last step is its id; it is pending then, and nothing is found yet."""
    prefix = f"/{version.prefix}/evaluations"

    made = loop.post(prefix, {**REQUEST, "policies": [CUSTOM]})

    assert made.status == 201
    assert made.headers["location"] == f"{prefix}/{made.json['id']}"
    fields = {name: made.json[name] for name in ("name", "status", "policyResults", "featureImportance")}
    source = {} if version.left_out else {"policySource": "Custom"}
    results = [{**CUSTOM, **source}]
    assert fields == {"name": "first try", "status": "pending", "policyResults": results, "featureImportance": []}
    assert made.json["jobId"] == made.json["id"]
    assert {name: made.json[name] for name in RANGE} == RANGE
    assert "optimalPolicy" not in made.json
    described.demand("POST", prefix, made)
    described.demand("GET", f"{prefix}/{{evaluationId}}", loop.get(made.headers["location"]))


@ALL
def test_a_range_without_events_ends_with_empty_results(loop: Api, described: Described, version: Version) -> None:
    """Published test suites wait for that on a fresh service."""
    made = loop.post(f"/{version.prefix}/evaluations", REQUEST)

    answer = wait_for_end(loop, made.headers["location"])

    assert (answer.json["status"], answer.json["policyResults"]) == ("completed", [])
    described.demand("GET", f"/{version.prefix}/evaluations/{{evaluationId}}", answer)


def test_the_newest_version_makes_an_evaluation_under_an_id_of_the_callers(loop: Api, described: Described) -> None:
    """200 without a body; then it can be waited for as published test suites do it."""
    body = {"name": "s", "startTime": "2022-09-20", "endTime": "2022-09-30", "policies": [CUSTOM]}

    made = put(loop, "made-by-put", body)
    answer = wait_for_end(loop, f"{NEWEST}/made-by-put?{DATED}&startTime=20220920T000000&endTime=20220930T000000")

    assert (made.status, made.body) == (200, b"")
    assert (answer.json["status"], answer.json["content"]["value"]) == ("Succeeded", [])
    assert answer.json["evaluationType"] == "Manual"
    assert answer.json["startTime"] == "2022-09-20T00:00:00Z"
    described.demand("PUT", f"{NEWEST}/{{evaluationId}}", made)
    described.demand("GET", f"{NEWEST}/{{evaluationId}}", answer)


@pytest.mark.parametrize("of_id", ["a%2Fb%20%C3%BC", "%2E%2E%2E", "ends.", "~x", "x" * 256])
def test_ids_may_be_any_text(loop: Api, of_id: str) -> None:
    """Of up to 256 characters."""
    assert put(loop, of_id).status == 200
    assert wait_for_end(loop, f"{NEWEST}/{of_id}?{DATED}").json["status"] == "Succeeded"
    assert loop.delete(f"{NEWEST}/{of_id}?{DATED}").status == 204
    assert read(loop, of_id).status == 404


def test_an_id_is_taken_once(loop: Api, described: Described) -> None:
    """The evaluation that is there stays."""
    keep(evaluation("taken"), outcome())

    answer = put(loop, "taken")

    assert (answer.status, answer.error["code"]) == (400, "EvaluationAlreadyExists")
    assert read(loop, "taken").json["name"] == "the taken"
    described.demand("PUT", f"{NEWEST}/{{evaluationId}}", answer)


def test_the_same_moment_twice_is_its_day(loop: Api, described: Described) -> None:
    """As users of the old portal typed a day; of evaluations of all versions, and of feature importances."""
    body = {**REQUEST, "startTime": "2026-09-14T21:30:00Z", "endTime": "2026-09-14T23:30:00+02:00"}

    older, newest = loop.post(V1, body), put(loop, "day", body)
    importance = loop.put(f"/personalizer/featureImportances/day?{DATED}", {**body, "policies": None})
    made = (loop.get(path) for path in (f"{V1}/{older.json['id']}", f"{NEWEST}/day?{DATED}"))

    assert [answer.status for answer in (older, newest, importance)] == [201, 200, 200]
    for answer in (*made, loop.get(f"/personalizer/featureImportances/day?{DATED}")):
        told = (answer.json["startTime"], answer.json["endTime"])
        assert told == ("2026-09-14T00:00:00Z", "2026-09-15T00:00:00Z")
    described.demand("PUT", f"{NEWEST}/{{evaluationId}}", newest)


def test_the_last_day_of_all_ends_with_it(loop: Api) -> None:
    """There is no later moment to tell."""
    made = loop.post(V1, {**REQUEST, "startTime": "9999-12-31", "endTime": "9999-12-31"})

    assert (made.status, made.json["endTime"]) == (201, "9999-12-31T23:59:59.999999Z")


def test_moments_may_have_any_form(loop: Api) -> None:
    """Without a zone they are UTC; an offset is reckoned in."""
    body = {**REQUEST, "startTime": "2026-10-01", "endTime": "2026-10-02T02:00:00+02:00"}

    made = loop.post(V1, body).json

    assert (made["startTime"], made["endTime"]) == ("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z")


def test_what_another_version_calls_otherwise_is_ignored(loop: Api) -> None:
    """Published tests send the search for better settings by its old name."""
    put(loop, "unknown-field", {**REQUEST, "enableOfflineExperimentation": True})
    put(loop, "without-policies", {name: value for name, value in REQUEST.items() if name != "policies"})

    requested = [evaluation_store.read(Purpose.EVALUATION, of_id) for of_id in ("unknown-field", "without-policies")]

    assert [evaluation.optimise for evaluation in requested if evaluation] == [False, False]


def test_a_request_is_kept_with_the_loop_as_it_is(loop: Api) -> None:
    """Policies, search, and the learning settings in use."""
    settings = loop.get("/personalizer/v1.0/configurations/policy").json["arguments"]
    made = loop.post(V1, {**REQUEST, "policies": [CUSTOM], "enableOfflineExperimentation": True}).json
    put(loop, "with-search", {**REQUEST, "policies": [CUSTOM], "enablePolicyOptimization": True})

    for of_id, is_new in ((made["id"], False), ("with-search", True)):
        stored = evaluation_store.read(Purpose.EVALUATION, of_id)

        assert stored is not None
        assert [(policy.name, policy.arguments, policy.source) for policy in stored.custom] == [
            (*CUSTOM.values(), "Custom")
        ]
        assert (stored.optimise, stored.online.arguments, stored.exploration) == (True, settings, 0.2)
        assert (stored.is_of_2022, stored.round_number, stored.log.kind) == (is_new, 0, "cb")


# Refusals


def custom(*names: str, arguments: str = "--cb_explore_adf") -> dict[str, Any]:
    return {"policies": [{"name": name, "arguments": arguments} for name in names]}


BAD: Mapping[str, tuple[dict[str, Any], str, str | None]] = {
    "no name": ({"name": None}, "InvalidEvaluationContract", "name"),
    "long name": ({"name": "n" * 257}, "InvalidEvaluationContract", "name"),
    "no moment": ({"startTime": "noon"}, "InvalidEvaluationContract", "startTime"),
    "no year": ({"endTime": "9999-12-31T23:59:59-23:00"}, "InvalidEvaluationContract", "endTime"),
    "number": ({"endTime": 20261001}, "InvalidEvaluationContract", "endTime"),
    "reversed": ({"startTime": "2027-01-01"}, "InvalidDateTimesInEvaluationContract", "endTime"),
    "no list": ({"policies": "x"}, "InvalidEvaluationContract", "policies"),
    "no arguments": ({"policies": [{"name": "x"}]}, "InvalidEvaluationContract", "policies[0].arguments"),
    "twice": (custom("a", "b", "a"), "DuplicateCustomPolicyNames", "policies[2].name"),
    "online": (custom("online"), "DuplicateCustomPolicyNames", "policies[0].name"),
    "baseline": (custom("a", "Baseline1"), "DuplicateCustomPolicyNames", "policies[1].name"),
    "random": (custom("baselineRand"), "DuplicateCustomPolicyNames", "policies[0].name"),
    "found": (custom("Hyper2"), "DuplicateCustomPolicyNames", "policies[0].name"),
    "interactions": (custom("Inter-len12"), "DuplicateCustomPolicyNames", "policies[0].name"),
    "eleven": (custom(*"abcdefghijk"), "MaximumEvaluationCustomPoliciesExceeded", "policies"),
    "dangerous": (
        custom("a", arguments="--cb_explore_adf --final_regressor /etc/passwd"),
        "InvalidPolicyConfiguration",
        "policies[0].arguments",
    ),
    "slots": (custom("a", arguments="--ccb_explore_adf"), "InvalidPolicyConfiguration", "policies[0].arguments"),
}


@pytest.mark.parametrize(("wrong", "code", "target"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_evaluated_is_refused(
    loop: Api, described: Described, wrong: dict[str, Any], code: str, target: str | None
) -> None:
    """With the documented code and the place; and nothing is kept of it."""
    before = {stored.id for stored in evaluation_store.list_all(Purpose.EVALUATION)}

    older, newest = loop.post(V1, REQUEST | wrong), put(loop, "refused", REQUEST | wrong)

    assert [(answer.status, answer.error["code"], answer.error.get("target")) for answer in (older, newest)] == [
        (400, code, target)
    ] * 2
    assert newest.headers["x-ms-error-code"] == code
    assert {stored.id for stored in evaluation_store.list_all(Purpose.EVALUATION)} == before
    described.demand("POST", V1, older)
    described.demand("PUT", f"{NEWEST}/{{evaluationId}}", newest)


def test_ten_policies_are_taken(loop: Api) -> None:
    """With names that only resemble the evaluation's own."""
    names = ("online 2", "my baseline1", "Hyper1b", "len", "ü", "f", "g", "h", "i", "j")

    assert loop.post(V1, REQUEST | custom(*names)).status == 201


def test_without_policies_older_versions_refuse(loop: Api) -> None:
    """There the field is required, though it may be empty."""
    answer = loop.post(V1, {name: value for name, value in REQUEST.items() if name != "policies"})

    assert (answer.status, answer.error["code"]) == (400, "InvalidEvaluationContract")


@pytest.mark.parametrize("of_id", ["%2E", "%2E%2E"])
def test_an_id_that_is_a_step_of_a_path_leads_nowhere(loop: Api, of_id: str) -> None:
    """Hosts leave such steps out, percent-encoded or not."""
    made, gone = put(loop, of_id), loop.delete(f"{NEWEST}/{of_id}?{DATED}")

    assert (made.status, made.error["code"], gone.status) == (404, "ResourceNotFound", 404)


@pytest.mark.parametrize("of_id", ["x" * 257, "%FF"])
def test_what_cannot_be_an_id_is_refused(loop: Api, of_id: str) -> None:
    """By every operation that takes one."""
    made, others = put(loop, of_id), [read(loop, of_id), loop.get(f"{V1}/{of_id}"), loop.delete(f"{V1}/{of_id}")]

    assert (made.status, made.error["code"]) == (400, "InvalidEvaluationContract")
    assert [answer.status for answer in others] == [400] * 3


def test_operations_end_with_their_versions(loop: Api) -> None:
    """The newest version has no POST, and the others no PUT."""
    assert loop.post(f"{NEWEST}?{DATED}", REQUEST).status == 404
    assert loop.put(f"{V1}/some-id", REQUEST).status == 404


# Reading


def test_an_unknown_evaluation_is_not_found(loop: Api, described: Described) -> None:
    """In any version; only the newest version says so when an unknown one is deleted."""
    answers = [loop.get(f"{V1}/nobody"), read(loop, "nobody"), loop.get(f"{OWN}/nobody")]
    deleted = [loop.delete(f"{V1}/nobody"), loop.delete(f"{NEWEST}/nobody?{DATED}")]

    assert {(answer.status, answer.error["code"]) for answer in answers} == {(404, "EvaluationNotFound")}
    assert [answer.status for answer in deleted] == [204, 404]
    described.demand("GET", f"{V1}/{{evaluationId}}", answers[0])
    described.demand("GET", f"{OWN}/{{evaluationId}}", answers[2])
    described.demand("DELETE", f"{NEWEST}/{{evaluationId}}", deleted[1])


@ALL
def test_an_older_version_reads_what_was_found(loop: Api, described: Described, version: Version) -> None:
    """Whichever version it was made in. Its groups of features are empty, though settings were searched for."""
    of_id = f"read-{version.name}"
    keep(evaluation(of_id, optimise=True), outcome())

    answer = loop.get(f"/{version.prefix}/evaluations/{of_id}")

    assert (answer.json["status"], answer.json["featureImportance"]) == ("completed", [])
    names = [result["name"] for result in answer.json["policyResults"]]
    assert names == ["mine", "online", "baseline1", "baselineRand"]
    described.demand("GET", f"/{version.prefix}/evaluations/{{evaluationId}}", answer)


def test_the_newest_version_reads_what_was_found(loop: Api, described: Described) -> None:
    """With the range and the interval that the query has, and all of it without one."""
    keep(evaluation("read-2022"), outcome())
    hour = {"startTime": "20261001T120000", "endTime": "20261001T130000"}

    whole = read(loop, "read-2022")
    part = read(loop, "read-2022", **hour, intervalInMinutes="60", window="Rolling")
    wrong = read(loop, "read-2022", **hour, intervalInMinutes="61")

    assert [len(answer.json["content"]["value"][0]["timeseries"]["data"]) for answer in (whole, part)] == [2, 1]
    assert (whole.json["optimalPolicy"], "description" in whole.json) == ("mine", False)
    assert (wrong.status, wrong.error["target"]) == (400, "intervalInMinutes")
    described.demand("GET", f"{NEWEST}/{{evaluationId}}", whole)
    described.demand("GET", f"{NEWEST}/{{evaluationId}}", part)


def test_what_is_not_certain_is_not_called_the_best(loop: Api, described: Described) -> None:
    """Clients find the name that the old service gave then; the newest version and the loop's own page say more."""
    finding = "No policy is better than online for certain."
    keep(evaluation("uncertain", optimal="online"), replace(outcome(), optimal="online", finding=finding))

    older, newest, own = (loop.get(f"{V1}/uncertain"), read(loop, "uncertain"), loop.get(f"{OWN}/uncertain"))

    assert [answer.json["optimalPolicy"] for answer in (older, newest, own)] == ["online"] * 3
    assert newest.json["description"] == own.json["finding"] == finding
    assert own.json["differenceConfidence"] == pytest.approx(0.95)
    described.demand("GET", f"{NEWEST}/{{evaluationId}}", newest)
    described.demand("GET", f"{OWN}/{{evaluationId}}", own)


def test_an_evaluation_of_an_older_version_is_not_read_in_the_newest(loop: Api, described: Described) -> None:
    """Unless the loop itself has made it; the loop's own page reads all."""
    keep(evaluation("older", is_of_2022=False), outcome())
    keep(evaluation("automatic", is_of_2022=False, round_number=2), outcome())

    older, automatic = read(loop, "older"), read(loop, "automatic")

    assert (older.status, older.error["code"]) == (405, "IncompatibleEvaluationVersion")
    assert (automatic.status, automatic.json["evaluationType"]) == (200, "Auto")
    assert loop.get(f"{OWN}/older").status == 200
    described.demand("GET", f"{NEWEST}/{{evaluationId}}", older)


def test_an_evaluation_that_failed_says_why(loop: Api) -> None:
    """In the newest version and on the loop's own page."""
    keep(evaluation("failed", status=Status.FAILED, reason="The log was deleted.", optimal=None))

    answers = [read(loop, "failed").json, loop.get(f"{OWN}/failed").json, loop.get(f"{V1}/failed").json]

    assert [answer["status"] for answer in answers] == ["Failed", "Failed", "failed"]
    assert answers[0]["description"] == answers[1]["because"] == "The log was deleted."
    assert answers[0]["content"]["value"] == []
    assert [answer.get("optimalPolicy") for answer in answers] == [None] * 3


def test_the_loops_own_page_tells_everything(loop: Api, described: Described) -> None:
    """In the described shape: found, empty, and running."""
    keep(evaluation("own-found"), outcome())
    keep(evaluation("own-empty"), EMPTY)
    keep(evaluation("own-running", status=Status.RUNNING, ended_us=None, optimal=None))

    answers = {name: loop.get(f"{OWN}/own-{name}") for name in ("found", "empty", "running")}

    assert [len(answer.json["policies"]) for answer in answers.values()] == [4, 3, 0]
    compared = [policy["comparedToOnline"] for policy in answers["found"].json["policies"]]
    assert compared == [None, "notDistinguishable", "notDistinguishable", "notDistinguishable"]
    doubts = [policy["doubt"] for policy in answers["found"].json["policies"]]
    assert doubts[:3] == [None, None, None]
    assert "mine is not better than online for certain" in doubts[3]
    assert [policy["comparedToOnline"] for policy in answers["empty"].json["policies"]] == [None, "unknown", "unknown"]
    for answer in answers.values():
        described.demand("GET", f"{OWN}/{{evaluationId}}", answer)


def test_a_running_one_tells_how_far_it_is(loop: Api) -> None:
    """How many tasks are done of those that are planned so far; before there is a plan, of how many is not known.

    The first of a stage may be done before it is noted how many the stage has.
    """
    running = evaluation("progressing", status=Status.RUNNING, ended_us=None, optimal=None, restarts=2)
    keep(running)
    keep(evaluation("progressed"), outcome())

    planned = [loop.get(f"{OWN}/progressing").json["progress"]]
    evaluation_run_store.claim_stage(running, 0, None)
    evaluation_run_store.mark_sent(running, 0, 3)
    evaluation_run_store.keep_result(running, TaskResult("logged", LineCounts(), {}))
    planned.append(loop.get(f"{OWN}/progressing").json["progress"])
    evaluation_run_store.claim_stage(running, 1, None)
    for number in range(3):
        evaluation_run_store.keep_result(running, TaskResult(f"early-{number}", LineCounts(), {}))
    planned.append(loop.get(f"{OWN}/progressing").json["progress"])

    assert loop.get(f"{OWN}/progressing").json["restarts"] == 2
    assert planned == [{"tasksDone": 0, "tasks": None}, {"tasksDone": 1, "tasks": 3}, {"tasksDone": 4, "tasks": 4}]
    assert loop.get(f"{OWN}/progressed").json["progress"] is None


def test_what_each_policy_earned_is_told_over_time(loop: Api, described: Described) -> None:
    """In intervals with enough events to tell; where nothing came, nothing is known: that is no reward of 0."""
    shown = {START_US: plain(196, 4.0), START_US + 2 * BIN: plain(4, 1.0)}
    keep(evaluation("over-time"), outcome(PolicyOutcome(ONLINE, "", shown, START_US)))
    keep(
        evaluation("over-hours", bins=13), outcome(PolicyOutcome(ONLINE, "", {**shown, START_US + HOUR: plain(2, 2.0)}))
    )
    keep(evaluation("over-no-time"), EMPTY)

    course, hours, nothing = (loop.get(f"{OWN}/over-{name}/rewards") for name in ("time", "hours", "no-time"))

    assert (course.json["interval"], hours.json["interval"]) == ("PT5M", "PT1H")
    (online,) = course.json["policies"]
    assert (online["name"], online["source"]) == ("online", "Online")
    assert [entry["events"] for entry in online["intervals"]] == [196, 0, 4]
    assert [entry["cressieRead"] for entry in online["intervals"]] == [
        pytest.approx(4 / 196),
        None,
        pytest.approx(0.25),
    ]
    assert [entry["interval"] is None for entry in online["intervals"]] == [False, True, False]
    assert [entry["events"] for entry in hours.json["policies"][0]["intervals"]] == [200, 2]
    assert nothing.json == {"interval": None, "policies": []}
    for answer in (course, nothing):
        described.demand("GET", f"{OWN}/{{evaluationId}}/rewards", answer)


# Deleting


def test_the_newest_version_cancels_first_and_removes_then(loop: Api) -> None:
    """One that has ended is removed at once."""
    path = f"{NEWEST}/to-cancel?{DATED}"
    keep(evaluation("to-cancel", status=Status.RUNNING, ended_us=None))

    first, between, second, after = loop.delete(path), loop.get(path), loop.delete(path), loop.get(path)

    assert [answer.status for answer in (first, between, second, after)] == [204, 200, 204, 404]
    assert between.json["status"] == "Canceled"
    assert between.json["description"]


def test_older_versions_remove_at_once(loop: Api) -> None:
    """Also while it runs, and a second time."""
    keep(evaluation("to-remove", status=Status.RUNNING, ended_us=None))

    assert [loop.delete(f"{V1}/to-remove").status for _ in range(2)] == [204, 204]
    assert loop.get(f"{V1}/to-remove").status == 404
