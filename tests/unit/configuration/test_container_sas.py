"""Addresses of containers that logs could be copied to."""

import pytest

from shared.configuration.container_sas import hide_secret, problem, reading_problem

SIGNED = "sv=2022-11-02&sr=c&sp=rwl&se=2030-01-01T00%3A00%3A00Z&sig=x%2Fy%3D"


@pytest.mark.parametrize(
    "address",
    [
        f"https://mine.blob.core.windows.net/logs?{SIGNED}",
        f"https://mine.blob.core.windows.net/logs/?{SIGNED}",
        "https://mine.blob.core.windows.net/a-1?sp=c&sig=x",
        "https://mine.blob.core.windows.net/$root?sp=w&sig=x",
        "https://mine.blob.core.windows.net/logs?si=policy&sig=x",
        "https://mine.blob.core.windows.net/logs?ss=b&srt=o&sp=rw&sig=x",
        f"http://127.0.0.1:10000/devstoreaccount1/logs?{SIGNED}",
        f"http://localhost:10000/devstoreaccount1/logs?{SIGNED}",
        f"http://[::1]:10000/devstoreaccount1/logs?{SIGNED}",
        "https://testblob.blob.core.windows.net/container?se=2020-08-13T00%3A00Z&sp=rwl&spr=https&sv=2018-11-09&sr=c&sig=signature",
    ],
)
def test_a_container_that_can_be_written_to_is_taken(address: str) -> None:
    """By its own permission or a stored one, of the service and of an emulator, also after its time is over."""
    assert problem(address) is None


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "missing"),
        ("logs", "https"),
        ("https://[", "no address"),
        (f"ftp://mine.blob.core.windows.net/logs?{SIGNED}", "http"),
        (f"https:///logs?{SIGNED}", "http"),
        (f"https://mine.blob.core.windows.net/{'x' * 60}?{SIGNED}&more={'x' * 5000}", "4096"),
        (f"https://mine.blob.core.windows.net/?{SIGNED}", "container"),
        (f"https://mine.blob.core.windows.net/Logs?{SIGNED}", "container"),
        (f"https://mine.blob.core.windows.net/ab?{SIGNED}", "container"),
        (f"https://mine.blob.core.windows.net/logs/blob?{SIGNED}", "container"),
        (f"http://127.0.0.1:10000/logs?{SIGNED}", "container"),
        ("https://mine.blob.core.windows.net/logs?sp=w", "sig"),
        ("https://mine.blob.core.windows.net/logs?sp=w&sig=", "sig"),
        ("https://mine.blob.core.windows.net/logs?sr=b&sp=w&sig=x", "sr=c"),
        ("https://mine.blob.core.windows.net/logs?sp=rl&sig=x", "write"),
        ("https://mine.blob.core.windows.net/logs?sig=x", "write"),
    ],
)
def test_any_other_address_is_told_what_is_wrong_with_it(address: str, sentence: str) -> None:
    """And never repeated, for it holds a secret."""
    text = problem(address)

    assert sentence in (text or "")
    assert "sig=x" not in (text or "")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", ""),
        (f"https://mine.blob.core.windows.net:443/logs?{SIGNED}", "https://mine.blob.core.windows.net/logs?(hidden)"),
        (f"https://me:secret@mine.blob.core.windows.net/logs?{SIGNED}", "(hidden)"),
        ("sig=secret", "(hidden)"),
        ("https://mine.blob.core.windows.net/secret/path", "(hidden)"),
    ],
)
def test_an_address_is_shown_without_its_secret(address: str, shown: str) -> None:
    """What is no address of a container may be a secret as a whole."""
    assert hide_secret(address) == shown


@pytest.mark.parametrize(
    ("rights", "sentence"), [("rl", None), ("racwdl", None), ("r", "list"), ("l", "read"), ("cw", "read and to list")]
)
def test_a_container_is_read_only_where_it_may_be_read_and_listed(rights: str, sentence: str | None) -> None:
    """Each right by itself is not enough; a stored policy is taken at its word."""
    told = reading_problem(f"https://mine.blob.core.windows.net/logs?sp={rights}&sig=x")

    assert (told is None) if sentence is None else (told is not None and sentence in told)
    assert reading_problem("https://mine.blob.core.windows.net/logs?si=policy&sig=x") is None


def test_the_secret_of_a_container_that_can_only_be_read_is_hidden_alone() -> None:
    """Its address is told."""
    assert hide_secret("https://mine.blob.core.windows.net/logs?sp=rl&sig=x") == (
        "https://mine.blob.core.windows.net/logs?(hidden)"
    )
