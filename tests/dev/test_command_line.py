"""The command line of `dev.py`: what it tells, what it refuses and what to do next, before anything is set up."""

import pytest

from tests.dev.conftest import Clone


@pytest.fixture
def versioned(clone: Clone) -> Clone:
    """A clone of a version."""
    (clone.folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "3.14.1"\n', encoding="utf-8")
    return clone


def test_it_tells_its_version(versioned: Clone) -> None:
    assert versioned.run("--version") == (0, "Rankloop 3.14.1\n")


def test_called_bare_it_prints_its_help(clone: Clone) -> None:
    """With the exit code of a wrong use, so that no script takes it for success."""
    code, output = clone.run()

    assert (code, output) == (2, clone.run("--help")[1])


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["stauts"], "There is no command stauts; did you mean status?"),
        (["replya", "--model", "x"], "There is no command replya; did you mean replay?"),
        (["xyzzy"], "There is no command xyzzy."),
        (["up", "--prot", "80"], "Unrecognized: --prot 80."),
        (["event"], "The following arguments are required: ID."),
        (["up", "--welcome", "--open"], "Argument --open: not allowed with argument --welcome."),
        (["demo", "--data", "wine"], "Argument --data: invalid choice: 'wine'"),
        *(
            (["up", f"--port={port}"], f"Argument --port: {port} is no port: give a number from 0 to 65535.")
            for port in ("65536", "-1", "http", "8080.0", "", "9" * 5000, "٣")
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_do(clone: Clone, command: list[str], message: str) -> None:
    """On the last lines, whatever the usage above; nothing is set up for it."""
    code, output = clone.run(*command)

    *_, problem, next_step = output.splitlines()
    assert (code, problem.startswith(message)) == (2, True), output
    assert next_step.startswith("  Next step: python3 dev.py ")
    assert "Traceback" not in output
    assert not (clone.folder / ".boot").exists()


@pytest.mark.parametrize("port", [0, 1, 65535])
def test_up_hands_on_where_to_listen(clone: Clone, port: int) -> None:
    """And how to write its log."""
    clone.run("up", "--data", "/d")

    code, output = clone.run("up", "--port", str(port), "--host", "::", "--data", "/d", "--json")

    assert (code, output) == (0, f"ran -P -m localhost up --port {port} --host=:: --data /d --json\n")


def test_a_demo_is_handed_how_it_is_shown(clone: Clone) -> None:
    clone.run("demo")

    outputs = [
        clone.run("demo", "--open", "--keep", "--apprentice", "--https"),
        clone.run("up", "--data", "/d", "--open", "--https"),
    ]

    assert outputs == [
        (0, "ran -P -m localhost.demo --apprentice --keep --open --https\n"),
        (0, "ran -P -m localhost up --port 7071 --host=127.0.0.1 --data /d --open --https\n"),
    ]


def test_reading_a_loop_needs_no_emulator(clone: Clone) -> None:
    """And hands on what it was given, an id that looks like an option too."""
    clone.run("status")

    outputs = [
        clone.run("status", "--endpoint", "https://x"),
        clone.run("metrics", "--data", "/d", "--json"),
        clone.run("event", "--at", "2026-11-25", "--", "-v"),
        clone.run("up", "--welcome", "--data", "/d"),
    ]

    assert [output for _, output in outputs[:3]] == [
        "ran -P -m localhost.report status --endpoint=https://x\n",
        "ran -P -m localhost.report metrics --data=/d --json\n",
        "ran -P -m localhost.report event --at=2026-11-25 -- -v\n",
    ]
    assert outputs[3][1].endswith("ran -P -m localhost.report welcome --data /d\n")
    assert [code for code, _ in outputs] == [0] * 4
