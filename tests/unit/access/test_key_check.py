"""The check of keys in one process."""

import asyncio
import os

import pytest

from shared.access import key_check, loop_keys
from shared.access.key_check import KeyCheck, TooManyChecks
from shared.access.role import Role


@pytest.fixture
def digests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The salts of the slow digests that were computed."""
    salts: list[str] = []
    compute = loop_keys.digest_of

    def note(secret: str, salt: str) -> str:
        salts.append(salt)
        return compute(secret, salt)

    monkeypatch.setattr(loop_keys, "digest_of", note)
    return salts


async def test_the_slow_digest_is_computed_once_for_a_key_right_or_wrong(digests: list[str]) -> None:
    """However often it is sent: a client with a wrong key costs no more than one with a right one."""
    (key, text), check = loop_keys.make("app", Role.RANK, 1, None, os.urandom), KeyCheck()
    wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
    digests.clear()

    for _ in range(5):
        assert await check.find(text, [key]) is key
        assert await check.find(wrong, [key]) is None
    assert digests == [key.salt, key.salt]


async def test_a_text_of_no_key_costs_no_digest(digests: list[str]) -> None:
    """A stranger can invent ids, and must not keep an instance busy by that."""
    (key, _), check = loop_keys.make("app", Role.RANK, 1, None, os.urandom), KeyCheck()
    (_, foreign), _ = loop_keys.make("app", Role.RANK, 1, None, os.urandom), digests.clear()

    assert [await check.find(text, [key]) for text in (foreign, "API_KEY", "", foreign + "0")] == [None] * 4
    assert digests == []


async def test_a_key_that_was_made_anew_under_its_id_is_another_key() -> None:
    """What is remembered of the old one opens nothing."""
    (key, text), check = loop_keys.make("app", Role.RANK, 1, None, lambda size: b"a" * size), KeyCheck()
    other, _ = loop_keys.make("app", Role.RANK, 1, None, lambda size: b"a" * size if size == 6 else b"b" * size)

    assert await check.find(text, [key]) is key
    assert key.id == other.id
    assert await check.find(text, [other]) is None


async def test_checks_that_wait_are_bounded() -> None:
    """Each takes 16 MiB and 50 ms, and they are made one by one."""
    made = [loop_keys.make("app", Role.RANK, 1, None, os.urandom) for _ in range(70)]
    check = KeyCheck()

    found = await asyncio.gather(*(check.find(text, [key]) for key, text in made), return_exceptions=True)

    assert sum(isinstance(each, TooManyChecks) for each in found) == 6
    assert sum(each is key for each, (key, _) in zip(found, made, strict=True)) == 64


async def test_no_flood_of_wrong_keys_lets_a_right_one_be_forgotten(
    digests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knows the id of a key, which is no secret, could else have its holder wait, or be refused."""
    monkeypatch.setattr(key_check, "_REMEMBERED", 3)
    (key, text), check = loop_keys.make("app", Role.RANK, 1, None, os.urandom), KeyCheck()
    await check.find(text, [key])
    for number in range(5):
        await check.find(f"{text[:-1]}{(int(text[-1], 16) + 1 + number) % 16:x}", [key])
    digests.clear()

    assert await check.find(text, [key]) is key
    assert digests == []


async def test_no_flood_of_wrong_keys_keeps_another_key_from_its_check() -> None:
    """Whoever has one key knows its id, and could have all others refused that this process has not seen yet."""
    (mine, text), (other, others) = (loop_keys.make("app", Role.RANK, 1, None, os.urandom) for _ in range(2))
    check, flood = KeyCheck(), [f"{text[:-64]}{os.urandom(32).hex()}" for _ in range(200)]

    *refused, found = await asyncio.gather(
        *(check.find(wrong, [mine]) for wrong in flood), check.find(others, [other]), return_exceptions=True
    )

    assert found is other
    assert {type(each) for each in refused} == {type(None), TooManyChecks}


async def test_calls_with_the_same_key_wait_for_one_digest(digests: list[str]) -> None:
    """An instance that has just begun gets many at once."""
    (key, text), check = loop_keys.make("app", Role.RANK, 1, None, os.urandom), KeyCheck()
    digests.clear()

    assert await asyncio.gather(*(check.find(text, [key]) for _ in range(100))) == [key] * 100
    assert digests == [key.salt]


async def test_a_call_that_is_given_up_takes_the_digest_from_no_other() -> None:
    """They wait for the same one."""
    (key, text), check = loop_keys.make("app", Role.RANK, 1, None, os.urandom), KeyCheck()
    first, second = (asyncio.ensure_future(check.find(text, [key])) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()

    assert await second is key
