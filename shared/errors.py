"""The ways in which the loop refuses."""


class LoopError(Exception):
    """Base of every refusal that a caller can do something about; carries data, never a status code."""


class ModeChangedWithRewards(LoopError):
    """A change of the learning mode together with one of what a reward is worth."""


class AutoOptimizationOfSlots(LoopError):
    """Automatic optimization of a multi-slot loop, which there is none of."""
