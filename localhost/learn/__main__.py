"""Learns from a log."""

import sys

from localhost.learn.command import main

if __name__ == "__main__":
    sys.exit(main())
