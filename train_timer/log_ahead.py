"""The log ahead of a model: the log blobs that it learns next."""

from collections import deque
from collections.abc import Iterator

from shared.log import manifest_store
from shared.log.manifest import LogBlob


class LogAhead:
    """Lists the log ahead of a model, each stretch of it once, however often the model moves on.

    Args:
        deleted_before_us: The configuration's `logs_deleted_before_us`.
    """

    def __init__(self, deleted_before_us: int) -> None:
        self._deleted_before_us = deleted_before_us
        self._blobs: deque[LogBlob] = deque()
        self._listing: Iterator[LogBlob] = iter(())
        self._from_us = self._up_to_us = 0

    def after(self, from_us: int, up_to_us: int) -> Iterator[LogBlob]:
        """The log blobs from one log position to another, oldest first, listed as they are needed."""
        if not self._from_us <= from_us <= self._up_to_us:
            self._blobs, self._listing, self._up_to_us = deque(), iter(()), from_us
        self._from_us = from_us
        while self._blobs and self._blobs[0].from_us < from_us:
            self._blobs.popleft()
        yield from [*self._blobs]
        yield from self._list(from_us)
        if self._up_to_us < up_to_us:
            self._listing, self._up_to_us = self._begin(self._up_to_us, up_to_us), up_to_us
            yield from self._list(from_us)

    def forget(self) -> None:
        """List anew when more is needed: what was listed is no longer so."""
        self._blobs, self._listing = deque(), iter(())
        self._from_us = self._up_to_us = 0

    def _list(self, from_us: int) -> Iterator[LogBlob]:
        """List on; a listing that breaks off ends here, and would be taken for one that is complete."""
        try:
            for blob in self._listing:
                if blob.from_us >= from_us:
                    self._blobs.append(blob)
                    yield blob
        except Exception:
            self.forget()
            raise

    def _begin(self, from_us: int, up_to_us: int) -> Iterator[LogBlob]:
        listing = manifest_store.list_blobs(from_us, up_to_us, self._deleted_before_us, reach_us=0)
        return (blob for blob in listing if blob.from_us >= from_us)
