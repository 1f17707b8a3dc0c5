"""Loaded by each Python process of a test run whose clock is moved, before anything else: moves its clock, too."""

import os
import time
from datetime import timedelta

import time_machine

time_machine.travel(timedelta(microseconds=int(os.environ.get("TEST_CLOCK_AHEAD_US", "0")))).start()
time.time()  # the library lets it run from the first reading on
