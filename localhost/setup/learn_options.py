"""What the command `learn` takes: read by the command line, and by the process that it goes on as."""

from __future__ import annotations

import argparse
from pathlib import Path

from localhost.setup.help_texts import POLICY


def add_learn_options(command: argparse.ArgumentParser) -> None:
    """Add all options."""
    command.add_argument(
        "--log",
        type=Path,
        action="extend",
        nargs="+",
        required=True,
        metavar="FILE",
        help="dsjson lines, CSV or Parquet, the first two also in gzip; several are learned in the order of time",
    )
    command.add_argument(
        "--columns", type=Path, metavar="FILE", help="a JSON file that says what the columns of CSV and Parquet hold"
    )
    command.add_argument("--policy", action="append", default=[], metavar="[NAME=]ARGUMENTS", help=POLICY)
    command.add_argument(
        "--to", default="", metavar="ENDPOINT", help="give settings and model to the loop at this address"
    )
    command.add_argument(
        "--output",
        type=Path,
        default=Path("learned"),
        metavar="FOLDER",
        help="without --to, where settings and model are written (default: learned)",
    )
    command.add_argument(
        "--data", type=Path, metavar="FOLDER", help="with --to, folder of the up that serves there (default: as of up)"
    )
    command.add_argument("--yes", action="store_true", help="replace what has learned, or was written, without asking")
    command.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
