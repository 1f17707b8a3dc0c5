"""Model files from outside: which are accepted, and that no file does harm."""

import random
import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest
import vowpalwabbit

from shared.learner import model_file
from shared.learner.allowed_options import ALLOWED
from shared.learner.arguments import parse
from shared.learner.model_check import UnusableModel, examine
from tests.unit.learner.lines import GREEDY, TIMEOUT, event_lines, slots_lines, train_model, write

OWN = parse(GREEDY)


@pytest.fixture(scope="module")
def greedy(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A greedy model that has learned the small world."""
    return train_model(tmp_path_factory.mktemp("greedy"), event_lines(500), GREEDY)[0]


def make(path: Path, arguments: str) -> bytes:
    """An empty model file."""
    workspace = vowpalwabbit.Workspace(arg_list=[*arguments.split(), "--quiet"])
    workspace.save(str(path))
    workspace.finish()
    return path.read_bytes()


def header_end(data: bytes) -> int:
    """Where the options of a model file end."""
    return data.index(b"--cb_explore_adf") + data[data.index(b"--cb_explore_adf") :].index(b"\0")


def with_options(data: bytes, options: str) -> bytes:
    """A model file whose options are others; its checksum is not mended."""
    start = data.index(b" --cb_adf")
    text = f" {options}".encode() + b"\0"
    return data[: start - 4] + struct.pack("<I", len(text)) + text + data[header_end(data) + 1 :]


@pytest.mark.parametrize(
    "arguments",
    [
        "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::",
        "--cb_explore_adf --epsilon 0.05 -l 0.001 --power_t 0 --cb_type mtr -q ::",
        "--cb_explore_adf --squarecb --gamma_scale 20 --gamma_exponent 0.4 -q ab --cubic :::",
        "--cb_explore_adf --regcbopt --mellowness 0.2 --cb_min_cost -1 --cb_max_cost 1 --cb_type mtr",
        "--cb_explore_adf --softmax --lambda 10 --ignore a --keep b --noconstant -b 12",
        "--cb_explore_adf --bag 3 --greedify",
        "--cb_explore_adf --cover 3 --psi 0.5 --nounif --cb_type dr",
        "--cb_explore_adf --rnd 3 --chain_hash --random_seed 7",
        "--cb_explore_adf --synthcover --synthcoverpsi 0.1 --marginal j --interactions abc",
        "--cb_explore_adf --first 10 --coin",
        "--cb_explore_adf --large_action_space --max_actions 5",
        "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::",
    ],
)
def test_a_file_tells_what_it_was_trained_with(arguments: str, tmp_path: Path) -> None:
    """In the words of learning arguments, whatever Vowpal Wabbit has added to them."""
    given, stored = parse(arguments), model_file.read_arguments(make(tmp_path / "model.vw", arguments))

    assert {*given.options} <= {*stored.options} | {("--random_seed", "7")}
    assert {name for name, _ in stored.options} <= {name for name, _ in given.options} | {"--cb_type"}


@pytest.mark.parametrize(
    "options",
    [
        "--cb_explore_adf --final_regressor stolen",
        "--cb_explore_adf -f stolen",
        "--cb_explore_adf --daemon --port 12345",
        "--cb_explore_adf --pid_file stolen",
        "--cb_explore_adf --data /etc/passwd",
        "--cb_explore_adf /etc/passwd",
        "--cb_explore_adf --bit_precision 31",
        "--cb_explore_adf --bag 0",
        "--cb_explore_adf --csoaa_ldf singleline",
        "--cb_explore_adf --ccb_explore_adf --slates",
        "--oaa 3",
        "",
    ],
)
def test_a_file_that_orders_anything_else_is_refused_before_it_is_loaded(
    options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace that loads a model file obeys its options, and some of them write files or open ports."""
    monkeypatch.chdir(tmp_path)
    crafted = with_options(make(tmp_path / "model.vw", GREEDY), options)

    with pytest.raises(UnusableModel):
        examine(crafted, OWN, 0.2)

    assert [tmp_path / "model.vw"] == [*tmp_path.iterdir()]


@pytest.mark.parametrize("version", [b"8.11.0", b"9.11.10", b"10.0.0", b"9.x.0", b"", b"9.1"])
def test_files_of_other_versions_are_refused(version: bytes, tmp_path: Path) -> None:
    """What is in them may mean something else."""
    data = make(tmp_path / "model.vw", GREEDY)
    crafted = struct.pack("<I", len(version) + 1) + version + data[4 + data[0] - 1 :]

    with pytest.raises(UnusableModel, match=r"version"):
        examine(crafted, OWN, 0.2)


@pytest.mark.parametrize("size", [23, 31, 32, 2**31])
def test_a_file_that_asks_for_huge_memory_is_refused(size: int, tmp_path: Path) -> None:
    """16 bytes times two to the power of what it says."""
    data = make(tmp_path / "model.vw", GREEDY)
    place = data.index(b" --cb_adf") - 20
    assert struct.unpack_from("<I", data, place) == (18,)

    with pytest.raises(UnusableModel, match=r"bit_precision|-b"):
        examine(data[:place] + struct.pack("<I", size) + data[place + 4 :], OWN, 0.2)


@pytest.mark.parametrize("data", [b"", b"x", bytes(4000), b"\xff" * 4000, b"\7\0\0\x009.11.9\0", b"PK\3\4" * 9])
def test_what_is_no_model_file_is_refused(data: bytes) -> None:
    """By its first bytes."""
    with pytest.raises(UnusableModel):
        examine(data, OWN, 0.2)


def test_no_damaged_file_does_more_than_be_refused(greedy: bytes, tmp_path: Path) -> None:
    """Cut, flipped, overwritten: whatever happens to the process that checks the file, this process goes on."""
    rng, multislot = (
        random.Random(5),
        train_model(tmp_path, slots_lines(50), f"{GREEDY.replace('--cb', '--ccb', 1)}")[0],
    )
    for number in range(24):
        data = bytearray(rng.choice((greedy, multislot)))
        place = rng.randrange(header_end(bytes(data)), len(data))
        match number % 4:
            case 0:
                del data[place:]
            case 1:
                data[place] ^= 1 << rng.randrange(8)
            case 2:
                data[place : place + 16] = bytes(rng.randrange(256) for _ in data[place : place + 16])
            case _:
                data[place:place] = b"\xff" * 5
        with suppress(UnusableModel):
            assert examine(bytes(data), OWN, 0.2).state


def test_a_file_that_keeps_the_process_busy_is_given_up(greedy: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call that brought it must be answered in time."""
    from datetime import timedelta

    from shared.learner import model_check

    monkeypatch.setattr(model_check, "_TIMEOUT", timedelta(seconds=0.05))
    began = time.monotonic()

    with pytest.raises(UnusableModel, match="took longer"):
        examine(greedy, OWN, 0.2)

    assert time.monotonic() - began < 20


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    """Every prediction would be nonsense, and everything learned from then on."""
    workspace = vowpalwabbit.Workspace(arg_list=[*GREEDY.split(), "--quiet"])
    workspace.set_weight(5, 0, float("nan"))
    workspace.save(str(tmp_path / "model.vw"))
    workspace.finish()

    with pytest.raises(UnusableModel, match="finite"):
        examine((tmp_path / "model.vw").read_bytes(), OWN, 0.2)


def test_a_training_state_goes_on_as_it_is(tmp_path: Path) -> None:
    """The state is the file itself."""
    train_model(tmp_path, event_lines(50), GREEDY)
    state = (tmp_path / "model.state").read_bytes()

    assert state == examine(state, OWN, 0.2).state


RATES = f"{GREEDY} -l 0.001 --power_t 0"


def test_a_file_made_for_predicting_goes_on_at_the_rates_of_the_loop(tmp_path: Path) -> None:
    """The file does not hold its own rates; with Vowpal Wabbit's it would unlearn in a few events what it knew."""
    predictor = train_model(tmp_path, event_lines(400), RATES)[0]
    lines = event_lines(100, seed=2)

    checked = examine(predictor, parse(RATES), 0.2)

    assert ("--learning_rate", "0.001") in checked.arguments.options
    assert predictor != checked.state
    uninterrupted = continue_training(tmp_path, (tmp_path / "model.state").read_bytes(), lines)
    apart = largest_difference(uninterrupted, continue_training(tmp_path, checked.state, lines))
    assert apart < largest_difference(uninterrupted, continue_training(tmp_path, predictor, lines)) / 20


def continue_training(folder: Path, state: bytes, lines: list[bytes]) -> list[float]:
    """What comes of a state that learns more: its weights."""
    from shared.learner.training import train

    (folder / "from.vw").write_bytes(state)
    log, to = write(folder / "more.json", lines), folder / "to.vw"
    train(log, to, arguments=None, old_state=folder / "from.vw", predictor=None, timeout=TIMEOUT)
    workspace = vowpalwabbit.Workspace(arg_list=["-i", str(to), "-t", "--quiet"])
    weights = [workspace.get_weight(place) for place in range(workspace.num_weights())]
    workspace.finish()
    return weights


def largest_difference(some: list[float], others: list[float]) -> float:
    """How far the two models are apart."""
    return max(abs(weight - other) for weight, other in zip(some, others, strict=True))


def test_every_option_that_may_be_learned_with_may_be_in_a_file() -> None:
    """The two lists are one."""
    assert not set(model_file._IMPLIED) & set(ALLOWED)
