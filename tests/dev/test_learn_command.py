"""`dev.py learn`: what it hands on, with programs that only pretend; what it learns is tested elsewhere."""

from tests.dev.conftest import Clone


def test_it_hands_on_what_it_was_given(clone: Clone) -> None:
    """Several logs, policies with spaces, and the address; never a key, which is in a variable."""
    clone.run("learn", "--log", "a.dsjson")

    code, output = clone.run(
        *("learn", "--log", "a.csv", "b.csv", "--columns", "c.json", "--policy", "mine=--cb_explore_adf --epsilon=0.1"),
        *("--to", "http://127.0.0.1:7071", "--yes", "--json"),
    )

    given = "--policy mine=--cb_explore_adf --epsilon=0.1 --to http://127.0.0.1:7071 --yes --json"
    assert (code, output) == (0, f"ran -P -m localhost.learn --log a.csv b.csv --columns c.json {given}\n")


def test_a_log_must_be_named(clone: Clone) -> None:
    """Before anything is set up."""
    code, output = clone.run("learn")

    assert code == 2
    assert "--log" in output
    assert clone.calls("uv") == []
