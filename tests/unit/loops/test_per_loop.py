"""What a process keeps of its loops."""

from shared.loops.per_loop import PerLoop
from shared.storage.paths import in_loop, this_loop


class Sizes:
    """Things that are their loop's name, with sizes that change after they are made, as those of models do."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self.bytes: dict[str, int] = {}
        self.dropped: list[str] = []
        self.kept = PerLoop(
            lambda: this_loop().name,
            most,
            size_bytes=lambda name: self.bytes.get(name, 0),
            most_bytes=most_bytes,
            drop=self.dropped.append,
        )

    def use(self, name: str, size_bytes: int = 0) -> None:
        with in_loop(name):
            assert self.kept.here() == name
        self.bytes[name] = size_bytes


def test_a_thing_is_made_once_and_the_one_used_longest_ago_goes_first() -> None:
    sizes = Sizes(most=2, most_bytes=100)
    for name in ("a", "b", "a", "c", "a", "d"):
        sizes.use(name)

    assert (sizes.dropped, sorted(sizes.kept.all())) == (["b", "c"], ["a", "d"])


def test_large_things_make_room_for_a_new_one() -> None:
    """By what they have become meanwhile; the new one stays, however large the others are."""
    sizes = Sizes(most=10, most_bytes=100)
    for name, size_bytes in (("a", 60), ("b", 30), ("c", 90), ("d", 500), ("e", 0)):
        sizes.use(name, size_bytes)

    assert (sizes.dropped, sizes.kept.all()) == (["a", "b", "c", "d"], ["e"])
