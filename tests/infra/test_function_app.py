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
from tests.infra.bicep.expressions import Each, Expression, Literal, Name, Object, Operation, Text, walk
from tests.infra.bicep.template import Value
from tests.infra.project import default_text, read_parameters, template
from train_timer import model_training, run, shard_join
from train_timer.pieces import Pace

_APP = "Microsoft.Web/sites:properties.functionAppConfig"
_WORKSPACE = "Microsoft.OperationalInsights/workspaces:properties"


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
    endpoint = template().render_output("RANKLOOP_ENDPOINT")

    assert _host()["extensions"]["http"]["routePrefix"] == ""
    assert re.fullmatch(r"https://\{functions\.\w+\.properties\.defaultHostName\}", endpoint)


def test_python_is_the_one_that_the_code_is_for() -> None:
    """The packages of the deployment folder are built for it."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    lowest, highest = re.fullmatch(r">=([\d.]+),<([\d.]+)", wanted).groups()  # type: ignore[union-attr]
    version = default_text("pythonVersion")

    assert _numbers(lowest) <= _numbers(version) < _numbers(highest)
    assert "pythonVersion" not in read_parameters()


def _host() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    return document


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        (f"{_APP}.runtime.version", "pythonVersion"),
        (f"{_APP}.scaleAndConcurrency.instanceMemoryMB", "instanceMemoryMB"),
        (f"{_APP}.scaleAndConcurrency.maximumInstanceCount", "maximumInstances"),
        (f"{_APP}.scaleAndConcurrency.triggers.http.perInstanceConcurrency", "httpConcurrency"),
        (f"{_APP}.siteUpdateStrategy.type", "updateStrategy"),
        (f"{_WORKSPACE}.retentionInDays", "workspaceRetentionDays"),
        (f"{_WORKSPACE}.workspaceCapping.dailyQuotaGb", "workspaceDailyQuotaGB"),
    ],
)
def test_a_parameter_reaches_the_property_that_it_is_for(path: str, parameter: str) -> None:
    """Through two files; a mix-up of two numbers would go unnoticed."""
    kind, _, names = path.partition(":")

    assert template().render(template().only(kind).get(*names.split("."))) == f"{{main.{parameter}}}"


def test_instances_that_are_always_ready_are_those_for_calls() -> None:
    """And there are none unless the user sets a number."""
    app = template().only("Microsoft.Web/sites")
    ready = app.get("properties", "functionAppConfig", "scaleAndConcurrency", "alwaysReady")
    assert ready is not None
    (instances,) = [part for part in walk(ready.expression) if isinstance(part, Object)]

    assert instances.get("name") == Text(("http",))
    assert (
        template().render(Value(ready.file, instances.get("instanceCount") or instances))
        == "{main.alwaysReadyInstances}"
    )
    assert _find_default("alwaysReadyInstances") == Literal(0)


def test_the_memory_of_an_instance_is_one_that_the_plan_has() -> None:
    """512, 2048 or 4096 MB."""
    declared = template().main.get("instanceMemoryMB", "parameter")
    assert declared is not None

    assert declared.of_type == Operation("|", (Literal(512), Literal(2048), Literal(4096)))


def test_the_package_has_its_container() -> None:
    """It must be there before the app is; and none of the loop's is it."""
    containers = template().only("Microsoft.Storage/storageAccounts/blobServices/containers").declaration.value
    app = template().only("Microsoft.Web/sites")
    where = app.get("properties", "functionAppConfig", "deployment", "storage", "value")
    assert isinstance(containers, Each)
    assert where is not None
    made = [part.plain for part in walk(containers.over) if isinstance(part, Text)]
    place = [part for part in walk(template().origin(where).expression) if isinstance(part, Name | Literal)]

    assert place == [Name("account"), Name("containers"), Literal(0)]
    assert made[0] not in {paths.split_path(path)[0] for path in (this_loop().logs, this_loop().exports)}


def test_new_code_takes_over_by_a_strategy_that_the_platform_has() -> None:
    """One instance after the other unless the user sets the other strategy: not every region may have the first."""
    declared = template().main.get("updateStrategy", "parameter")
    assert declared is not None

    assert declared.of_type == Operation("|", (Text(("RollingUpdate",)), Text(("Recreate",))))
    assert declared.value == Text(("RollingUpdate",))


def _find_default(parameter: str) -> Expression | None:
    declared = template().main.get(parameter, "parameter")
    return declared.value if declared else None
