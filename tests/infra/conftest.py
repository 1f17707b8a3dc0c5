"""The deployment folder, built once a session; a machine with azd, and a cloud for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployment.folder import Order, package
from localhost.environment import ROOT
from localhost.setup.places import Places
from tests.infra.cloud import DELETED, Cloud, cloud
from tests.infra.hook_machine import AZD, PYTHON, Machine

PLACES = Places(ROOT)


@dataclass(frozen=True, slots=True)
class Built:
    """What `dev.py package` has built.

    Attributes:
        folder: The deployment folder.
        zip_file: The same as a ZIP file.
    """

    folder: Path
    zip_file: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The deployment folder, for the platform."""
    place = tmp_path_factory.mktemp("package")
    package(PLACES, Order(place / "dist", place / "dist.zip"))
    return Built(place / "dist", place / "dist.zip")


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Cloud]:
    """A cloud without deleted vaults."""
    with cloud(tmp_path) as served:
        served.answers[DELETED] = [(200, {"value": []})]
        yield served


@pytest.fixture
def machine(tmp_path: Path, azure: Cloud) -> Machine:
    """A machine with azd, and with a Python that has no packages."""
    made = Machine(tmp_path, dict(azure.variables))
    made.program("python3", PYTHON)
    made.program("azd", AZD)
    return made
