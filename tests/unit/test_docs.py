"""What the pages say is so: settings, routes, commands, errors, sentences, links and examples."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from localhost.environment import LOCAL_DEFAULTS
from shared.access.role import Role
from shared.configuration.configuration import RewardSettings, new_configuration
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.evaluation.forms import (
    answers_2022,
    answers_v1,
    evaluation_list_forms,
    queries_2022,
    report_forms,
    reward_course_forms,
)
from shared.evaluation.tasks import Progress
from shared.intake.rows import Event, Observation
from shared.learner.allowed_options import ALLOWED, SHORT_NAMES, STRIPPED
from shared.learner.explanations.explanation import Contribution
from shared.learner.explanations.named_features import CONSTANT
from shared.learner.prospect import ActionComparison, Prospect
from shared.learner.prospect_forms import Chances
from shared.log import ranked_event
from shared.log.ranked_event import RankedEvent, from_multi_slot_decision
from shared.metrics import apprentice_forms, metrics_forms
from shared.metrics.apprentice import Apprentice, ImitatedEvent
from shared.metrics.bins import Metrics
from shared.metrics.model_rewards import ModelSums
from shared.metrics.verdict import judge
from shared.models.published import ModelReference, Published
from shared.ranking.slots import MultiSlotDecision, Slot, SlotChoice
from shared.settings import read
from shared.status import model_list_forms, run_record
from shared.status.event_trace import Evidence, trace
from shared.status.learning_status import StatusInputs, Waiting
from shared.status.model_list_forms import ListedModel
from shared.status.newest_events import Filters, Rank, RewardTimes, select
from shared.status.newest_forms import NewestEvents
from shared.status.now_forms import Now
from shared.status.run_record import TrainingRun
from shared.status.status_forms import Caller, LoopStatus
from shared.status.trace_forms import EventTrace
from shared.storage.paths import in_loop
from shared.times import DAY
from shared.training.configuration_changes import new_state
from shared.training.training_state import LastRun, PackageRun
from shared.web import refusals
from shared.web.versions import VERSIONS
from tests.http import evaluated
from tests.settings_read import settings_read
from tests.unit.metrics.test_lift_record import grow
from tests.unit.pages import ROOT, Page, page, pages

PLATFORM = {"FUNCTIONS_WORKER_RUNTIME"}
_PAGES = {str(each.path): each for each in pages()}
_NAMES = sorted(_PAGES)
_CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/[^\s`…]*)")
_INDEX = """
import json, function_app
paths = [[served.route, served.methods] for served in function_app.registry.operations]
print(json.dumps([[each.get_function_name() for each in function_app.app.get_functions()], paths]))
"""


@cache
def index() -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Names of the functions, and the paths of all operations; from another process, since an app is indexed once."""
    command = [sys.executable, "-c", _INDEX]
    names, paths = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    return names, paths


@cache
def routes() -> dict[str, set[str]]:
    """The methods of each path that the app serves."""
    methods_by_path: dict[str, set[str]] = {}
    for route, methods in index()[1]:
        methods_by_path.setdefault(f"/{route}", set()).update(methods)
    return methods_by_path


def serves(method: str, path: str) -> bool:
    """Whether the app serves a call; braces in the path take any value."""
    steps = path.split("?")[0].split("/")
    is_page = method == "GET" and path in ("/rankloop", "/rankloop/{file}")
    return is_page or any(
        method in methods
        and len(route.split("/")) == len(steps)
        and all(a == b or "{" in a for a, b in zip(route.split("/"), steps, strict=True))
        for route, methods in routes().items()
    )


# Settings


def test_every_setting_is_on_its_page() -> None:
    """And nothing that is none."""
    rows = [row[0] for row in page("docs/settings.md").rows() if re.fullmatch(r"[A-Z_0-9]+|AzureWebJobs\w+", row[0])]
    local = {"RANKLOOP_KEY", "LOCALHOST_MASTER_KEY", "LOCALHOST_FUNCTION_KEY"}

    assert settings_read() | local == set(rows)


@pytest.mark.parametrize("name", _NAMES)
def test_no_page_spells_a_setting_in_another_way(name: str) -> None:
    """A name that is copied from a page must work."""

    def plain(word: str) -> str:
        return word.replace("_", "").lower()

    spellings = {plain(setting): setting for setting in settings_read() | PLATFORM}
    words = re.findall(r"\b[A-Za-z]\w*_\w+\b|\bAzureWebJobs\w*", _PAGES[name].text)
    wrong = [word for word in words if spellings.get(plain(word), word) != word]

    assert wrong == []


@pytest.mark.parametrize("row", [row for row in page("docs/settings.md").rows() if len(row) == 5 and row[0].isupper()])
def test_a_default_is_what_the_page_says(row: list[str]) -> None:
    """On Azure and on one machine."""
    name, default, local = row[:3]
    if name.startswith("API_KEY"):
        return
    storage = {"AzureWebJobsStorage": "x"}
    beside = {"WRITE_DEADLINE": "PT3S"} if name == "JOIN_GRACE" else {}

    assert read(storage) == read({**storage, name: default})
    assert read({**storage, **beside, name: local}) == read({**storage, **beside, **_local_setting(name, default)})


def _local_setting(name: str, default: str) -> dict[str, str]:
    return {name: LOCAL_DEFAULTS.get(name, default)}


def test_the_example_settings_are_settings() -> None:
    """And make sense together."""
    values = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"]

    assert values.keys() <= settings_read() | PLATFORM
    assert read(values).api_keys
    assert "TRAIN_SCHEDULE" in values


# Routes and calls


def test_every_route_is_on_its_page() -> None:
    """With each of its methods; those of the Personalizer API are in the next test."""
    lines = page("docs/api.md").text.splitlines()
    missing = [
        f"{method} {path}"
        for path, methods in routes().items()
        for method in methods
        if not path.startswith("/personalizer/")
        if not any(f"`{method}" in line and re.search(rf"\s{re.escape(path)}`", line) for line in lines)
    ]

    assert missing == []


def test_every_operation_is_on_its_page_with_the_version_it_came_with() -> None:
    """One row an operation: `POST rank`, and the first version that has it; later versions keep it, unless it ends."""
    rows = [row for row in page("docs/api.md").rows() if len(row) == 3 and row[1] in _VERSIONS]
    documented = {re.sub(r"\[`(.*)`\].*", r"\1", row[0]): _having(row[1], row[2]) for row in rows}

    assert _operations() == documented


def _having(since: str, success: str) -> list[str]:
    """The versions from one on, up to the one that is named as the last."""
    until = re.search(r"; until (\S+)$", success)
    last = _VERSIONS.index(until[1]) + 1 if until else len(_VERSIONS)
    return list(_VERSIONS[_VERSIONS.index(since) : last])


_VERSIONS = tuple(version.name for version in VERSIONS)


def _operations() -> dict[str, list[str]]:
    """The versions that have an operation such as `POST rank`, the oldest first."""
    versions: dict[str, list[str]] = {}
    for path, methods in routes().items():
        version = next((candidate for candidate in VERSIONS if path.startswith(f"/{candidate.prefix}/")), None)
        for method in methods if version else ():
            versions.setdefault(f"{method} {path.removeprefix(f'/{version.prefix}/')}", []).append(version.name)
    return {name: sorted(having, key=_VERSIONS.index) for name, having in versions.items()}


@pytest.mark.parametrize("name", _NAMES)
def test_every_call_that_a_page_names_is_served(name: str) -> None:
    """In sentences and in examples with curl; some are of the loop `news`."""
    quoted = [match for span in _PAGES[name].spans for match in _CALL.findall(span)]
    calls = [(method, path.removeprefix("/news")) for method, path in (*quoted, *_curl_calls(_PAGES[name]))]
    wrong = [call for call in calls if not call[1].startswith("/admin") and not serves(*call)]

    assert wrong == []


def _curl_calls(markdown: Page) -> Iterator[tuple[str, str]]:
    for words in markdown.commands():
        if words[0] != "curl" or words[-1].startswith("$RELEASE/"):
            continue
        urls = [word.removeprefix("$ENDPOINT") for word in words if word.startswith("$ENDPOINT")]
        assert len(urls) == 1, words
        yield (words[words.index("-X") + 1] if "-X" in words else "GET"), urls[0]


def test_the_admin_call_names_a_function() -> None:
    """It runs the trainer."""
    named = re.findall(r"/admin/functions/(\w+)", page("docs/settings.md").text)

    assert {"train_timer"} == set(named)
    assert "train_timer" in index()[0]


@pytest.mark.parametrize("name", _NAMES)
def test_json_in_examples_is_json(name: str) -> None:
    """Answers, and bodies that are sent."""
    markdown = _PAGES[name]
    texts = markdown.blocks("json") + [words[words.index("-d") + 1] for words in markdown.commands() if "-d" in words]

    for text in texts:
        json.loads(text)


def test_every_error_code_is_on_its_page() -> None:
    """With its status."""
    rows = {(row[0], row[1]) for row in page("docs/api.md").rows() if len(row) == 3}
    codes = {(str(refusal.status), refusal.code) for refusal in refusals._REFUSALS.values()}

    assert set() == codes - rows


def test_every_learning_option_is_on_its_page() -> None:
    """So that an owner need not guess what is accepted."""
    options = set(re.findall(r"`(--?\w+)", page("docs/api.md").text))

    assert set() == {*ALLOWED, *SHORT_NAMES, *STRIPPED} - options


# The loop's own words


def test_every_field_of_the_status_is_on_its_page() -> None:
    """Fields of its parts by their full path."""
    configuration, model = new_configuration(4), ModelReference("m", "p", "s", "b", "--x", 1, 1, 1, 1)
    state = replace(new_state(configuration, Published()), last_run=LastRun(1, 2, 3, 4), package_run=PackageRun("p", 1))
    inputs = StatusInputs(state, configuration, Published(model=model), Waiting(), 1, 1)
    with in_loop("default"):
        answer = json.loads(
            LoopStatus.of(inputs, [], model, Caller(name="API_KEY_1", role=Role.OWNER), "0 * * * * *").to_json()
        )

    assert _absent(answer, page("docs/api.md").text) == []


def test_every_field_of_the_list_of_models_is_on_its_page() -> None:
    """Fields of its parts by their full path."""
    model = ModelReference("m", "p", "s", "b", "--x", 1, 1, 1, 1)
    answer = json.loads(model_list_forms.answer([ListedModel(model, ModelSums())], (), "f", "next"))

    assert _absent(answer, page("docs/api.md").text) == []


def test_every_field_of_a_trace_is_on_its_page() -> None:
    """For what waits and for what belongs to no event."""
    rows = [Observation("e", "1", 6, 1.0), Observation("e", "2", 99, None)]
    evidence = Evidence([_page_of_slots()], rows, [], (1, 2), 0, "cb", RewardSettings(10, 0.0, Aggregation.EARLIEST))
    now = Now(chances=None, because="There is no model in use yet.")
    answer = json.loads(EventTrace.of("e", trace(evidence), [now]).to_json())

    assert _absent(answer, page("docs/api.md").text) == []


def test_every_field_of_chances_is_on_its_page() -> None:
    """Explained ones; slots have the same fields."""
    part = Contribution((CONSTANT,), 1.0, 0.5)
    prospect = Prospect({0: 1.0}, {0: 1.0}, ActionComparison(0, None, 0.5, (part,), 0), None)
    answer = json.loads(Chances.of_event("m", 0.2, prospect, ["a"]).to_json())

    assert _absent(answer, page("docs/api.md").text) == []


def test_every_field_of_the_list_of_events_is_on_its_page() -> None:
    """Of Ranks, rewards and activations."""
    event = _page_of_slots()
    rank = Rank.of(Event("e", "r", 5, ranked_event.pack(event)), event)
    entries = select([rank], [Observation("e", "1", 6, 1.0)], Filters(), 10)
    answer = json.loads(
        NewestEvents.of(entries, 1, "why", RewardTimes(RewardSettings(10, 0.0, Aggregation.EARLIEST), 2)).to_json()
    )

    assert len(answer["entries"]) == 2
    assert _absent(answer, page("docs/api.md").text) == []


def _page_of_slots() -> RankedEvent:
    """A multi-slot Rank without features."""
    document = (
        b'{"_multi":[{"i":{"id":"a"}},{"i":{"id":"b"}}],"_slots":[{"_id":"top","s":[{}]},{"_id":"side","s":[{}]}]}'
    )
    decision = MultiSlotDecision((SlotChoice((0, 1), (0.5, 0.5)), SlotChoice((1,), (1.0,))), "m")
    slots = [Slot("top", (0, 1), 1), Slot("side", (0, 1), 0)]
    return from_multi_slot_decision("e", 5, document, decision, slots, deferred=False, mode=LearningMode.APPRENTICE)


def test_every_field_of_the_metrics_is_on_its_page() -> None:
    """The loop's own, and those of an apprentice in the old service's words."""
    apprentice = Apprentice().plus([ImitatedEvent(1.0, True, 0.84)], 1, 2)
    verdict = judge(Metrics(lift=grow([300])), LearningMode.ONLINE, DAY)
    range_ = metrics_forms.read_range(None, None, "P1D", DAY)
    own = json.loads(metrics_forms.answer(range_, [], apprentice, verdict).to_json())

    assert _absent([own, apprentice_forms.metrics(apprentice)], page("docs/api.md").text) == []


def test_every_field_of_an_evaluation_is_on_its_page() -> None:
    """As every version has it, and the loop's own report."""
    evaluation, outcome = evaluated.evaluation("e"), evaluated.outcome()
    older = answers_v1.answer(evaluation, outcome, VERSIONS[-2])
    newest = answers_2022.answer(evaluation, outcome, queries_2022.read_answer_range({}, evaluation))
    own = (
        report_forms.answer(evaluation, outcome, Progress(1, 2)),
        evaluation_list_forms.list_answer([(evaluation, outcome)], None),
        reward_course_forms.answer(outcome),
    )
    answers = [json.loads(text) for text in (older, newest, *own)]

    assert _absent(answers, page("docs/api.md").text) == []


def test_every_field_of_the_record_of_a_run_is_on_its_page() -> None:
    """For owners who write a query."""
    inputs = StatusInputs(None, new_configuration(4), Published(), Waiting(1), 1, 1)
    record = json.loads(run_record.line("default", TrainingRun(1, 1.0), run_record.summarize(inputs)))

    assert _absent(record, page("docs/operating.md").text) == []


def _absent(document: Any, text: str) -> list[str]:
    """The names that a text does not have as code."""
    if isinstance(document, list):
        return [name for part in document for name in _absent(part, text)]
    if not isinstance(document, dict):
        return []
    absent = [name for name in document if not re.search(rf"`(\w+\.)?{name}`", text)]
    return absent + [name for value in document.values() for name in _absent(value, text)]


def test_every_sentence_of_the_status_is_on_its_page() -> None:
    """An owner finds it in the words of the status."""
    flat = page("docs/operating.md").flat
    missing = [piece for piece in _sentences("shared/status/learning_status.py") if piece not in flat]

    assert missing == []


def _sentences(module: str) -> Iterator[str]:
    """The texts of a module that are long enough to be parts of sentences; docstrings are none."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    }
    comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented | comments:
            yield from (piece for piece in _pieces(node.value) if len(piece) > 12)


def _pieces(text: str) -> Iterator[str]:
    """Sentence by sentence, since a page may have parts of one text in two places."""
    yield from (piece.strip(" .:") for piece in re.split(r"(?<=\.) ", text))


def test_every_warning_is_on_its_page() -> None:
    """With what to do about it."""
    sources = [*ROOT.glob("shared/status/*warnings.py"), *ROOT.glob("status_fn/*.py")]
    codes = {
        code for path in sources for code in re.findall(r'LoopWarning\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    rows = {row[0] for row in page("docs/operating.md").rows() if len(row) == 3}

    assert codes
    assert set() == codes - rows
