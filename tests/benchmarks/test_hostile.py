"""`bench hostile`: all operations are attacked, by all, and what is wrong with an answer is noticed."""

import logging
import re
import sys
from typing import Any

import orjson
import pytest

from benchmarks import hostile
from benchmarks.__main__ import fails
from benchmarks.attack import judgement, report
from benchmarks.attack.call import Call
from benchmarks.attack.calls import ATTACKED, CUSTOMER, HELD, NO_ROLE, Calls
from benchmarks.attack.judgement import Answer, find_wrong
from benchmarks.attack.schemathesis_cases import EXAMPLES, SchemathesisCases
from benchmarks.attack.sender import Order
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.servers import Server
from function_app import registry
from localhost.azurite.emulator import Azurite
from localhost.environment import ROOT
from localhost.host.log_lines import FullLines
from shared.web.openapi import describe

RANK = Call("rank", "POST", "/north/personalizer/v1.0/rank", "north", "rank", may=True)
STATUS = Call("read_loop_status", "GET", "/rankloop/v1/status", "default", "read", may=True)
STRANGER = Call("read_loop_status", "GET", "/rankloop/v1/status", "default", "wrong", may=False)
REFUSED = b'{"error":{"code":"BadRequest","message":"No."}}'


def test_hostile_calls_are_made_and_judged() -> None:
    """Whatever this machine is at beside: nothing fails, nobody is let in, and an ordinary client is served."""
    figures = hostile.measure(Progress("hostile"), 200, 11, quiet_seconds=0.5, first_calls=0, by_schemathesis=0)

    missed = [figure.what for figure in figures if figure.holds is False]
    slow = {report.KINDS["slow"], "ordinary client: 99 % of its calls"}
    assert set(missed) <= slow, figures[0].details["wrong"]
    assert sum(figures[0].details["statuses"].values()) == 200


def test_a_server_that_is_no_loop_is_noticed(azurite: Azurite) -> None:
    """Storage answers such calls with XML."""
    url = azurite.new_account().blob_endpoint.rpartition("/")[0]
    order = Order(url, 1, 0, 40, 2, {}, by_schemathesis=0)
    came = hostile.attack(Progress("hostile"), Server(url, 0), order)

    assert came.calls == 40
    assert report.count(came, "shape") + report.count(came, "failed") > 20
    assert re.search(r"benchmarks.attack.calls 1 \d+", report.wrong(came, 1))


@pytest.mark.parametrize(
    ("call", "answer", "kind"),
    [
        (RANK, Answer(201, "application/json", b"{}", 0.1), None),
        (RANK, Answer(400, "application/json", REFUSED, 0.1), None),
        (RANK, Answer(503, "application/json", REFUSED, 0.1), None),
        (STATUS, Answer(503, "application/json", REFUSED, 0.1), "failed"),
        (RANK, Answer(500, "application/json", REFUSED, 0.1), "failed"),
        (RANK, Answer(0, "", b"", 60.0), "failed"),
        (RANK, Answer(400, "text/plain", b"Invalid", 0.1), "shape"),
        (RANK, Answer(400, "application/json", b'{"error":"No."}', 0.1), "shape"),
        (RANK, Answer(201, "application/json", b'{"probability":NaN}', 0.1), "shape"),
        (RANK, Answer(201, "application/json", b"{}", 5.1), "slow"),
        (STATUS, Answer(200, "application/json", b"{}", 1.1), "slow"),
        (STRANGER, Answer(401, "application/json", REFUSED, 0.1), None),
        (STRANGER, Answer(200, "application/json", b"{}", 0.1), "let in"),
    ],
)
def test_what_is_wrong_with_an_answer_is_noticed(call: Call, answer: Answer, kind: str | None) -> None:
    wrong = find_wrong(call, answer)

    assert (wrong and wrong.kind) == kind


def test_each_operation_is_called_by_all_and_in_all_loops() -> None:
    """A new operation too: they come from the table that the app serves."""
    made = Calls(registry, 3, by_schemathesis=0)
    calls = [made.make(number) for number in range(1_000)]

    assert {name.partition(" ")[0] for name in made.operations} == {
        served.handler.__name__ for served in registry.operations
    }
    assert len({call.operation for call in calls}) > 50
    assert {call.caller for call in calls} == {*map(str, HELD), *NO_ROLE}
    assert {call.loop for call in calls} == {*ATTACKED, CUSTOMER}
    assert not [call for call in calls if call.loop == CUSTOMER and call.caller in HELD]


def test_a_call_is_made_again_by_its_seed_and_number() -> None:
    made, again = (Calls(registry, 3, by_schemathesis=0) for _ in range(2))
    numbers = (0, 17, 4)

    assert [made.make(number) for number in numbers] == [again.make(number) for number in numbers]


def test_schemathesis_makes_up_requests_to_an_operation() -> None:
    """Others, for another seed, and the same for the same."""
    document = orjson.loads(describe(registry.operations))
    first, again = (SchemathesisCases(document, 1).of("POST", "/personalizer/v1.0/rank") for _ in range(2))

    assert first == again
    assert len(first) >= EXAMPLES


def test_longer_times_and_busy_refusals_are_those_of_the_docs() -> None:
    """Each is told with the sentence that allows it."""
    text = re.sub(r"\s+", " ", (ROOT / "docs/api.md").read_text(encoding="utf-8"))

    sentences = [*(longer.sentence for longer in judgement.LONGER.values()), *judgement.BUSY.values()]
    assert [sentence for sentence in sentences if sentence not in text] == []
    assert {*judgement.LONGER, *judgement.BUSY} <= {served.handler.__name__ for served in registry.operations}


def test_a_missed_goal_of_hostile_is_a_failure() -> None:
    """Of other measures it may be the machine's."""
    missed = [Figure(name, "", "", [1], goal=Goal("at most", 0)) for name in ("hostile", "join")]

    assert [fails(figure) for figure in missed] == [True, False]


def test_errors_in_the_log_of_the_host_are_told_with_their_traces() -> None:
    """As the host writes its lines."""
    calm = _lines(logging.WARNING, "a field is unknown")
    try:
        raise KeyError("lost")
    except KeyError:
        failed = _lines(logging.ERROR, "the call failed", sys.exc_info())

    assert report.errors(f"{calm}\n{failed}\n{calm}\n") == failed
    assert "KeyError" in failed


def _lines(level: int, text: str, trouble: Any = None) -> str:
    return FullLines().format(logging.LogRecord("shared.web", level, "", 1, text, None, trouble))
