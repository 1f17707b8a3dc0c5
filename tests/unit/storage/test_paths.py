"""The names of what loops keep: nothing of one can be taken for another's."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage import loop_threads
from shared.storage.paths import DEFAULT, Loop, check_name, in_loop, this_loop
from shared.times import DAY, MINUTE

NAMES = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: len(name) <= 40)
SECRETS = st.sampled_from(["", "0123456789abcdef" * 2, "f" * 32])
MOMENTS = st.integers(0, 4_000_000_000_000_000)


@given(name=NAMES | st.just(DEFAULT), other=NAMES | st.just(DEFAULT), at_us=MOMENTS, secret=SECRETS)
def test_no_name_of_a_loop_begins_another_loops_names(name: str, other: str, at_us: int, secret: str) -> None:
    """Blobs are listed by their beginnings, tables by a range, rows by a range of partitions."""
    loop, stranger = Loop(name), Loop(other)
    table, foreign = (each.table_name("rewards", at_us, DAY, secret) for each in (loop, stranger))
    first, end = loop.table_names
    parsed = loop.parse_table_name(table)

    assert first <= table < end
    assert parsed is not None
    assert (parsed.kind, parsed.from_us, parsed.to_us) == ("rewards", at_us - at_us % DAY, at_us - at_us % DAY + DAY)
    assert len(table) <= 63
    if name != other:
        assert not first <= foreign < end
        assert loop.parse_table_name(foreign) is None
        assert not stranger.root.startswith(loop.root)
        assert loop.partition_key(1, at_us) != stranger.partition_key(1, at_us)


@given(name=NAMES | st.just(DEFAULT), secret=SECRETS, other=SECRETS)
def test_the_next_loop_of_a_name_has_other_tables(name: str, secret: str, other: str) -> None:
    """Only `default` is never deleted."""
    names = {Loop(name).table_name("events", MINUTE, DAY, each) for each in (secret, other)}

    assert (len(names) == 1) == (secret == other or name == DEFAULT)


@given(name=NAMES)
def test_only_the_first_loop_has_the_names_of_earlier_versions(name: str) -> None:
    loop = Loop(name)

    assert (loop.table_name("events", MINUTE, DAY) == "events1970010100001440") == (name == DEFAULT)
    assert Loop(DEFAULT).configuration == "loops/default/configuration.json"


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a--b", "a" * 41, "ä", "a/b", "..", "rankloop", "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name"):
        check_name(name)


async def test_tasks_and_threads_work_for_the_loop_that_began_them() -> None:
    """Also if others have begun others meanwhile."""

    async def work(name: str) -> list[str]:
        with in_loop(name):
            await asyncio.sleep(0)
            at_once = loop_threads.at_once(lambda _: this_loop().name, range(3), 2)
            return [*at_once, await asyncio.to_thread(lambda: this_loop().name), this_loop().name]

    names = [f"loop-{number}" for number in range(8)]
    assert await asyncio.gather(*map(work, names)) == [[name] * 5 for name in names]
