"""Builds the wheel."""

import argparse
import sys
from pathlib import Path

from deployment.wheel.build import build
from localhost.setup.places import PLACES
from localhost.setup.programs import CannotSetUp


def main() -> int:
    """Build the wheel and give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployment.wheel", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder for the wheel")
    try:
        build(PLACES, parser.parse_args().output)
        return 0
    except CannotSetUp as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
