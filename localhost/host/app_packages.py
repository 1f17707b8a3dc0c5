"""The packages that an app's folder brings along, found as on the platform: by the search path, before all others."""

import sys
from pathlib import Path

_PLACE = Path(".python_packages", "lib", "site-packages")


def put_first(root: Path) -> None:
    """Let the packages in an app's folder, if it has any, come before the host's own; call it before any is imported.

    Nothing is put into the environment, so the app has to hand the path to processes that it starts.
    """
    packages = root / _PLACE
    if packages.is_dir():
        sys.path.insert(0, str(packages))
