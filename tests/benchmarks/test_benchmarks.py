"""The benchmarks themselves: they run, and what they find can be read. How fast anything is, no test says."""

import importlib
import json
import re
import time
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks import (
    catch_up,
    concurrency,
    delay,
    evaluate,
    idle_run,
    join,
    long_waits,
    requests,
    simulation,
    stages,
    warnings,
)
from benchmarks.__main__ import MEASURES, import_measure
from benchmarks.figures import Figure, Goal, table
from benchmarks.progress import Progress
from benchmarks.studies import auto_apply
from localhost.azurite.emulator import Azurite
from localhost.environment import ROOT
from localhost.setup import help_texts
from tests import clock
from tests.faults.proxy import FaultProxy, Request
from tests.infra.snapshots import template
from tests.simulation import healthy_loops
from tests.simulation.loop_life import Life


def test_a_benchmark_runs_on_a_small_backlog() -> None:
    """A change that breaks a benchmark is found by tests, and not when figures are wanted."""
    figures = join.measure(Progress("join"), parts=2, events=40, rounds=1, events_of_shard=30, rounds_of_shards=1)

    document = json.loads(json.dumps(figures[0].as_json()))
    assert {
        "measure",
        "what",
        "unit",
        "ours",
        "other",
        "against",
        "ratio",
        "goal",
        "holds",
        "rounds",
        "details",
    } == set(document)
    assert document["ours"] > 0 < document["other"]


def test_catching_up_is_measured_on_a_small_backlog() -> None:
    """All sides join or learn the same rows."""
    figures = catch_up.measure(Progress("catch-up"), parts=2, events=20, rounds=1)

    assert [figure.unit for figure in figures] == ["events/s", "events/s"]
    assert all(figure.ratio > 0 for figure in figures)


def test_an_evaluation_is_measured_on_a_small_log() -> None:
    """Rates and memory, with and without a reward model, and the rate of the whole command."""
    figures = evaluate.measure(Progress("evaluate"), events=500, rounds=1, command_events=500, command_rounds=1)

    assert [figure.unit for figure in figures] == ["events/s", "events/s", "MB", "MB", "events/s"]
    assert all(figure.ratio > 0 for figure in figures)


def test_both_servers_answer_a_small_load() -> None:
    """The home-made one stands on other packages, which change as well."""
    (figure,) = requests.measure(Progress("requests"), sizes=(5,), rounds=1, seconds=0.2)

    assert figure.ratio > 0


def test_long_waits_are_measured_on_few_rewards() -> None:
    """The join finds what was written, at each wait."""
    figures = long_waits.measure(Progress("long-waits"), events=400, waiting=8_000)

    assert [figure.ours[0] > 0 for figure in figures] == [True, True, True]
    assert all(figure.details["rewards joined"] > 0 for figure in figures)


def test_the_study_of_automatic_optimization_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """It takes hours; here its loops end with their first search."""
    records = tmp_path / "records.jsonl"
    first = auto_apply.measure(Progress("auto-apply"), {"two": 1}, records, events=1000)
    again = auto_apply.measure(Progress("auto-apply"), {"two": 1}, records, events=1000)

    assert [figure.what for figure in first] == ["no settings are better", "two"]
    assert [figure.as_json() for figure in first] == [figure.as_json() for figure in again]
    assert len(records.read_text().splitlines()) == 1


def test_schedules_are_simulated_in_several_processes() -> None:
    """Every seed is run by one of them, and what is wrong is a missed goal."""
    figures = simulation.measure(Progress("simulation"), schedules=7, processes=2)

    assert [figure.unit for figure in figures] == ["schedules/s", ""]
    assert [figure.holds for figure in figures] == [None, True]
    assert "python -m tests.simulation 3 8" in simulation._describe([3, 8])


def test_a_warning_of_a_loop_in_order_is_a_missed_goal() -> None:
    """And it is seen, if one comes."""
    (figure,) = warnings.measure(Progress("warnings"), loops=1, processes=1, events=30)
    life = Life(replace(healthy_loops.draw(0).shorten(30), exploration=0.0))
    life.live()

    assert (figure.ours, figure.holds, len(figure.details["loops"])) == ([0], True, 1)
    assert list(life.came) == ["NoExploration"]
    assert "NoExploration 1" in warnings._describe([{"warnings": life.came}])


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_that_is_offered_exists(name: str) -> None:
    """And is in the help of `dev.py bench`."""
    assert callable(import_measure(name).measure)
    assert re.search(rf"\b{name}\b", help_texts.BENCH)


@pytest.mark.parametrize(("module", "name"), [step[1:] for step in stages.STEPS])
def test_every_stage_of_a_rank_that_is_timed_is_one(module: str, name: str) -> None:
    """The profile of `rank-cpu` puts stop watches around functions by their names."""
    assert callable(attrgetter(name)(importlib.import_module(module)))


def test_a_missed_goal_is_shown_as_missed() -> None:
    figure = Figure("join", "rows", "events/s", [30, 10, 20], [40, 40, 40], "scan", Goal("at least", 0.7))

    assert (figure.ratio, figure.holds) == (0.5, False)
    assert "NO" in table([figure])


def test_the_wait_for_storage_is_added_to_each_answer(azurite: Azurite) -> None:
    """And what goes through comes out as it went in."""
    account = azurite.new_account()
    with FaultProxy(account.blob_endpoint) as proxy, delay.delay_answers(urlsplit(proxy.url).port or 0, 100) as port:
        began = time.perf_counter()
        with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as client:
            client.request("GET", "/nothing?comp=list")
            body = client.getresponse().read()
        took = time.perf_counter() - began

        assert body.startswith(b"<?xml")
        assert body.rstrip().endswith(b"</Error>")
        assert [request.path for request in proxy.requests] == ["/nothing?comp=list"]
        assert took >= 0.1


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("PUT", "/a/loops/default/state.json?comp=lease", "blob leases"),
        ("GET", "/a/loops?restype=container&comp=list&prefix=x", "blob lists"),
        ("GET", "/a/loops/default/state.json", "blob reads"),
        ("HEAD", "/a/loops/default/state.json", "blob properties"),
        ("GET", "/a/Tables", "lists of tables"),
        ("GET", "/a/events2026112500001440()?%24filter=x", "table queries"),
        ("PUT", "/a/loops/default/state.json", "writes"),
        ("POST", "/a/$batch", "writes"),
    ],
)
def test_requests_are_counted_by_what_they_cost(method: str, path: str, kind: str) -> None:
    """The kinds of a price list."""
    assert idle_run.kind(Request(0, method, path, b"", b"")) == kind


def test_a_run_with_nothing_to_do_reads_little_and_writes_nothing() -> None:
    """However much log there is, and no row while none can be due. Near midnight, or when one can be, it is more."""
    with clock.move_to(clock.NOON):
        _, after, alone = idle_run.measure(Progress("idle-run"), days=1, delays_ms=(1,), runs=1)

    reads = {idle_run.READS["GET"]: 6, idle_run.READS["HEAD"]: 2}
    always = {idle_run.LEASES: 2, **reads, idle_run.TABLES: 1}
    assert (alone.details, after.details) == (always, always)


def test_the_number_of_calls_at_once_is_that_of_the_template() -> None:
    """It is chosen from a measurement, and the page on performance shows the same numbers."""
    parameters = template()["parameters"]
    defaults = {name: parameters[name]["defaultValue"] for name in ("httpConcurrency", "instanceMemoryMB")}
    variables = json.loads((ROOT / "infra/main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")

    assert defaults["httpConcurrency"] == concurrency.CHOSEN
    assert f"**{concurrency.CHOSEN} calls at once**" in text
    assert f"**{defaults['instanceMemoryMB']:,} MB**" in text
    for name, number in defaults.items():
        assert variables[name]["value"].endswith(f"={number}}}")
