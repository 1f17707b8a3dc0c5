"""What may go wrong with a measure; the others go on without it."""


class MeasureFailed(Exception):
    """A measure gave no figure; the text says why."""


class NotMeasurable(MeasureFailed):
    """This machine cannot give the measure."""


class SideFailed(MeasureFailed):
    """A side ended with an error, or did not do what it was to do."""


class WrongAnswers(MeasureFailed):
    """A server did not answer as it should."""
