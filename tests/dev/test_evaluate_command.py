"""`dev.py evaluate`: what it hands on, with programs that only pretend; what it finds is tested elsewhere."""

import subprocess
import sys

from tests.dev.conftest import Clone


def test_it_hands_on_what_it_was_given(clone: Clone) -> None:
    """Policies with spaces and equals signs as they are, and the log by its whole path."""
    clone.run("evaluate", "--log", "a.dsjson")

    code, output = clone.run(
        *("evaluate", "--log", "/logs/a.dsjson.gz", "--policy", "mine=--cb_explore_adf --epsilon=0.1"),
        *("--policy=--cb_explore_adf", "--optimize", "--json"),
    )

    given = "--policy=mine=--cb_explore_adf --epsilon=0.1 --policy=--cb_explore_adf --optimize --json"
    assert (code, output) == (0, f"ran -P -m localhost.evaluate --log=/logs/a.dsjson.gz {given}\n")


def test_the_set_up_says_nothing_where_the_answer_goes(clone: Clone) -> None:
    """A program that reads the answer gets nothing else, in the first run either; no emulator is needed."""
    environment = {"PATH": f"{clone.programs}:/bin", "HOME": str(clone.folder)}
    words = [sys.executable, str(clone.folder / "dev.py"), "evaluate", "--log", "/a", "--json"]

    ended = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert ended.stdout == "ran -P -m localhost.evaluate --log=/a --json\n"
    assert "Installing the locked packages" in ended.stderr
    assert clone.calls("npm") == []


def test_a_log_must_be_named(clone: Clone) -> None:
    """Before anything is set up."""
    code, output = clone.run("evaluate")

    assert code == 2
    assert "--log" in output
    assert clone.calls("uv") == []
