"""A run of the driver: a model learns a piece of log, without lines that cannot be learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from shared.learner import training
from shared.learner.arguments import parse
from shared.learner.driver_process import DriverProcess
from shared.learner.training import TookTooLong, TrainingFailed, TrainingResult
from shared.log import log_store
from shared.log.manifest import LogBlob
from shared.training.cursor import Cursor
from train_timer import refused_search
from train_timer.driver_input import Feed
from train_timer.pieces import TIMES_FOR_A_LINE, Limit, Piece

OLD, NEW, PREDICTOR = "old.vw", "new.vw", "predictor.vw"
"""The files of a driver run: the training state before the run and after it, and the predictor made from the latter."""

type Places = Mapping[str, frozenset[int]]
"""Places of lines, by the path of their log blob."""


class PieceTooLarge(TrainingFailed):
    """A piece that takes too long; nothing was learned of it, and a smaller piece may do.

    Attributes:
        size: What was too much.
    """

    def __init__(self, size: Limit, reason: str) -> None:
        self.size = size
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class DriverRun:
    """What a run of the driver made of a piece.

    Attributes:
        trained: The lines by outcome; refused lines are all those that cannot be learned from.
        size: What the driver was given.
        after_line: The place after the last line, if the piece is of one log blob.
        is_at_end: Whether the piece ends where its last log blob does.
        left_out: Lines of the piece that the driver was not given, since it would have failed.
        quarantined: How many events it was not given that are in quarantine.
        set_aside: What there is to say of the lines that this run has set aside.
    """

    trained: TrainingResult
    size: Limit
    after_line: int
    is_at_end: bool
    left_out: Places
    quarantined: int
    set_aside: Sequence[str]


def drive(
    learner: Cursor,
    piece: Piece,
    folder: Path,
    timeout: timedelta,
    left_out: Places | None = None,
    process: DriverProcess | None = None,
) -> DriverRun:
    """Train on all lines of a piece, without those that Vowpal Wabbit refuses or fails at, which are set aside.

    Args:
        learner: Its model is the one to go on from.
        folder: Holds the training state of that model, if there is one; the new files go there.
        left_out: Lines that an earlier run over the same piece was not given either.
        process: The driver's process; None for one of its own.

    Raises:
        PieceTooLarge: The driver was not ready in time, or the search for refused lines was not.
        DamagedLog: A log blob cannot be read.
        TrainingFailed: The driver failed, and not because of single lines.
    """
    learning = _PieceLearning(learner, piece, folder, timeout, left_out or {}, process)
    while (run := learning.run_driver()) is None:
        continue
    return run


class _PieceLearning:
    """The learning of a piece: runs of the driver, each without the lines at which the runs before it have failed."""

    def __init__(
        self,
        learner: Cursor,
        piece: Piece,
        folder: Path,
        timeout: timedelta,
        left_out: Places,
        process: DriverProcess | None,
    ) -> None:
        self._learner = learner
        self._piece = piece
        self._folder = folder
        self._timeout = timeout
        self._left_out = dict(left_out)
        self._process = process
        self._slow: dict[int, str] = {}
        self._notes: list[str] = []

    def run_driver(self) -> DriverRun | None:
        """Run the driver once; None if it is to be run again, without lines at which it has failed."""
        feed = Feed(self._piece, self._learner, self._folder, self._left_out)
        try:
            trained = self._train(feed)
        except TookTooLong as failure:
            self._leave_out_slow(feed, failure)
            return None
        except TrainingFailed as failure:
            self._leave_out_refused(feed, failure)
            return None
        return self._finish(feed, trained)

    def _train(self, feed: Feed) -> TrainingResult:
        """Go on from the learner's model, or begin an empty model with its learning arguments."""
        learner = self._learner
        begin = parse(learner.arguments).with_epsilon(learner.exploration) if learner.model is None else None
        with feed:
            return training.train(
                feed.path,
                self._folder / NEW,
                arguments=begin,
                old_state=self._folder / OLD if learner.model else None,
                predictor=self._folder / PREDICTOR,
                timeout=self._line_timeout if self._piece.is_line and not self._slow else self._timeout,
                process=self._process,
            )

    @property
    def _line_timeout(self) -> timedelta:
        return TIMES_FOR_A_LINE * self._timeout

    def _leave_out_slow(self, feed: Feed, failure: TookTooLong) -> None:
        """Leave out the line that takes too long by itself; what else takes too long is cut smaller.

        Whether the line is the reason shows the next attempt, which has no line, and less time.
        """
        if self._slow or (self._piece.is_line and not feed.lines):
            raise failure
        if not self._piece.is_line:
            raise PieceTooLarge(Limit(feed.lines or self._piece.lines, feed.size_bytes), failure.reason)
        limit = f"{self._line_timeout.total_seconds():g} s"
        self._slow[feed.last_line] = f"to learn from it alone takes longer than {limit}, which is the limit"
        self._add({self._piece.blobs[0].path: frozenset({feed.last_line})})
        self._end_where(feed)

    def _leave_out_refused(self, feed: Feed, failure: TrainingFailed) -> None:
        """Leave out the lines at which the driver fails: those that are set aside already, else those that are found.

        Raises:
            TrainingFailed: It is not because of single lines.
        """
        before = {blob.path: self._set_aside(blob, feed) for blob in self._piece.blobs}
        if any(before.values()):
            self._add(before)
            return
        self._end_where(feed)
        if not (refused := self._search(feed, failure)):
            raise failure
        self._add({self._piece.blobs[0].path: refused})

    def _search(self, feed: Feed, failure: TrainingFailed | None = None) -> frozenset[int]:
        """Find refused lines; those of several log blobs are searched for when the blobs are learned alone."""
        size, blob = Limit(self._piece.lines, feed.size_bytes), self._piece.blobs[0]
        if len(self._piece.blobs) > 1:
            raise PieceTooLarge(size, failure.reason if failure else "lines are refused")
        lines = range(self._piece.first_line, self._after_line(feed))
        try:
            reasons = refused_search.search(
                blob, self._learner, lines, self._left_out.get(blob.path, frozenset()), self._timeout
            )
        except TookTooLong as slow:
            if len(lines) <= 1:
                raise
            raise PieceTooLarge(Limit(len(lines), feed.size_bytes), slow.reason) from slow
        self._note(reasons)
        return frozenset(reasons)

    def _finish(self, feed: Feed, trained: TrainingResult) -> DriverRun:
        """The result of a run in which the driver did not fail, though it may have refused lines by itself."""
        refused = feed.lines - trained.learned - trained.skipped - trained.without_actions
        if refused < 0:
            raise TrainingFailed(f"{feed.lines} lines of log were given to the driver, but it tells of {trained.lines}")
        if refused and sum(len(self._set_aside(blob, feed)) for blob in self._piece.blobs) != refused:
            self._search(feed)
        for place, reason in self._slow.items():
            blob = self._piece.blobs[0]
            text = log_store.shorten(refused_search.read_line(blob, place))
            refused_search.set_aside(blob, self._learner.kind, {place: reason}, {place: text})
        self._note(self._slow)
        left_out = {path: inside for path, places in self._left_out.items() if (inside := self._inside(places, feed))}
        trained = replace(trained, refused=refused + sum(map(len, left_out.values())))
        size = Limit(feed.lines, feed.size_bytes)
        return DriverRun(trained, size, self._after_line(feed), feed.is_at_end, left_out, feed.quarantined, self._notes)

    def _note(self, reasons: Mapping[int, str]) -> None:
        path = self._piece.blobs[0].path
        self._notes += [
            f"a line of {path} cannot be learned from and is set aside: {reason}" for reason in reasons.values()
        ]

    def _add(self, places: Places) -> None:
        for path, more in places.items():
            self._left_out[path] = self._left_out.get(path, frozenset()) | more

    def _set_aside(self, blob: LogBlob, feed: Feed) -> frozenset[int]:
        """The places of lines of a blob that are set aside, and were given to the driver nevertheless."""
        places = self._inside(frozenset(log_store.reasons(blob, self._learner.kind)), feed)
        return places - self._left_out.get(blob.path, frozenset())

    def _inside(self, places: frozenset[int], feed: Feed) -> frozenset[int]:
        """Those of some places that are in the piece."""
        if len(self._piece.blobs) > 1:
            return places
        lines = range(self._piece.first_line, self._after_line(feed))
        return frozenset(place for place in places if place in lines)

    def _after_line(self, feed: Feed) -> int:
        """The place after the last line that the driver was given, or that was left out."""
        return self._piece.blobs[0].lines if self._piece.is_whole else feed.after_line

    def _end_where(self, feed: Feed) -> None:
        """Let the piece end where the driver failed."""
        if not self._piece.is_whole:
            self._piece = replace(self._piece, after_line=feed.after_line, limit=None)
