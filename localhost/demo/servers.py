"""What the demo plays on: a folder that goes afterwards, the functions, and a key."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localhost.certificate import Certificate
from localhost.demo.failures import DemoFailed
from localhost.host.host_process import HostProcess

_TRUST = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_QUICK = {"WRITE_DEADLINE": "PT1S", "JOIN_GRACE": "PT2S", "TRAIN_SCHEDULE": "* * * * * *"}
"""Settings with which a model follows soon after its events."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A service that an application can talk to.

    Attributes:
        address: Its URL.
        key: An API key of it.
        has_ended: Says whether it has ended by itself.
    """

    address: str
    key: str
    has_ended: Callable[[], bool]


@contextmanager
def stage(certificate: Certificate | None = None, **settings: str) -> Iterator[Stage]:
    """Start it, and end all of it afterwards.

    Args:
        certificate: By which to serve over https, and what the clients in this process trust meanwhile.
        settings: Of the functions, in place of the local defaults.

    Raises:
        StartFailure: It does not start.
        DemoFailed: As raised inside, with the place of the functions' log, and whether they have ended.
    """
    key = secrets.token_hex(16)
    env = {**_QUICK, **settings, "API_KEY_1": key}
    with (
        _log_file() as log,
        tempfile.TemporaryDirectory(prefix="rankloop-demo-") as folder,
        HostProcess(folder, env=env, log_file=log, certificate=certificate) as host,
        _trust(certificate),
    ):
        try:
            yield Stage(host.url, key, lambda: host.exit_code() is not None)
        except DemoFailed as failure:
            raise DemoFailed(f"{failure}\n{_describe_end(host)}The functions' log: {log}") from failure


@contextmanager
def _trust(certificate: Certificate | None) -> Iterator[None]:
    """Have the clients in this process trust a certificate, as applications are told to: by variables."""
    before = {name: os.environ.get(name) for name in _TRUST}
    if certificate:
        os.environ.update(dict.fromkeys(_TRUST, str(certificate.file)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})


@contextmanager
def _log_file() -> Iterator[Path]:
    """Give a file that stays only if the demo failed."""
    handle, name = tempfile.mkstemp(prefix="rankloop-demo-", suffix=".log")
    os.close(handle)
    failed = False
    try:
        yield Path(name)
    except DemoFailed:
        failed = True
        raise
    finally:
        if not failed:
            Path(name).unlink()


def _describe_end(host: HostProcess) -> str:
    code = host.exit_code()
    return "" if code is None else f"The functions have ended, with code {code}.\n"
