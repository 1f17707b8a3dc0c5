"""The ways in which the loop refuses."""


class LoopError(Exception):
    """Base of every refusal that a caller can do something about; carries data, never a status code."""
