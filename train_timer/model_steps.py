"""The steps of a run in which models learn and are published; trouble with one model ends nothing else."""

from collections.abc import Callable
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.models import model_store
from shared.models.model_store import DamagedModel
from shared.models.published import Published
from shared.storage import clock
from shared.training.changed_decisions import MOST_COMPARISONS
from shared.training.configuration_changes import lose_next, lose_running, promote_next, regain_running
from shared.training.cursor import Cursor
from shared.training.lease import Trainer
from shared.training.trouble import Subject
from train_timer import model_publication
from train_timer.attempts import Attempts
from train_timer.learner_thread import Beside
from train_timer.model_training import ModelTraining
from train_timer.pieces import Pace


class ModelSteps:
    """The models in one pass of a run.

    Args:
        configuration: The configuration that the pass follows.
        published: What was published when it began.
        pace: What the driver runs of the process have shown.
        beside: Beside what the models learn.
    """

    def __init__(
        self,
        trainer: Trainer,
        attempts: Attempts,
        configuration: Configuration,
        published: Published,
        pace: Pace,
        beside: Beside,
    ) -> None:
        self._trainer = trainer
        self._attempts = attempts
        self._configuration = configuration
        self._published = published
        self._training = ModelTraining(trainer, configuration.logs_deleted_before_us, pace, beside)

    def train_running(self) -> bool:
        """Let the model in use make a step; if its training state is lost, another model begins to learn instead.

        Returns:
            Whether it has learned anything.
        """
        trainer = self._trainer

        def train() -> bool:
            running = trainer.state.running
            try:
                if running.is_lost and running.model is not None:
                    model_store.read_intact(running.model.state_blob)
                    trainer.commit(regain_running(trainer.state, self._configuration))
                return self._training.train_running()
            except DamagedModel:
                trainer.commit(lose_running(trainer.state, self._configuration, self._published))
                raise

        return self._train(Subject.RUNNING, train, trainer.state.running)

    def train_next(self) -> bool:
        """Let the next model make a step; if its training state is lost, it begins anew.

        Returns:
            Whether there is one that has not learned all log.
        """
        trainer, coming = self._trainer, self._trainer.state.next
        if coming is None:
            self._attempts.succeed(Subject.NEXT)
            return False

        def train() -> bool:
            try:
                return self._training.train_next()
            except DamagedModel:
                trainer.commit(lose_next(trainer.state, self._configuration, self._published))
                raise

        return self._train(Subject.NEXT, train, coming)

    def train_challenger(self) -> bool:
        """Let the challenger on trial make a step; if its training state is lost, the trial ends.

        Returns:
            Whether there is one that has not learned all log.
        """
        trainer, trial = self._trainer, self._trainer.state.trial
        if trial is None or trial.end is not None:
            self._attempts.succeed(Subject.CHALLENGER)
            return False

        def train() -> bool:
            try:
                return self._training.train_challenger()
            except DamagedModel as damage:
                state = trainer.state  # events of the trial may have been joined meanwhile
                lost = state.trial.stop(f"What it had learned is lost: {damage}") if state.trial else None
                trainer.commit(replace(state, trial=lost))
                raise

        return bool(self._attempts.make(Subject.CHALLENGER, train, trial.id))

    def publish(self) -> None:
        """Let the next model replace the running one once it has learned all log, and publish when it is time."""
        self._compare_decisions()
        promoted = promote_next(self._trainer.state)
        if promoted != self._trainer.state:
            self._trainer.commit(promoted)
            self._attempts.succeed(Subject.RUNNING)
            self._attempts.succeed(Subject.COMPARISON)
        trainer, configuration, now_us = self._trainer, self._configuration, clock.now_us()
        publish(trainer, self._attempts, lambda: model_publication.publish(trainer, configuration, now_us))

    def _compare_decisions(self) -> None:
        """Compare what the next model would choose before it replaces the running one, if a quarantine is between them.

        A model is never held up by trouble with that.
        """
        trainer, coming = self._trainer, self._trainer.state.next
        is_ready = promote_next(trainer.state) != trainer.state
        if coming is None or not is_ready or coming.corrections == trainer.state.running.corrections:
            return
        if any(each.revision == coming.revision for each in trainer.state.changed_decisions):
            return
        from train_timer import decision_sample  # much to import, for what is rare

        compared = self._attempts.make(
            Subject.COMPARISON,
            lambda: decision_sample.compare(trainer.state, coming, self._configuration),
            str(coming.revision),
        )
        if compared is not None:
            comparisons = (*trainer.state.changed_decisions, compared)[-MOST_COMPARISONS:]
            trainer.commit(replace(trainer.state, changed_decisions=comparisons))

    def _train(self, subject: Subject, train: Callable[[], bool], cursor: Cursor) -> bool:
        has_learned = bool(self._attempts.make(subject, train, f"{cursor.generation}-{cursor.revision}"))
        if has_learned:
            self.publish()
        return has_learned


def publish(trainer: Trainer, attempts: Attempts, action: Callable[[], object]) -> None:
    """Try what publishes; a model that cannot be published does not hold up the next one."""
    model = trainer.state.publishing.files if trainer.state.publishing else trainer.state.running.model
    attempts.make(Subject.PUBLICATION, action, model.predictor_blob if model else "")
