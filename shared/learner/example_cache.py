"""Vowpal Wabbit's examples of actions that come again, so that it need not read them again."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from shared.learner.features import DocumentPieces, whole

MOST: Final = 256
"""The most examples of one model."""
EXAMPLE_BYTES: Final = 32 * 1024
"""What an example takes: it has room for features in each namespace that there can be."""
_NO_ACTIONS: Final = '{"_multi":[]}'


class ExampleCache:
    """The examples of one workspace, which owns their memory: each is given back to it before it ends, and only once.

    A prediction leaves an example as it was: what it adds from the context, it takes away again.
    """

    def __init__(self, workspace: Any) -> None:
        """Take the workspace."""
        self._workspace = workspace
        self._examples: dict[bytes, Any] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._examples)

    def predict(self, pieces: DocumentPieces) -> list[float]:
        """Predict for a document in pieces as Vowpal Wabbit does for the whole; it reads no action that has an example.

        Raises:
            RuntimeError: Vowpal Wabbit cannot read the document. Nothing of its workspace may be used any more.
        """
        workspace, examples = self._workspace, [*map(self._examples.get, pieces.actions)]
        missing = [place for place, example in enumerate(examples) if example is None] if None in examples else ()
        document = whole(pieces.context, [pieces.actions[place] for place in missing])
        context, *new = workspace._parse(document.decode())
        if len(new) != len(missing):
            raise RuntimeError("the document has another number of actions than its pieces")
        for place, example in zip(missing, new, strict=True):
            examples[place] = example
        workspace.predict_multi([context, *examples])
        scores: list[float] = context.get_action_scores()
        read = {pieces.actions[place]: examples[place] for place in missing}
        workspace._finish_example_multi_ex([context, *self._exchange(read, pieces.passing)])
        return scores

    def give_back(self) -> None:
        """Give all examples back to the workspace, which would not free them by itself."""
        if self._examples:
            context = self._workspace._parse(_NO_ACTIONS)
            self._workspace._finish_example_multi_ex([*context, *self._examples.values()])
            self._examples.clear()

    def forget(self) -> None:
        """Forget all examples, for a workspace that may not be used any more; their memory is lost."""
        self._examples.clear()

    def __del__(self) -> None:
        """Give them back where a model is let go without being closed, as when the next one takes its place."""
        self.give_back()

    def _exchange(self, read: Mapping[bytes, Any], passing: Collection[bytes]) -> list[Any]:
        """Take in the examples of actions that come again; gives those that are too many, the oldest first."""
        too_many = []
        for text, example in read.items():
            if text in passing:
                too_many.append(example)
            else:
                self._examples[text] = example
        while len(self._examples) > MOST:
            too_many.append(self._examples.pop(next(iter(self._examples))))
        return too_many
