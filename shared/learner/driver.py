"""Runs Vowpal Wabbit's native driver; started by `subprocess_jobs`, as a process of its own.

Its own process, because bad input can crash VW, and because it stops every thread of a process while it reads a file.
Jobs come in on standard input, answers go out on standard output, one JSON text a line, in the same order.
"""

import json
import math
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from shared import child_process

if TYPE_CHECKING:
    from shared.learner.vowpal_wabbit import Workspace

_STDERR = 2
_MOST_BYTES = 2 * 1024 * 1024 * 1024
"""Of address space: several times what any learning arguments that are allowed take."""


class Unusable(ValueError):
    """The model cannot be used."""


def main(parent: int, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer jobs until there are no more.

    Args:
        parent: Id of the process that started this one; when that ends, this one is to end too.
        answer: Does a job and gives the answer.
    """
    with open_answers(parent) as answers:
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


def open_answers(parent: int) -> TextIO:
    """Begin as a process that answers, and give where the answers go; what VW prints is none.

    Args:
        parent: As `main` has it.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    child_process.end_with(parent)
    child_process.be_expendable(_MOST_BYTES)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(_STDERR, 1)
    return answers


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    def learn_log() -> dict[str, Any]:
        return learn(job["options"], job["log"], job["metrics"], job["state"])

    return answer_with(learn_log, job["state"], job["predictor"])


def answer_with(
    learn: Callable[[], dict[str, Any]], state: str | None = None, predictor: str | None = None
) -> dict[str, Any]:
    """Learn, check the state if one is written, and give the counts with the problem, if there was any."""
    start, counts = os.lseek(_STDERR, 0, os.SEEK_END), dict[str, Any]()
    try:
        counts = learn()
        if state:
            check(state, predictor)
    except Unusable as error:
        return counts | {"error": str(error), "unusable": True}
    except (RuntimeError, ValueError, LookupError, OSError) as error:
        return counts | {"error": str(error).strip() or type(error).__name__}
    return counts | {"message": _last_message(start)}


def learn(options: list[str], log: str, metrics: str, state: str | None) -> dict[str, Any]:
    """Learn from all lines of a log; the counts come from VW's memory, the file of metrics is not read."""
    return close_workspace(open_workspace([*options, "-d", log], metrics, state))


def open_workspace(options: Sequence[str], metrics: str, state: str | None) -> "Workspace":
    """A workspace that reads log lines and counts what it learns from.

    Raises:
        RuntimeError: VW does not take the options.
    """
    from shared.learner.vowpal_wabbit import Workspace

    quietly = ["--driver_output_off", "--log_level", "error", "--limit_output", "100"]
    reading = ["--dsjson", "--extra_metrics", metrics, *quietly]
    return Workspace(arg_list=[*options, *reading, *(["-f", state] if state else [])])


def close_workspace(workspace: "Workspace") -> dict[str, Any]:
    """Write the state, if one is wanted, free the memory, and give the counts."""
    metrics_of_vw = workspace.get_learner_metrics()
    workspace.finish()
    return {
        "learned": metrics_of_vw["extra_metrics"]["total_learn_calls"],
        "skipped": metrics_of_vw["number_skipped_events"],
        "without_actions": metrics_of_vw["number_events_zero_actions"],
        "refused": metrics_of_vw["line_parse_error"],
        "first_event_id": metrics_of_vw.get("first_event_id") or None,
        "last_event_id": metrics_of_vw.get("last_event_id") or metrics_of_vw.get("first_event_id") or None,
    }


def check(state: str, predictor: str | None) -> None:
    """Check that the new state loads and its weights are finite; write the predict-only model."""
    from shared.learner.vowpal_wabbit import Workspace

    text = Path(f"{state}.txt")
    workspace = Workspace(
        arg_list=["-i", state, "-t", "--quiet", "--predict_only_model", "--readable_model", str(text)]
    )
    if predictor and any("regcb" in name for name in workspace.get_enabled_learners()):
        shutil.copyfile(state, predictor)  # its bounds need more than the weights
    elif predictor:
        workspace.save(predictor)
    workspace.finish()
    if not math.isfinite(sum(_read_weights(text))):
        raise Unusable("the weights are not finite numbers any more")
    if predictor and not Path(predictor).stat().st_size:
        raise ValueError("the model could not be written")


def _read_weights(text: Path) -> Iterator[float]:
    """The weights of a readable model that are not 0; to ask Vowpal Wabbit for each weight takes 20 times as long."""
    with text.open() as lines:
        for line in lines:
            if line == ":0\n":
                break
        else:
            raise ValueError("the model could not be read")
        yield from (float(line.rpartition(":")[2]) for line in lines)
    text.unlink()


def _last_message(start: int) -> str:
    """The last message that VW printed after a place of standard error."""
    os.lseek(_STDERR, start, os.SEEK_SET)
    text = os.read(_STDERR, 65536).decode(errors="replace").strip()
    os.lseek(_STDERR, 0, os.SEEK_END)
    return text.rpartition("\n")[2]


if __name__ == "__main__":
    main(int(sys.argv[1]), _answer)
