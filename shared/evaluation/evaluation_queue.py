"""The queue that says what is to be done for evaluations; whoever takes a message does it, on whatever instance."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from shared.evaluation.evaluation import Evaluation, Purpose
from shared.storage import sdk
from shared.storage.paths import EVALUATION_QUEUE
from shared.storage.sdk import translate_errors

_FOR_EVER = -1


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be done.

    Attributes:
        created_us: When the evaluation was asked for: another one of the same id is not meant.
        task: Key of the task that is to be carried out; None to see what comes next.
    """

    purpose: Purpose
    id: str
    created_us: int
    task: str | None

    def text(self) -> str:
        """As it stands in the queue."""
        told = {"purpose": self.purpose, "id": self.id, "created": self.created_us, "task": self.task}
        return json.dumps(told)


def message(evaluation: Evaluation, task: str | None = None) -> Message:
    """What is to be done for an evaluation."""
    return Message(evaluation.purpose, evaluation.id, evaluation.created_us, task)


def read(text: str) -> Message:
    """Read a message.

    Raises:
        ValueError: It is none.
    """
    try:
        told = json.loads(text)
        return Message(Purpose(told["purpose"]), str(told["id"]), int(told["created"]), told["task"])
    except (LookupError, TypeError) as error:
        raise ValueError("the message says nothing about an evaluation") from error


def send(messages: Iterable[Message], hidden_seconds: int = 0) -> None:
    """Put messages into the queue, which is made where there is none.

    Args:
        hidden_seconds: For how long nobody gets them.

    Raises:
        StorageUnavailable: Not all of them could be sent.
    """
    from azure.core.exceptions import ResourceNotFoundError

    queue = sdk.queues().get_queue_client(EVALUATION_QUEUE)
    with translate_errors():
        for one in messages:
            told = {"visibility_timeout": hidden_seconds, "time_to_live": _FOR_EVER}
            try:
                queue.send_message(one.text(), **told)
            except ResourceNotFoundError:
                _make()
                queue.send_message(one.text(), **told)


def _make() -> None:
    from azure.core.exceptions import ResourceExistsError

    try:
        sdk.queues().create_queue(EVALUATION_QUEUE)
    except ResourceExistsError:
        return
