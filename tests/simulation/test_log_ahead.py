"""The list of the log ahead of a model, when storage answers badly."""

from itertools import pairwise

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.log import manifest_store
from shared.log.manifest import LogBlob
from shared.storage_errors import StorageUnavailable
from shared.times import HOUR, from_iso
from tests.simulation.faults import Fault, Kind
from tests.simulation.test_faults import process
from train_timer.log_ahead import LogAhead

BEGIN_US = from_iso("2027-06-15T03:00:00Z")
REWARDS = RewardSettings(HOUR, 0.0, Aggregation.EARLIEST)


def test_a_list_that_breaks_off_is_begun_anew() -> None:
    """Else a model went on behind log that it has not learned."""
    ends_us = [BEGIN_US + number * HOUR for number in range(4)]
    with process() as (_, planned, _):
        for from_us, to_us in pairwise(ends_us):
            blob = LogBlob(from_us, to_us, REWARDS, 1, {"cb": 1}, 100, 100, etag="etag")
            manifest_store.put(blob, lambda: None)
        ahead = LogAhead(0)
        planned.left = [Fault(Kind.LOST_REQUEST)] * 4
        with pytest.raises(StorageUnavailable):
            next(ahead.after(BEGIN_US, ends_us[-1]))

        assert [blob.from_us for blob in ahead.after(BEGIN_US, ends_us[-1])] == ends_us[:-1]
