"""The Function App itself beside `host.json`, `pyproject.toml` and the code that it runs."""

import json
import re
import tomllib
from datetime import timedelta
from typing import Any

import pytest

from evaluate_fn import runner, stages
from localhost.environment import ROOT
from shared.evaluation import evaluation_queue
from shared.evaluation.evaluation import Purpose
from shared.storage import paths
from shared.storage.paths import this_loop
from tests.infra.azd_parameters import read_parameters
from tests.infra.bicep import NAMES
from tests.infra.snapshots import (
    CONTAINERS,
    DEFAULTS,
    EVERYTHING,
    RECOVERED,
    SITE,
    STORAGE,
    WORKSPACE,
    deployment,
    modules,
    template,
)
from train_timer import model_training, run, shard_join
from train_timer.pieces import Pace

_APP = f"{SITE}:properties.functionAppConfig"


def test_the_host_waits_longer_than_the_trainer_works() -> None:
    """Also for trainings that begin when the run's time is all but over: else the platform would kill it."""
    timeout = _host()["functionTimeout"]
    hours, minutes, seconds = map(int, timeout.split(":"))
    longest = timedelta(seconds=run._TIME_SECONDS) + 2 * model_training._MOST_TRIES * Pace().timeout

    assert timedelta(hours=hours, minutes=minutes, seconds=seconds) > longest


def test_the_host_waits_longer_than_a_task_of_an_evaluation_takes() -> None:
    """So that a log that is too long is reported, and not begun anew until it counts as a failure."""
    hours, minutes, seconds = map(int, _host()["functionTimeout"].split(":"))

    assert timedelta(hours=hours, minutes=minutes, seconds=seconds) > runner.TIMEOUT + timedelta(minutes=5)


def test_queue_messages_are_as_the_app_writes_them_and_few_at_a_time() -> None:
    """A task takes two processors and some memory; who waits for it is not the one who would get what is left over."""
    queues = _host()["extensions"]["queues"]
    sent = evaluation_queue.WorkMessage("default", Purpose.EVALUATION, "an id", 1, None)

    assert queues["messageEncoding"] == "none"
    assert evaluation_queue.read(sent.text()) == sent
    assert queues["batchSize"] + queues["newBatchThreshold"] <= 2
    assert queues["maxDequeueCount"] > max(stages._TRAINING_TRIES, shard_join.MOST_TRIES)


def test_queue_functions_have_the_extensions_that_they_need() -> None:
    """The platform finds them by the bundle; timers and HTTP need none."""
    bundle = _host()["extensionBundle"]

    assert (bundle["id"], bundle["version"]) == ("Microsoft.Azure.Functions.ExtensionBundle", "[4.0.0, 5.0.0)")


def test_queues_have_names_that_queues_may_have() -> None:
    """Also with what the platform puts behind the name for messages that failed too often."""
    for name in (paths.EVALUATION_QUEUE, paths.EVALUATION_POISON_QUEUE, f"{paths.JOIN_QUEUE}-poison"):
        assert re.fullmatch(r"[a-z0-9](-?[a-z0-9])*", name)
        assert 3 <= len(name) <= 63
    assert f"{paths.EVALUATION_QUEUE}-poison" == paths.EVALUATION_POISON_QUEUE


def test_the_endpoint_is_where_the_routes_begin() -> None:
    """The paths of the old service follow it, without a prefix; and it has no slash at its end."""
    assert _host()["extensions"]["http"]["routePrefix"] == ""
    assert deployment().outputs["RANKLOOP_ENDPOINT"] == f"https://{{{deployment().only(SITE).name}.defaultHostName}}"


def test_python_is_the_one_that_the_code_is_for() -> None:
    """The packages of the deployment folder are built for it."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    lowest, highest = re.fullmatch(r">=([\d.]+),<([\d.]+)", wanted).groups()  # type: ignore[union-attr]
    version = template()["parameters"]["pythonVersion"]["defaultValue"]

    assert _numbers(lowest) <= _numbers(version) < _numbers(highest)
    assert "pythonVersion" not in read_parameters()


def _host() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    return document


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@pytest.mark.parametrize(
    ("path", "default", "given"),
    [
        (f"{_APP}.runtime.version", "3.13", "3.14"),
        (f"{_APP}.scaleAndConcurrency.instanceMemoryMB", 2048, 4096),
        (f"{_APP}.scaleAndConcurrency.maximumInstanceCount", 40, 99),
        (f"{_APP}.scaleAndConcurrency.triggers.http.perInstanceConcurrency", 16, 23),
        (f"{_APP}.siteUpdateStrategy.type", None, "RollingUpdate"),
        (f"{WORKSPACE}:properties.retentionInDays", 30, 61),
        (f"{WORKSPACE}:properties.workspaceCapping.dailyQuotaGb", 1, 7),
    ],
)
def test_a_parameter_reaches_the_property_that_it_is_for(path: str, default: object, given: object) -> None:
    """Through two files; a mix-up of two numbers would go unnoticed, so all that are given differ."""
    kind, _, names = path.partition(":")

    assert deployment(DEFAULTS).only(kind).get(names) == default
    assert deployment(EVERYTHING).only(kind).get(names) == given


def test_a_number_is_one_that_the_platform_takes() -> None:
    """Else it refuses it when half of the deployment is done."""
    bounds = {name: (each.get("minValue"), each.get("maxValue")) for name, each in template()["parameters"].items()}

    assert {name: pair for name, pair in bounds.items() if pair != (None, None)} == {
        "alwaysReadyInstances": (0, 1000),
        "httpConcurrency": (1, 1000),
        "logLifecycleDays": (0, 36500),
        "maximumInstances": (1, 1000),
        "workspaceDailyQuotaGB": (1, None),
        "workspaceRetentionDays": (30, 730),
    }


def test_instances_that_are_always_ready_are_those_for_calls() -> None:
    """And there are none unless the user sets a number."""
    path = "properties.functionAppConfig.scaleAndConcurrency.alwaysReady"

    assert deployment(DEFAULTS).only(SITE).get(path) == []
    for name, count in ((EVERYTHING, 3), (RECOVERED, 1)):
        assert deployment(name).only(SITE).get(path) == [{"name": "http", "instanceCount": count}]


def test_the_memory_of_an_instance_is_one_that_the_plan_has() -> None:
    """512, 2048 or 4096 MB."""
    assert {*template()["parameters"]["instanceMemoryMB"]["allowedValues"]} == {512, 2048, 4096}


def test_the_package_has_its_container() -> None:
    """It must be there before the app is; and none of the loop's is it."""
    account, app = deployment().only(STORAGE), deployment().only(SITE)
    where = app.get("properties.functionAppConfig.deployment.storage.value")
    container = where.removeprefix(f"{{{account.name}.primaryEndpoints.blob}}")

    assert f"{account.name}/default/{container}" in {each.name for each in deployment().of(CONTAINERS)}
    assert container not in {paths.split_path(path)[0] for path in (this_loop().logs, this_loop().exports)}
    assert "storage" in modules()["functions"]["dependsOn"]


def test_new_code_takes_over_by_a_strategy_that_the_platform_has() -> None:
    """All instances at once unless the user asks for the other strategy, which is a preview."""
    declared = template()["parameters"]["updateStrategy"]

    assert ({*declared["allowedValues"]}, declared["defaultValue"]) == ({"RollingUpdate", "Recreate"}, "Recreate")


@pytest.mark.parametrize("name", [name for name in NAMES if name != EVERYTHING])
def test_a_strategy_that_is_the_platforms_own_is_not_sent(name: str) -> None:
    """A region that has no other one refuses the property."""
    assert "siteUpdateStrategy" not in deployment(name).only(SITE).get("properties.functionAppConfig")
