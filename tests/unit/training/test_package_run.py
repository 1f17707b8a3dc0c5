"""The first run under a package."""

from shared.training.training_state import PackageRun


def test_it_is_noted_once_for_each_package() -> None:
    """A loop that has nothing to do writes nothing; but back under an earlier package, the trainer has to run anew."""
    first = PackageRun.after(None, "a", 1)
    again = PackageRun.after(first, "a", 2)
    other = PackageRun.after(again, "b", 3)
    back = PackageRun.after(other, "a", 4)

    assert again is first
    assert [(run.package, run.started_us) for run in (first, other, back)] == [("a", 1), ("b", 3), ("a", 4)]


def test_a_clone_has_run_without_a_package() -> None:
    """Which is something else than never."""
    first = PackageRun.after(None, None, 1)

    assert PackageRun.after(first, None, 2) == first
    assert PackageRun.after(first, "a", 3) == PackageRun("a", 3)
