"""The loop's certificate: one for all instances, made when it is first needed."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from localhost.environment import ROOT
from shared import settings
from shared.models.certificate_store import signer
from shared.models.signing import Signer
from shared.storage import loop_threads
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs


@pytest.fixture
def here(storage: str) -> Iterator[None]:
    """The test's storage is the storage of this process."""
    with settings.use(settings.read({"AzureWebJobsStorage": storage})):
        yield


@pytest.mark.usefixtures("here")
def test_all_instances_sign_with_one_certificate() -> None:
    """Also those that need it for the first time at once."""
    blobs().create("loops/default/nothing", b"")
    signers = loop_threads.at_once(lambda _: signer(), range(4), 4)

    stored = blobs().read(this_loop().signer)
    assert stored is not None
    assert {loop_signer.certificate for loop_signer in signers} == {Signer.read(stored.data).certificate}
    assert len({loop_signer.sign(b"a model") for loop_signer in signers}) == 1


@pytest.mark.usefixtures("here")
def test_a_certificate_is_never_replaced() -> None:
    """Every service that trusts it would need the new one."""
    first = signer()

    assert first.certificate == signer().certificate


def test_the_app_starts_without_cryptography() -> None:
    """A cold start must not pay for what is needed now and then."""
    ended = subprocess.run(
        [sys.executable, "-c", "import function_app, sys; print('cryptography' in sys.modules)"],
        cwd=ROOT,
        env={"PATH": "", "TRAIN_SCHEDULE": "* * * * * *", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert ended.stdout.strip() == "False"
