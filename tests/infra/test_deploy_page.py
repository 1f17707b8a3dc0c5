"""What the pages say about deploying is so: commands and their flags, settings, names, and what it costs."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployment.contents import app_folders
from deployment.smoke import check
from localhost.azurite.accounts import EmulatedAccount
from localhost.azurite.emulator import Azurite
from localhost.environment import ROOT
from shared.schedules import longest_pause_us
from shared.times import DAY, MINUTE
from tests import clock
from tests.conftest import StartHost
from tests.faults.proxy import FaultProxy, Request
from tests.infra import costs
from tests.infra.az_commands import COMMANDS_FILE, help_of, list_commands
from tests.infra.azd_parameters import read_parameters, variables
from tests.infra.packaged import OLD, lay_out, wait_for_trainer
from tests.infra.page_commands import Call, calls
from tests.infra.snapshots import EVERYTHING, alerts, deployment, template
from tests.loop import past
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer
from tests.unit.pages import page, pages

_PAGE = page("docs/deploy.md")
_PAGES = {str(document.path): document for document in pages()}
_COMMANDS: dict[str, dict[str, dict[str, Any]]] = {
    program: listing["commands"] for program, listing in json.loads(COMMANDS_FILE.read_text(encoding="utf-8")).items()
}
_CALLS = [(name, call) for name, document in _PAGES.items() for call in calls(document, "az", "azd")]
_OWN = {"AZURE_SUBSCRIPTION_ID"}
"""Variables of an environment that azd itself reads."""


def _find_command(call: Call) -> dict[str, Any] | None:
    """The listing of a call's command: the longest one that its words begin with."""
    commands = _COMMANDS[call.words[0]]
    return next(
        (commands[name] for end in range(len(call.plain), 0, -1) if (name := _name(call, end)) in commands), None
    )


def _name(call: Call, end: int) -> str:
    return " ".join(call.plain[:end])


# Commands


def test_the_page_names_commands_of_both_programs() -> None:
    """Else the tests below say nothing."""
    programs = {call.words[0] for name, call in _CALLS if name == "docs/deploy.md" and call.whole}

    assert {"az", "azd"} == programs


@pytest.mark.parametrize("name", ["docs/deploy.md", "docs/first-deployment.md"])
def test_no_command_in_a_sentence_is_broken_over_lines(name: str) -> None:
    """It could not be copied, and the tests below would not see it."""
    assert [line for line in _PAGES[name].prose.splitlines() if line.count("`") % 2] == []


@pytest.mark.parametrize("name", sorted({name for name, _ in _CALLS}))
def test_every_command_exists_and_has_its_flags(name: str) -> None:
    """In blocks of code, in sentences and in tables."""
    wrong = [
        f"{call}: {'no such command' if command is None else sorted(set(call.flags) - set(command['flags']))}"
        for page_name, call in _CALLS
        if page_name == name
        and ((command := _find_command(call)) is None or not set(call.flags) <= set(command["flags"]))
    ]

    assert wrong == []


def test_no_command_to_be_copied_lacks_what_it_needs() -> None:
    """Those in sentences may be shortened."""
    lacking = [
        f"{call}: {names}"
        for _, call in _CALLS
        if call.whole
        for names in (_find_command(call) or {"required": []})["required"]
        if not set(names) & set(call.flags)
    ]

    assert lacking == []


def test_the_known_commands_of_az_are_those_of_the_pages() -> None:
    """Who changes a page asks azure-cli again: see tests/infra/az_commands.py."""
    assert list_commands() == sorted(_COMMANDS["az"])


def test_az_itself_says_the_same() -> None:
    """Where azure-cli is on this machine, its own help lists each flag that the pages use."""
    az = shutil.which("az")
    if az is None:
        pytest.skip("left out: no az on this machine; its flags were compared with tests/infra/commands.json only")
    flags = {command: set(help_of([az], command)["flags"]) for command in list_commands()}

    wrong = [str(call) for _, call in _CALLS if call.words[0] == "az" and not set(call.flags) <= flags[_command(call)]]

    assert wrong == []


def _command(call: Call) -> str:
    return " ".join(call.plain)


def test_no_key_is_on_a_command_line() -> None:
    """It would be in lists of processes and in the history of the shell."""
    wrong = [str(call) for _, call in _CALLS if "--value" in call.flags or "API_KEY" in str(call)]

    assert wrong == []


# Names that the templates and the page share


def _parameters() -> dict[str, str]:
    """The parameter of each variable of azd, with its default."""
    given = [(parameter, variables(value)) for parameter, value in read_parameters().items()]
    return {name: f"{parameter}={default or ''}" for parameter, found in given for name, default in found.items()}


def test_every_setting_of_the_deployment_is_on_the_page() -> None:
    """With the parameter it belongs to, and its default; and nothing that is none."""
    rows = [row for row in _PAGE.rows() if len(row) == 4 and re.fullmatch(r"[A-Z_]+", row[0])]

    assert _parameters() == {row[0]: f"{row[1]}={row[2]}" for row in rows}


def test_every_variable_that_is_set_is_one() -> None:
    """By `azd env set`."""
    variables = [call.plain[2] for _, call in _CALLS if call.plain[:2] == ("env", "set") and len(call.plain) > 2]

    assert variables
    assert set(variables) <= _parameters().keys() | _OWN


def test_every_parameter_that_is_given_is_one() -> None:
    """By `az deployment sub create --parameters`."""
    given = {
        word.split("=")[0]
        for _, call in _CALLS
        if "--parameters" in call.flags
        for word in call.words[call.words.index("--parameters") + 1 :]
    }

    assert {"environmentName", "location"} <= given
    assert given <= template()["parameters"].keys()


def test_every_value_that_is_asked_for_is_an_output() -> None:
    """By `azd env get-value`."""
    values = [call.plain[2] for _, call in _CALLS if call.plain[:2] == ("env", "get-value") and len(call.plain) > 2]

    assert values
    assert set(values) <= template()["outputs"].keys()


def test_the_check_prints_what_the_page_shows(
    start_host: StartHost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the page leaves something out, it has three dots."""
    folder = lay_out(tmp_path / "dist", OLD)
    host = start_host(root=folder, API_KEY_1="smoke-key", TRAIN_SCHEDULE="* * * * * *")
    wait_for_trainer(host.url, "smoke-key", OLD)
    example = next(block for block in _PAGE.blocks("text") if block.startswith("Checking"))
    shown = re.search(r"Keys +(.*)", example)
    assert shown is not None

    variables = {"RANKLOOP_KEY": "smoke-key", "RANKLOOP_SHOW_KEYS": shown[1]}
    code = check(host.url, variables, package=folder)

    expected = (
        re.escape(example).replace("…", ".+").replace(r"https://func\-rankloop\-.+\.azurewebsites\.net", host.url)
    )
    assert code == 0
    assert re.fullmatch(expected, capsys.readouterr().out)


# What it costs


def test_every_result_follows_from_the_inputs() -> None:
    """To the digit that the page states."""
    values = costs.inputs(_PAGE)
    wrong = []
    for result in costs.results(_PAGE):
        makes = costs.value(result.formula, values)
        values[result.name] = makes
        if round(makes, result.places) != result.stated:
            wrong.append(f"{result.name}: {result.stated} is stated, {makes} follows")

    assert len(values) > 30
    assert wrong == []


def test_an_idle_month_is_free_by_either_reading() -> None:
    """Execution, calls and log; what storage takes is named."""
    values = costs.inputs(_PAGE)
    for result in costs.results(_PAGE):
        values[result.name] = costs.value(result.formula, values)

    assert values["left_gbs"] > values["left_worst_gbs"] > 0
    assert values["left_calls"] > 0
    assert values["idle_metrics_gb"] < values["free_log"]
    assert values["idle"] < 1


def test_the_inputs_are_the_deployments_own() -> None:
    """Memory, how often the trainer runs, and how many rules and endpoints there are."""
    inputs, defaults = costs.inputs(_PAGE), _parameters()
    rules = Counter(rule.get("properties.evaluationFrequency") for rule in alerts().values())
    endpoints = deployment(EVERYTHING).of("Microsoft.Network/privateEndpoints")

    assert f"instanceMemoryMB={inputs['memory'] * 1024:.0f}" == defaults["RANKLOOP_INSTANCE_MEMORY_MB"]
    schedule = defaults["TRAIN_SCHEDULE"].removeprefix("trainSchedule=")
    assert inputs["runs"] == 30 * DAY / longest_pause_us(schedule)
    assert inputs["minutes"] == 30 * DAY / MINUTE
    assert rules == {"PT15M": inputs["rules"], "PT5M": inputs["quick_rules"]}
    assert inputs["services"] == len(endpoints)
    assert inputs["groups"] == 1 + _count_functions_without_http()


def _count_functions_without_http() -> int:
    """The platform starts instances for each of them alone."""
    sources = [
        path.read_text(encoding="utf-8") for folder in app_folders(ROOT) for path in (ROOT / folder).rglob("*.py")
    ]
    return sum(len(re.findall(r"@\w+\.(?:timer|queue)_trigger\(", source)) for source in sources)


@pytest.fixture
def at_noon() -> Iterator[EmulatedAccount]:
    """Storage of a loop whose log and tables are all of today."""
    with clock.move_to(clock.NOON), Azurite() as azurite:
        yield azurite.new_account()


def test_an_idle_run_asks_storage_no_oftener_than_the_page_says(at_noon: EmulatedAccount, tmp_path: Path) -> None:
    """Requests cost money, even without a call. The loop has learned, and has log and tables of one day.

    Each run is the first of its process: the platform has none left after five minutes. Whether it reads the
    manifest of the day depends on where the last part ended; all else is as the page says.
    """
    storage, inputs = at_noon, costs.inputs(_PAGE)
    with StoredLoop(storage.connection_string) as stored_loop:
        past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
        rows = past.lively(1, past.minutes_ago(50), past.minutes_ago(30), events=40, wait_us=10 * MINUTE)
        rows.write(stored_loop, DAY)
    with Trainer(storage.connection_string, tmp_path / "learning.log") as learning:
        learning.succeed()

    _requests(storage, tmp_path, runs=1)  # what is left over from learning

    requests = _requests(storage, tmp_path, runs=1)
    of_both = _requests(storage, tmp_path, runs=2)

    assert of_both["writes"] == of_both["run_lists"] == 0
    assert (requests["run_lists"], requests["run_tables"], requests["writes"]) == (0, inputs["run_tables"], 0)
    with_look_at_other_loops = requests["run_reads"] + 1  # tests/loop/test_many_loops.py counts it
    assert inputs["run_reads"] - with_look_at_other_loops in (0, 1)


def _requests(storage: EmulatedAccount, folder: Path, runs: int) -> Counter[str]:
    """What runs of one process ask of storage, counted by how a request is billed."""
    with FaultProxy(storage.table_endpoint) as tables, FaultProxy(storage.blob_endpoint) as blobs:
        reached = storage.connection_string.replace(storage.table_endpoint, tables.url)
        reached = reached.replace(storage.blob_endpoint, blobs.url)
        with Trainer(reached, folder / f"{runs}.log", {}, runs=runs) as trainer:
            trainer.succeed()
        made = Counter(run_tables=len(tables.requests), writes=0)
        made.update(_billing_kind(request) for request in blobs.requests)
        return made


def _billing_kind(request: Request) -> str:
    """The kind by which a request to a blob is billed; leases count as reads."""
    if "comp=list" in request.path:
        return "run_lists"
    return "run_reads" if request.method in ("GET", "HEAD") or "comp=lease" in request.path else "writes"
