"""Runs the demo."""

import sys

from localhost.demo.command import main

sys.exit(main())
