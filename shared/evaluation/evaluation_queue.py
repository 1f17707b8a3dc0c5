"""The queue of work on evaluations; any instance may take a message and do its work."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from shared.evaluation.evaluation import Evaluation, Purpose
from shared.storage.paths import DEFAULT, EVALUATION_QUEUE, check_name, this_loop
from shared.storage.this_storage import queues


@dataclass(frozen=True, slots=True)
class WorkMessage:
    """Work on an evaluation.

    Attributes:
        loop: The name of the evaluation's loop.
        created_us: When the evaluation was created; the work is not for a later evaluation of the same id.
        task: Key of the task that is to be carried out; None to send the messages of the next stage.
    """

    loop: str
    purpose: Purpose
    id: str
    created_us: int
    task: str | None

    def text(self) -> str:
        """Write the message as JSON."""
        fields = {
            "loop": self.loop,
            "purpose": self.purpose,
            "id": self.id,
            "created": self.created_us,
            "task": self.task,
        }
        return json.dumps(fields)


def make_message(evaluation: Evaluation, task: str | None = None) -> WorkMessage:
    """Make the message for a task of an evaluation, or for its next stage."""
    return WorkMessage(this_loop().name, evaluation.purpose, evaluation.id, evaluation.created_us, task)


def read(text: str) -> WorkMessage:
    """Read a message; those of earlier versions name no loop, and are of `default`.

    Raises:
        ValueError: The text is no message.
    """
    try:
        fields = json.loads(text)
        loop = check_name(fields.get("loop", DEFAULT))
        return WorkMessage(loop, Purpose(fields["purpose"]), str(fields["id"]), int(fields["created"]), fields["task"])
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("the message says nothing about an evaluation") from error


def send(messages: Iterable[WorkMessage], hidden_seconds: int = 0) -> None:
    """Put messages into the queue; the queue is made if it is missing.

    Args:
        hidden_seconds: For how long no worker gets the messages.

    Raises:
        StorageUnavailable: Not all of them could be sent.
    """
    queues().send(EVALUATION_QUEUE, (each.text() for each in messages), hidden_seconds)
