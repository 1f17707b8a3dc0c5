"""The certificate of `--https`: made once, for its owner only, and made anew before it ends."""

import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import Certificate as X509Certificate
from cryptography.x509 import load_pem_x509_certificate

from localhost.certificate import CERTIFICATE_FILES, Certificate, keep_certificate
from localhost.failures import StartFailure
from tests.identity.storage import certificate_and_key

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def read(certificate: Certificate) -> X509Certificate:
    return load_pem_x509_certificate(certificate.file.read_bytes())


def belong_together(certificate: Certificate) -> bool:
    """Whether the key is that of the certificate."""
    key = load_pem_private_key(certificate.key_file.read_bytes(), None)
    return key.public_key() == read(certificate).public_key()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_certificate_is_made_once_and_its_key_is_for_its_owner_only(tmp_path: Path) -> None:
    """Clients that were told to trust it go on after each restart."""
    certificate, news = keep_certificate(tmp_path, NOW)
    before = contents(tmp_path)

    assert keep_certificate(tmp_path, NOW + 699 * DAY) == (certificate, "")
    assert contents(tmp_path) == before
    assert before.keys() == CERTIFICATE_FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert f"A certificate for https was made: {tmp_path / 'certificate.pem'}. It is good until 2028-11-28." in news
    assert b"PRIVATE" not in before["certificate.pem"]


def test_no_client_finds_it_too_long_and_clocks_may_differ(tmp_path: Path) -> None:
    """macOS refuses what is good for more than 825 days."""
    content = read(keep_certificate(tmp_path, NOW)[0])

    assert content.not_valid_before_utc == NOW - DAY
    assert timedelta(700) < content.not_valid_after_utc - content.not_valid_before_utc < timedelta(825)


@pytest.mark.parametrize("days", [-2, 701, 731])
def test_one_that_is_not_good_for_a_month_is_made_anew(tmp_path: Path, days: int) -> None:
    """It shall not end while somebody works; and a clock that went wrong may have dated it."""
    before = read(keep_certificate(tmp_path, NOW)[0])
    certificate, news = keep_certificate(tmp_path, NOW + days * DAY)

    assert (read(certificate).public_key() == before.public_key(), belong_together(certificate)) == (False, True)
    assert "was good from 2026-11-28 to 2028-11-28. It was made anew" in news
    assert "clients have to be given the new one" in news
    assert keep_certificate(tmp_path, NOW + (days + 1) * DAY) == (certificate, "")


def test_what_a_kill_has_left_is_completed(tmp_path: Path) -> None:
    """The key is written first: without a certificate nobody trusts it yet, and beside an old one that has ended."""
    certificate, _ = keep_certificate(tmp_path, NOW)
    certificate.file.unlink()
    assert keep_certificate(tmp_path, NOW)[1]
    assert belong_together(certificate)

    ended = certificate.file.read_bytes()
    keep_certificate(tmp_path, NOW + 731 * DAY)
    certificate.file.write_bytes(ended)
    assert "made anew" in keep_certificate(tmp_path, NOW + 731 * DAY)[1]
    assert belong_together(certificate)


def spoil_certificate(certificate: Certificate) -> None:
    certificate.file.write_text("-----BEGIN CERTIFICATE-----\n", encoding="ascii")


def put_certificate_of_another(certificate: Certificate) -> None:
    certificate_and_key(certificate.folder)


def remove_key(certificate: Certificate) -> None:
    certificate.key_file.unlink()


def spoil_key(certificate: Certificate) -> None:
    certificate.key_file.write_bytes(b"\0")


def put_key_of_another(certificate: Certificate) -> None:
    other = certificate.folder / "other"
    other.mkdir()
    keep_certificate(other, NOW)[0].key_file.rename(certificate.key_file)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_certificate, "it cannot be read"),
        (put_certificate_of_another, "it is of CN=localhost"),
        (remove_key, "its key certificate-key.pem is gone"),
        (spoil_key, "its key certificate-key.pem cannot be read"),
        (put_key_of_another, "certificate-key.pem is the key of another one"),
    ],
)
def test_what_is_no_certificate_of_up_is_refused_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Certificate], None], why: str
) -> None:
    """The text says what to do, and doing it helps."""
    certificate, _ = keep_certificate(tmp_path, NOW)
    spoil(certificate)
    before = certificate.file.read_bytes()

    with pytest.raises(StartFailure) as refused:
        keep_certificate(tmp_path, NOW)
    assert f"is no certificate to serve by: {why}." in str(refused.value)
    assert f"Next step: Move it and certificate-key.pem out of {tmp_path}" in str(refused.value)
    assert certificate.file.read_bytes() == before
    certificate.file.unlink()
    certificate.key_file.unlink(missing_ok=True)
    keep_certificate(tmp_path, NOW)
    assert belong_together(certificate)


def test_starts_at_the_same_time_share_one(tmp_path: Path) -> None:
    """With storage elsewhere, two may begin in one folder."""
    barrier = threading.Barrier(8)

    def begin(_: int) -> tuple[str, bytes, bytes]:
        barrier.wait()
        certificate, news = keep_certificate(tmp_path, NOW)
        return news, certificate.file.read_bytes(), certificate.key_file.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(begin, range(8)))

    assert sorted(bool(news) for news, _, _ in came) == [False] * 7 + [True]
    assert len({(file, key) for _, file, key in came}) == 1
