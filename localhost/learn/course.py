"""The course of the command, from a log to a trained model: survey, evaluation, verdict, training."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from localhost.evaluate.runs import Runs
from localhost.evaluate.whole_log import evaluation
from localhost.interruption import Interruption
from localhost.learn.replays import demand_all, replicate
from localhost.learn.results import Results
from localhost.learn.sources import Source
from localhost.learn.surveyor import survey
from localhost.learn.training import Learned, train
from localhost.progress import Progress
from shared.evaluation import plan
from shared.evaluation.evaluation import Policy
from shared.evaluation.outcome import Outcome
from shared.imports.lessons import list_gaps
from shared.imports.verdict import Replicates, add_new_loop, choose, judge


class Course:
    """What the command does with a log."""

    def __init__(self, source: Source, custom: Sequence[Policy], stream: TextIO, interruption: Interruption) -> None:
        """Take the log, the policies that were given, where to show progress, and whether it was interrupted."""
        self._source = source
        self._custom = add_new_loop(custom)
        self._stream = stream
        self._interruption = interruption

    @contextmanager
    def run(self) -> Iterator[tuple[Results, Learned]]:
        """Carry it out; the files of the model are there as long as the block.

        Raises:
            CommandFailure: The log turned out to be damaged, or has no event.
            TrainingFailed: The learner could not do its work.
        """
        source, progress = self._source, Progress(1, self._stream, self._interruption)
        gaps = list_gaps(survey(source.log, "cb", self._stream, self._interruption))
        runs = Runs(source.log, evaluation(self._custom, "cb", optimise=True), self._stream, self._interruption)
        runs.finish()
        outcome, logged = plan.outcome(runs.evaluation, runs.results), runs.results[plan.LOGGED]
        judged = judge(outcome, self._replicates(runs, outcome))
        chosen = choose(judged)
        events = logged.lines.used
        with train(runs.evaluation, source, chosen.arguments, events, progress) as learned:
            results = Results(
                outcome,
                logged.exploration,
                judged,
                chosen,
                learned.stretches,
                learned.model,
                gaps,
                list(source.remarks),
            )
            yield results, learned

    def _replicates(self, runs: Runs, outcome: Outcome) -> Replicates:
        """What estimated chances leave uncertain; nothing if all were noted."""
        if self._source.replicates is None:
            return {}
        used = runs.results[plan.LOGGED].lines.used
        demand_all(self._source.replicates, used)
        compared = {result.policy.name: result.policy.arguments for result in outcome.policies}
        policies = {name: arguments for name, arguments in compared.items() if arguments}
        counted_from = used // 2 if plan.JUDGING in runs.results else 0
        progress = Progress(len(policies), self._stream, self._interruption)
        return replicate(runs.evaluation, self._source.log, policies, self._source.replicates, counted_from, progress)
