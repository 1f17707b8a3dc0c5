"""Base of all refusals, and those that the loop's own rules raise below the web."""


class LoopError(Exception):
    """Base of every refusal that a caller can do something about; carries data, never a status code."""


class ModeChangedWithRewards(LoopError):
    """A change of the learning mode together with one of what a reward is worth."""


class AutoOptimizationOfSlots(LoopError):
    """Automatic optimization of a multi-slot loop, which there is none of."""


class UnknownLoop(LoopError):
    """There is no loop of the name that the call's path begins with."""


class KeyExists(LoopError):
    """The loop has a key of that name."""


class UnknownKey(LoopError):
    """The loop has no key of that name."""


class TooManyKeys(LoopError):
    """The loop has as many keys as it may have."""


class QuarantineExists(LoopError):
    """The loop has another quarantine of that id."""


class UnknownQuarantine(LoopError):
    """The loop has no quarantine of that id."""


class RelabelExists(LoopError):
    """The loop has a relabel of that id that was activated."""


class UnknownRelabel(LoopError):
    """The loop has no relabel of that id."""


class RelabelEnded(LoopError):
    """A relabel is to be activated that was lifted."""


class TooManyRelabels(LoopError):
    """The loop has as many relabels that are not lifted as it may have."""


class TooManyQuarantines(LoopError):
    """The loop has as many active quarantines as it may have."""
