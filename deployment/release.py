"""What a release says: the changes of its version, as CHANGELOG.md tells them.

`python3 -m deployment.release TAG REPOSITORY` prints them, where the tag is that of the version in pyproject.toml. The
repository is its address, to which the links of the text lead.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from localhost.setup.programs import CannotSetUp, say

_WRITE = "Write the version into pyproject.toml, run uv lock, and tag the commit that has both."
_NAME = (
    "Give the section Unreleased of CHANGELOG.md the name of the version, as CONTRIBUTING.md says, and tag that commit."
)
_VERSION = re.compile(r'^version = "(.+)"$', re.MULTILINE)
_RELATIVE = re.compile(r"\]\((?!https?:|#)")


def read_changes(root: Path, tag: str, repository: str) -> str:
    """Give the changes that a tag releases; raises `CannotSetUp` if the project is not at that version."""
    version = _VERSION.search((root / "pyproject.toml").read_text(encoding="utf-8"))
    if version is None or tag != f"v{version[1]}":
        raise CannotSetUp(f"The tag {tag} is not that of the version {version[1] if version else ''}", _WRITE)
    section = re.compile(rf"^## \[{re.escape(version[1])}\].*?$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    changes = section.search((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if changes is None or not changes[1].strip():
        raise CannotSetUp(f"CHANGELOG.md says nothing of the version {version[1]}", _NAME)
    return _RELATIVE.sub(f"]({repository}/blob/{tag}/", changes[1].strip())


def main(tag: str, repository: str) -> int:
    """Print the changes and give the exit code."""
    try:
        say(read_changes(Path(__file__).resolve().parent.parent, tag, repository))
    except CannotSetUp as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
