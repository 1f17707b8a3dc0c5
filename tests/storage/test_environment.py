"""What a machine's files say about logins is not for storage, to whom each request is signed."""

from pathlib import Path

import pytest

from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from tests.loop import evaluated_log


def test_logins_of_the_machine_change_no_request(storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library for HTTP would put a login of a .netrc in the place of the signature."""
    logins = tmp_path / "logins"
    logins.write_text("default login someone password something\n")
    monkeypatch.setenv("NETRC", str(logins))

    with evaluated_log.use_storage(storage):
        blobs().write(this_loop().signer, b"content")
        stored = blobs().read(this_loop().signer)

    assert stored is not None
    assert stored.data == b"content"
