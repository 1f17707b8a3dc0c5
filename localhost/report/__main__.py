"""Reads a loop."""

import sys

from localhost.report.command import main

if __name__ == "__main__":
    sys.exit(main())
