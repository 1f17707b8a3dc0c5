"""Evaluates a log."""

import sys

from localhost.evaluate.command import main

if __name__ == "__main__":
    sys.exit(main())
