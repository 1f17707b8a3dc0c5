"""Changes of a loop's quarantines: one is made, or lifted."""

from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.configuration.corrections import MOST_CORRECTIONS, Quarantine
from shared.errors import QuarantineExists, TooManyQuarantines, UnknownQuarantine


def add(configuration: Configuration, new: Quarantine, at_us: int) -> Configuration:
    """The configuration with a new quarantine; as it is if it has that quarantine already.

    Raises:
        QuarantineExists: There is another one of its id.
        TooManyQuarantines: There are 100 active ones.
    """
    before = next((each for each in configuration.quarantines if each.correction.id == new.correction.id), None)
    if before is not None:
        if before.is_active and _is_same(before, new):
            return configuration
        raise QuarantineExists
    if sum(each.is_active for each in configuration.quarantines) >= MOST_CORRECTIONS:
        raise TooManyQuarantines
    quarantines = (*configuration.quarantines, replace(new, revision=configuration.revision + 1))
    if len(quarantines) > MOST_CORRECTIONS:
        oldest = min((each for each in quarantines if not each.is_active), key=lambda each: each.lifted_us or 0)
        quarantines = tuple(each for each in quarantines if each is not oldest)
    return configuration.with_quarantines(quarantines, at_us)


def find(configuration: Configuration, quarantine_id: str) -> Quarantine:
    """The quarantine of an id.

    Raises:
        UnknownQuarantine: There is none.
    """
    for quarantine in configuration.quarantines:
        if quarantine.correction.id == quarantine_id:
            return quarantine
    raise UnknownQuarantine


def lift(configuration: Configuration, quarantine_id: str, by: str, at_us: int) -> Configuration:
    """The configuration in which a quarantine is lifted; as it is if that was done before.

    Raises:
        UnknownQuarantine: There is none of that id.
    """
    before = find(configuration, quarantine_id)
    if not before.is_active:
        return configuration
    lifted = replace(before, lifted_us=at_us, lifted_by=by, lifted_revision=configuration.revision + 1)
    quarantines = (lifted if each is before else each for each in configuration.quarantines)
    return configuration.with_quarantines(quarantines, at_us)


def _is_same(quarantine: Quarantine, other: Quarantine) -> bool:
    """Whether two quarantines are of the same events, for the same reason; to Python, true is 1."""
    features = quarantine.correction.feature, other.correction.feature
    are_true_or_false = {isinstance(feature.value, bool) for feature in features if feature is not None}
    is_equal = (quarantine.correction, quarantine.reason) == (other.correction, other.reason)
    return is_equal and len(are_true_or_false) < 2
