"""Base of all refusals, and the refusals of a change of the configuration."""


class LoopError(Exception):
    """Base of every refusal that a caller can do something about; carries data, never a status code."""


class ModeChangedWithRewards(LoopError):
    """A change of the learning mode together with one of what a reward is worth."""


class AutoOptimizationOfSlots(LoopError):
    """Automatic optimization of a multi-slot loop, which there is none of."""
