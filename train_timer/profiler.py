"""The sample of joined events in the loop's profile, from which the status warns of features that teach nothing."""

import logging

import orjson

from shared.status import profile_store
from shared.status.feature_profile import Profile
from shared.storage.storage_answers import ChangedMeanwhile

_log = logging.getLogger(__name__)


class Profiler:
    """Adds a sample of the events of one pass to the loop's profile.

    The profile is read when first needed, and written once, if events were added. The sample of a pass that dies is
    lost, so that no event is counted twice.
    """

    def __init__(self, deleted_before_us: int) -> None:
        self._deleted_before_us = deleted_before_us
        self._profile: Profile | None = None
        self._etag: str | None = None
        self._is_new = False

    def add(self, at_us: int, document: bytes) -> None:
        """Add a logged event, if it belongs to the sample; events come in order of arrival."""
        if self._profile is None:
            self._profile = self._read()
        if self._profile.takes(at_us):
            try:
                self._profile.add(at_us, orjson.loads(document))
            except (ValueError, TypeError, AttributeError):
                _log.info("an event of %s has features in a form of its own and is not looked at", at_us)
            self._is_new = True

    def pass_on(self, to_us: int) -> None:
        """Move the profile's position, once the log up to there is committed."""
        if self._profile is not None:
            self._profile.up_to_us = max(self._profile.up_to_us, to_us)

    def save(self) -> None:
        """Write the profile; a profile that another trainer wrote meanwhile stays."""
        if self._profile is None or not self._is_new:
            return
        try:
            self._etag = profile_store.write(self._profile, self._etag)
        except ChangedMeanwhile:
            self._profile = None
        self._is_new = False

    def _read(self) -> Profile:
        profile, self._etag = profile_store.read()
        return Profile() if profile.from_us < self._deleted_before_us else profile
