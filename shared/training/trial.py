"""A trial: a challenger that learns beside the settings in use, and is shown in a part of the exploration."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.configuration.configuration import Configuration
from shared.configuration.exploration import TrialExploration
from shared.configuration.learning_arguments import mean_the_same
from shared.evaluation.challenger import are_the_same
from shared.evaluation.optimization_schedule import next_analysis, why_disabled
from shared.evaluation.trial_verdict import TrialDecision, TrialVerdict
from shared.metrics.estimators.trial_sums import TrialSums
from shared.stored_objects import StoredObject
from shared.training.cursor import Cursor


@dataclass(frozen=True, slots=True)
class TrialEnd(StoredObject):
    """How a trial ends.

    Attributes:
        because: Why, in plain words.
        applies: Whether the loop takes the challenger's settings; else it keeps those in use.
    """

    because: str
    applies: bool = False


@dataclass(frozen=True, slots=True)
class Trial(StoredObject):
    """A challenger on trial, and the evidence so far.

    Attributes:
        id: That of the evaluation that named the challenger; events that were drawn in the trial name it.
        name: The policy's in that evaluation.
        arguments_in_use: The learning arguments that it is compared with.
        challenger: The challenger's model and how far it has learned.
        exploration: How the loop explores in the trial.
        begun_us: When it began.
        sums: Over the events of the trial that are joined.
        analysed_at: At how many events it is analysed next.
        end: How it ends; None while it goes on. What follows from the end may still be to be done.
        revision: The configuration's `trial_revision` when it began.
    """

    id: str
    name: str
    arguments_in_use: str
    challenger: Cursor
    exploration: TrialExploration
    begun_us: int
    sums: TrialSums = field(default_factory=TrialSums)
    analysed_at: int = field(default_factory=lambda: next_analysis(0))
    end: TrialEnd | None = None
    revision: int = 0

    def plus(self, added: Mapping[str, TrialSums]) -> "Trial":
        """The trial with the evidence of a joined part, by the ids of trials; those that are over count no more."""
        return replace(self, sums=self.sums.plus(added[self.id])) if self.id in added else self

    def conclude(self, verdict: TrialVerdict) -> "Trial":
        """The trial after it was analysed."""
        analysed = replace(self, analysed_at=next_analysis(self.sums.events))
        if verdict.decision is TrialDecision.GO_ON:
            return analysed
        return analysed.stop(verdict.because, applies=verdict.decision is TrialDecision.APPLY)

    def stop(self, because: str, *, applies: bool = False) -> "Trial":
        """End the trial, unless it has ended."""
        return self if self.end else replace(self, end=TrialEnd(because, applies))


def why_over(trial: Trial, configuration: Configuration) -> str | None:
    """Why a trial cannot go on under a configuration, in plain words; None if it can."""
    if why := why_disabled(configuration):
        return f"The trial has ended: {why}"
    if not mean_the_same(configuration.learning.arguments, trial.arguments_in_use):
        return "The learning settings were changed meanwhile."
    if configuration.rewards != trial.challenger.rewards:
        return "What a reward is worth was changed meanwhile."
    if configuration.trial_exploration is None:
        return "The loop does not explore any more, or not in Online mode."
    if configuration.trial_exploration != trial.exploration:
        return "The exploration was changed meanwhile."
    if configuration.trial_revision != trial.revision:
        return "Learning settings, rewards, learning mode or exploration were changed meanwhile, and changed back."
    return why_biased(configuration, trial.begun_us)


def why_biased(configuration: Configuration, begun_us: int) -> str | None:
    """Why the events of a trial that begins then are no fair sample, in plain words; None if they are."""
    quarantines = (each for each in configuration.corrections if each.formula is None and each.to_us > begun_us)
    if any(each.action_id is not None for each in quarantines):
        return "Events that showed an action are in quarantine, so whether an event counts depends on what was drawn."
    return None


def has_settings(trial: Trial, arguments: str) -> bool:
    """Whether a trial's challenger has learning arguments that mean the same."""
    return are_the_same(trial.challenger.arguments, arguments)
