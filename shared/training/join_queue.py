"""The queue of shards to join; any instance may take a message and join its shard."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from shared.storage.paths import DEFAULT, JOIN_QUEUE, check_name, this_loop
from shared.storage.this_storage import queues
from shared.training.training_state import Intent

_NUMBERS = ("from", "to", "shards", "shard", "complete")
_SECONDS_TO_LIVE = 3600
"""Long before, the trainer has joined the shard itself."""


@dataclass(frozen=True, slots=True)
class JoinMessage:
    """A shard of a part to join, as long as the part is in progress.

    Attributes:
        loop: The name of the loop.
        from_us: Where the part begins.
        to_us: Where it ends.
        shards: Into how many shards it is split.
        shard: Which of them.
        complete_us: Up to there all rows are in storage since the trainer has begun its pass; another pass has another.
    """

    loop: str
    from_us: int
    to_us: int
    shards: int
    shard: int
    complete_us: int

    def text(self) -> str:
        """Write the message as JSON."""
        numbers = (self.from_us, self.to_us, self.shards, self.shard, self.complete_us)
        return json.dumps({"loop": self.loop} | dict(zip(_NUMBERS, numbers, strict=True)))

    def is_of(self, intent: Intent) -> bool:
        """Whether it is for a part."""
        return (self.from_us, self.to_us, self.shards) == (intent.from_us, intent.to_us, intent.shards)


def read(text: str) -> JoinMessage:
    """Read a message; those of earlier versions name no loop, and are of `default`.

    Raises:
        ValueError: The text is no message.
    """
    try:
        fields = json.loads(text)
        return JoinMessage(check_name(fields.get("loop", DEFAULT)), *(int(fields[name]) for name in _NUMBERS))
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("the message says nothing about a shard to join") from error


def send(intent: Intent, shards: Iterable[int], complete_us: int) -> None:
    """Put the messages for shards of a part into the queue.

    Args:
        complete_us: As of `JoinMessage`.

    Raises:
        StorageUnavailable: Not all of them could be sent.
    """
    part = intent.from_us, intent.to_us, intent.shards
    messages = (JoinMessage(this_loop().name, *part, shard, complete_us) for shard in shards)
    queues().send(JOIN_QUEUE, [message.text() for message in messages], seconds_to_live=_SECONDS_TO_LIVE)
