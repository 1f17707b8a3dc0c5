"""The names of a log line's fields: those of the old service ("dsjson"), and the loop's own.

All that reads or writes a line takes the names from here.
"""

EVENT_ID = "EventId"
TIMESTAMP = "Timestamp"
VERSION = "Version"

LABEL_COST = "_label_cost"
"""What is learned as the cost of the action that was shown: the negative reward, or an apprentice's imitation."""
LABEL_PROBABILITY = "_label_probability"
LABEL_ACTION = "_label_Action"
"""The position of the action that was shown, counted from 1."""
LABEL_INDEX = "_labelIndex"
"""The same position, counted from 0."""
ORIGINAL_LABEL_COST = "_original_label_cost"
"""The negative reward, whatever is learned."""
SKIP_LEARN = "_skipLearn"
"""True for an event that was deferred and never activated, and for one that was answered otherwise."""

OBSERVATIONS = "o"
ACTIONS = "a"
"""Positions, counted from 1, chosen first."""
FEATURES = "c"
PROBABILITIES = "p"

OUTCOMES = "_outcomes"
"""Of a multi-slot event: one outcome a slot, with the four fields below."""
SLOT_ID = "_id"
SLOT_ACTIONS = "_a"
"""Positions, counted from 0, chosen first."""
SLOT_PROBABILITIES = "_p"
SLOT_OBSERVATIONS = "_o"
BASELINES = "_ba"
"""Of each slot the position of its baseline action, counted from 0."""

MODEL = "VWState"
MODEL_ID = "m"
"""Inside `MODEL`."""
DEFERRED = "DeferredAction"
ANSWERED_OTHERWISE = "AnsweredOtherwise"
"""True for an event whose Rank was repeated and answered with another action, or with another chance."""
MODE = "Mode"
"""The learning mode, unless that was `Online`."""

TRIAL = "Trial"
"""Of an event that was drawn in a trial: which one, and the shown action's chances by both policies of it."""
TRIAL_ID = "id"
"""Inside `TRIAL`, like the next two."""
TRIAL_IN_USE = "inUse"
TRIAL_CHALLENGER = "challenger"

VALUE = "v"
"""Of an observation, like the next five: the reward; an activation has none."""
OBSERVED_SLOT = "Index"
ACTION_TAKEN = "ActionTaken"
OBSERVED_AT = "t"
OBSERVATION_ID = "id"
ACTION_ID = "ActionId"

REWARD_VALUE = "RewardValue"
"""Of a line that holds an observation without event, like the next three."""
ENQUEUED = "EnqueuedTimeUtc"
LONE_OBSERVATIONS = "Observations"
FATE = "Fate"

DROPPED = "pdrop"
"""Of other tools' lines: the probability with which the event might have been left out of the log."""
CONTINUOUS_LABEL = "_label_ca"
"""Of other tools' lines: the label of a continuous action."""

DOCUMENT_CONTEXT = "FromUrl"
"""Inside `FEATURES`: the context's features."""
DOCUMENT_ACTIONS = "_multi"
"""Inside `FEATURES`: the actions' features."""
DOCUMENT_SLOTS = "_slots"
SLOT_OFFER = "_inc"
"""Inside a slot: the positions of the actions that it may show; without it, that is all."""
"""Inside `FEATURES`: the slots' features."""


def member(name: str) -> bytes:
    """A field's name as JSON, with the colon behind it."""
    return f'"{name}":'.encode()
