"""Changes of a loop's relabels: one is proposed, activated, or lifted."""

from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.configuration.corrections import MOST_CORRECTIONS, Relabel
from shared.errors import RelabelEnded, RelabelExists, TooManyRelabels, UnknownRelabel


def propose(configuration: Configuration, new: Relabel) -> Configuration:
    """The configuration with a proposal, in the place of one of its id; nothing is learned otherwise because of it.

    Raises:
        RelabelExists: There is one of its id that was activated.
        TooManyRelabels: There are 100 others that are not lifted.
    """
    before = _find(configuration, new.correction.id)
    if before is not None and not before.is_proposed:
        raise RelabelExists
    others = [each for each in configuration.relabels if each is not before]
    if sum(each.lifted_us is None for each in others) >= MOST_CORRECTIONS:
        raise TooManyRelabels
    if len(others) >= MOST_CORRECTIONS:
        oldest = min((each for each in others if each.lifted_us is not None), key=lambda each: each.lifted_us or 0)
        others.remove(oldest)
    return replace(configuration, relabels=(*others, new))


def find(configuration: Configuration, relabel_id: str) -> Relabel:
    """The relabel of an id.

    Raises:
        UnknownRelabel: There is none.
    """
    if (relabel := _find(configuration, relabel_id)) is None:
        raise UnknownRelabel
    return relabel


def activate(configuration: Configuration, relabel_id: str, by: str, at_us: int) -> Configuration:
    """The configuration in which a relabel is active; as it is if that was done before.

    Raises:
        UnknownRelabel: There is none of that id.
        RelabelEnded: It was lifted.
    """
    before = find(configuration, relabel_id)
    if before.lifted_us is not None:
        raise RelabelEnded
    if before.is_active:
        return configuration
    active = replace(before, activated_us=at_us, activated_by=by, revision=configuration.revision + 1)
    return configuration.with_relabels(_put(configuration, before, active), at_us)


def lift(configuration: Configuration, relabel_id: str, by: str, at_us: int) -> Configuration:
    """The configuration in which a relabel is lifted, or a proposal withdrawn; as it is if that was done before.

    Raises:
        UnknownRelabel: There is none of that id.
    """
    before = find(configuration, relabel_id)
    if before.lifted_us is not None:
        return configuration
    lifted = replace(before, lifted_us=at_us, lifted_by=by)
    if before.is_proposed:
        return replace(configuration, relabels=_put(configuration, before, lifted))
    lifted = replace(lifted, lifted_revision=configuration.revision + 1)
    return configuration.with_relabels(_put(configuration, before, lifted), at_us)


def _find(configuration: Configuration, relabel_id: str) -> Relabel | None:
    return next((each for each in configuration.relabels if each.correction.id == relabel_id), None)


def _put(configuration: Configuration, before: Relabel, after: Relabel) -> tuple[Relabel, ...]:
    return tuple(after if each is before else each for each in configuration.relabels)
