"""The trainer in the status of the loop: its last run, and when it runs next."""

from shared.schedules import next_us
from shared.times import SECOND
from shared.training.training_state import LastRun, PackageRun, State
from shared.web.json_forms import Moment, Wire


class RunOfTrainer(Wire):
    """A run of the trainer that did anything."""

    started_at: Moment
    ended_at: Moment
    joined_events: int
    learned_events: int

    @classmethod
    def of(cls, run: LastRun) -> "RunOfTrainer":
        """The last run that found something to do."""
        return cls(
            started_at=run.started_us,
            ended_at=run.ended_us,
            joined_events=run.joined_events,
            learned_events=run.learned_events,
        )


class FirstRun(Wire):
    """The first run of the trainer under the package that it ran under last."""

    package: str | None
    started_at: Moment

    @classmethod
    def of(cls, run: PackageRun) -> "FirstRun":
        """That run."""
        return cls(package=run.package, started_at=run.started_us)


class TrainerAnswer(Wire):
    """When the trainer runs."""

    schedule: str
    next_run_in_seconds: float | None
    first_run: FirstRun | None

    @classmethod
    def of(cls, state: State | None, schedule: str, now_us: int) -> "TrainerAnswer":
        """The answer about the trainer of a loop.

        Args:
            schedule: In NCRONTAB.
        """
        run, next_run_us = state.package_run if state else None, next_us(schedule, now_us)
        return cls(
            schedule=schedule,
            next_run_in_seconds=None if next_run_us is None else (next_run_us - now_us) / SECOND,
            first_run=FirstRun.of(run) if run else None,
        )
