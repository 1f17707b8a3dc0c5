"""The files that are written where there is no loop yet: the same as another loop exports."""

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from localhost.failures import CommandFailure
from localhost.learn.course import Learned

_SETTINGS, _STATE, _MODEL = "learning-settings.json", "training-state.vw", "model.vw"


def demand_free(folder: Path, *, may_replace: bool) -> None:
    """See that nothing is written over.

    Raises:
        CommandFailure: There is something.
    """
    if folder.exists() and not folder.is_dir():
        raise CommandFailure(f"{folder} is no folder.", "Give another one by --output.")
    there = [name for name in (_SETTINGS, _STATE, _MODEL) if (folder / name).exists()]
    if there and not may_replace:
        raise CommandFailure(
            f"{folder} has {' and '.join(there)} already.", "Give another folder by --output, or add --yes."
        )


def write(folder: Path, learned: Learned) -> None:
    """Write settings, training state and model.

    Raises:
        CommandFailure: They cannot be written.
    """
    chosen = learned.outcome.chosen
    try:
        folder.mkdir(parents=True, exist_ok=True)
        settings = json.dumps({"name": chosen.name, "arguments": chosen.arguments}) + "\n"
        (folder / _SETTINGS).write_text(settings, encoding="utf-8")
        shutil.copyfile(learned.files.state, folder / _STATE)
        shutil.copyfile(learned.files.predictor, folder / _MODEL)
    except OSError as problem:
        raise CommandFailure(
            f"{folder} cannot be written to: {problem.strerror}", "Give another by --output."
        ) from problem


def describe_files(folder: Path) -> Iterator[str]:
    """Say what was written, and what comes next."""
    yield f"Written to {folder}: {_SETTINGS}, {_STATE} (training goes on from it), {_MODEL} (for predicting only)."
    yield "Next step: let a loop have them, by the same command with --to and --yes, or by these calls in this order:"
    yield ""
    key = '-H "Ocp-Apim-Subscription-Key: $KEY"'
    policy, content = "$ENDPOINT/personalizer/v1.0/configurations/policy", "-H 'Content-Type: application/json'"
    yield f"  curl -X PUT {policy} {key} {content} --data-binary @{_quote(folder / _SETTINGS)}"
    yield f"  curl -X PUT $ENDPOINT/rankloop/v1/model {key} --data-binary @{_quote(folder / _STATE)}"


def _quote(path: Path) -> str:
    return shlex.quote(str(path))
