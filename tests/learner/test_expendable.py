"""A process that works for another one takes no more than it may, and is ended before the one that answers calls."""

import subprocess
import sys

import pytest

from shared.settings import child_environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limits")

_WORK = """
from pathlib import Path
from shared import child_process
child_process.be_expendable(200 * 1024 * 1024)
print(Path("/proc/self/oom_score_adj").read_text().strip())
try:
    bytearray(300 * 1024 * 1024)
except MemoryError:
    print("refused")
child_process.be_expendable(600 * 1024 * 1024)
print(len(bytearray(300 * 1024 * 1024)))
"""


def test_it_gets_no_memory_beyond_its_bound_and_is_the_first_to_be_ended() -> None:
    """A learner that it starts may have a wider bound of its own."""
    ended = subprocess.run(
        [sys.executable, "-c", _WORK], env=child_environment(), capture_output=True, text=True, check=True
    )

    assert ended.stdout.split() == ["1000", "refused", str(300 * 1024 * 1024)]
