"""A process of Vowpal Wabbit's driver that does one job after another."""

from datetime import timedelta
from typing import Any

from shared.learner.job_process import JobProcess
from shared.learner.subprocess_jobs import Job


class DriverProcess(JobProcess):
    """A process of the driver, which learns from one log after another."""

    def __init__(self) -> None:
        super().__init__("shared.learner.driver", "training")

    def run(self, job: Job, timeout: timedelta) -> dict[str, Any]:
        """Do a job, and give the driver's answer.

        Raises:
            TookTooLong: Time was up.
            TrainingFailed: The process ended without an answer.
        """
        return self.ask(job.text(), timeout)
