"""What clients are told to do after a refusal."""

import pytest

from shared.storage_errors import StorageUnavailable, TrainerAtWork
from shared.web.errors import LogReadersBusy, ModelBusy, SigningKeysAway, TooManyCalls
from shared.web.refusals import refuse


@pytest.mark.parametrize(
    "error",
    [
        StorageUnavailable("away"),
        TrainerAtWork(),
        SigningKeysAway("away", 1),
        TooManyCalls("too many", 1),
        LogReadersBusy(),
        ModelBusy(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_worth_repeating_says_when(error: Exception) -> None:
    """Only those answers are repeated by clients."""
    answer = refuse(error, "id")

    assert answer.status_code in (429, 503)
    assert int(answer.headers["Retry-After"]) >= 1
