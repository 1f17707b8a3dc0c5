"""The allow-list of learning arguments."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.exploration import Exploration
from shared.learner import subprocess_jobs
from shared.learner.allowed_options import ALLOWED, SHORT_NAMES
from shared.learner.arguments import (
    DEFAULT_ARGUMENTS,
    DEFAULT_CCB_ARGUMENTS,
    InvalidLearningArguments,
    parse,
)
from shared.learner.model import Model
from tests.unit.learner.lines import event_lines, slots_lines, write

B = "--cb_explore_adf "
ACCEPTED = [
    INITIAL_ARGUMENTS,
    DEFAULT_ARGUMENTS,
    DEFAULT_CCB_ARGUMENTS,
    "  --cb_explore_adf\t--epsilon=.1\n-q:: ",
    "--dsjson --json --quiet --save_resume --preserve_performance_counters --cb_explore_adf --quiet",
    B + "--cb_type=ips -l0.01 --power_t 0.5 --l1 1e-7 --l2 0 -b18 --noconstant",
    B + "--learning_rate 10 --cb_type dr --quadratic FF --cubic Fij --interactions :: --interactions ij: -q ij -q Fi",
    B + " ".join(f"--quadratic {one}{other}" for one in "kmpru" for other in "HILNV"),
    B + "--interactions FFFi --interactions ijFFFij --cubic FFj -q ij",
    "--ccb_explore_adf --interactions FFFi --interactions i:j: -q ::",
    B + "--clip_p 0 --cb_type ips",
    B + "--clip_p 1 --cb_type dr",
    B + "--cb_type dm --ignore F --ignore j --ignore_linear i --keep t --bit_precision=10 --random_seed 2147483648",
    B + "--marginal j --chain_hash --epsilon 1e-3",
    B + "--coin --first_only --epsilon +0.2",
    B + "--squarecb --epsilon 0.05 -q ::",
    B + "--squarecb --gamma_scale 100 --gamma_exponent 1 --cb_type mtr --coin",
    B + "--regcb --cb_min_cost -1 --cb_max_cost 0 --mellowness .01",
    B + "--regcbopt --cb_min_cost=-1 --cb_max_cost=0 -q ::",
    B + "--softmax --lambda 10",
    B + "--bag 10 --greedify --epsilon .05",
    B + "--cover 3 --psi .1 --nounif --cb_type ips",
    B + "--cover 1 --cb_type dr",
    B + "--rnd 3 --epsilon 0.025",
    B + "--synthcover --synthcoverpsi 0.1 --epsilon 0.2",
    B + "--first 100",
    B + "--large_action_space --max_actions 2 -q ::",
    B + "--squarecb --large_action_space",
    "--ccb_explore_adf --squarecb",
    "--ccb_explore_adf --clip_p=.1",
    "--ccb_explore_adf --bag 2 -q ::",
    "--ccb_explore_adf --large_action_space",
]
REFUSED = [
    ("", "--cb_explore_adf"),
    ("--epsilon 0.2", "--cb_explore_adf"),
    (B + "--ccb_explore_adf", "--cb_explore_adf"),
    ("--cats 4 --min_value 0", "--cats"),
    # reads and writes files, opens ports, starts processes
    *[(f"{B}{option} /tmp/x", option) for option in ("-d", "--data", "-i", "--initial_regressor", "-f", "-p", "-r")],
    *[(f"{B}{option} /tmp/x", option) for option in ("--final_regressor", "--raw_predictions", "--readable_model")],
    *[(f"{B}{option} /tmp/x", option) for option in ("--invert_hash", "--extra_metrics", "--audit_regressor")],
    *[(f"{B}{option} /tmp/x", option) for option in ("--cache_file", "--feature_mask", "--dictionary", "--pid_file")],
    *[(f"{B}{option} /tmp/x", option) for option in ("--dictionary_path", "--output_feature_regularizer_text")],
    *[(f"{B}{option} /tmp/x", option) for option in ("--input_feature_regularizer", "--port", "--id")],
    *[
        (f"{B}{option}", option)
        for option in ("--daemon", "-c", "-k", "-t", "--testonly", "--audit", "--csv", "--noop")
    ],
    *[
        (f"{B}{option}", option)
        for option in ("--bfgs", "--help", "-h", "--version", "--print", "--active", "--automl")
    ],
    *[(f"{B}{option}", option) for option in ("--predict_only_model", "--no_stdin", "--elim", "--cb_dro", "--lda")],
    *[(f"{B}{option} 3", option) for option in ("--ring_size", "--boosting", "--nn", "--ngram", "--skips", "--passes")],
    *[
        (f"{B}{option} 3", option)
        for option in ("--model_count", "--initial_t", "--examples", "--lrq", "--num_children")
    ],
    (B + "/etc/passwd", "/etc/passwd"),
    (B + "-- --coin", "--"),
    (B + "--eps 0.1", "--eps"),
    (B + "--Epsilon 0.1", "--Epsilon"),
    (B + "—epsilon 0.1", "—epsilon"),
    # values out of bounds, or none
    (B + "--epsilon", "--epsilon"),
    (B + "--epsilon --coin", "--epsilon"),
    *[
        (f"{B}--epsilon {value}", "--epsilon")
        for value in ("-0.1", "1.1", "nan", "inf", "1e999", "0x1", "1_0", "٠", "x")
    ],
    *[(f"{B}-l {value}", "-l") for value in ("0", "-1", "11", "1e-40", "nan", "=0.1")],
    *[(f"{B}-b {value}", "-b") for value in ("9", "23", "31", "-1", "1e1", "18.0", "9" * 30)],
    *[(f"{B}--bag {value}", "--bag") for value in ("0", "11", "1000", "-1")],
    *[(f"{B}-q {value}", "-q") for value in ("F", "é:", "a1", ":::", "'::'", '"::"', "~~")],
    *[(f"{B}--interactions {value}", "--interactions") for value in ("a", "::::", ":a::b:", "a|")],
    (B + "--cover 0", "--cover"),
    (B + "--cubic ::", "--cubic"),
    (B + "--rnd 0", "--rnd"),
    (B + "--first -1", "--first"),
    (B + "--lambda 0", "--lambda"),
    (B + "--lambda 1001", "--lambda"),
    (B + "--gamma_scale -1", "--gamma_scale"),
    (B + "--gamma_exponent 2", "--gamma_exponent"),
    (B + "--mellowness 0", "--mellowness"),
    (B + "--max_actions 51", "--max_actions"),
    (B + "--power_t -0.5", "--power_t"),
    (B + "--l1 0.2", "--l1"),
    (B + "--l2 -1", "--l2"),
    (B + "--ignore ab", "--ignore"),
    (B + "--keep :", "--keep"),
    (B + "--cb_type sm", "--cb_type"),
    (B + "--clip_p -0.1", "--clip_p"),
    (B + "--clip_p 1.1", "--clip_p"),
    (B + "--clip_p", "--clip_p"),
    (B + "--random_seed 2147483649", "--random_seed"),
    (B + "--coin=1", "--coin"),
    (B + "--quiet=1", "--quiet"),
    # twice, or not together
    (B + "--epsilon 0.1 --epsilon 0.2", "--epsilon"),
    (B + "-l 0.1 --learning_rate 0.1", "--learning_rate"),
    (B + "--coin --coin", "--coin"),
    (B + "--marginal i --marginal j", "--marginal"),
    (B + "--squarecb --softmax", "--squarecb"),
    (B + "--regcb --regcbopt", "--regcbopt"),
    (B + "--first 10 --bag 2", "--first"),
    (B + "--squarecb --cb_type dr", "--cb_type"),
    (B + "--regcb --cb_type ips", "--cb_type"),
    (B + "--cover 2 --cb_type dm", "--cb_type"),
    (B + "--regcb --cb_min_cost 0 --cb_max_cost -1", "--cb_min_cost"),
    (B + "--regcb --cb_min_cost 1", "--cb_min_cost"),
    (B + "--cover 2 --large_action_space", "--large_action_space"),
    (B + "--first 2 --large_action_space", "--large_action_space"),
    (B + "--synthcover --large_action_space", "--large_action_space"),
    (B + " " * 1024, "arguments"),
    (B + "x" * 500, "x" * 37 + "..."),
]


@pytest.mark.parametrize(("text", "option"), REFUSED)
def test_everything_else_is_refused_by_name(text: str, option: str) -> None:
    """VW has hundreds of options, and some read files, open ports, crash or never end: only allowed options pass."""
    with pytest.raises(InvalidLearningArguments) as refusal:
        parse(text)

    assert refusal.value.option == option
    assert refusal.value.reason


def test_the_list_names_no_option_twice() -> None:
    """Short names lead to options of the list."""
    assert set(SHORT_NAMES.values()) <= set(ALLOWED)


def test_arguments_are_kept_as_given() -> None:
    """The API gives back the very text it got, with whatever it strips before VW sees it."""
    text = " --dsjson  --cb_explore_adf -q ::"

    arguments = parse(text)

    assert text == arguments.text
    assert arguments.with_epsilon(0.5) == ["--cb_explore_adf", "--quadratic", "::"]


def test_the_exploration_setting_stands_in_for_epsilon() -> None:
    """VW takes the first of several `--epsilon`, so the number is replaced and not appended."""
    arguments = parse("--cb_explore_adf --epsilon=0.2 -l 0.5")

    assert arguments.has_epsilon
    assert arguments.with_epsilon(0.75) == ["--cb_explore_adf", "--epsilon", "0.75", "--learning_rate", "0.5"]


def test_without_epsilon_there_is_nothing_to_replace() -> None:
    """Squarecb explores by itself; an epsilon is not forced upon it."""
    arguments = parse("--cb_explore_adf --squarecb")

    assert not arguments.has_epsilon
    assert arguments.with_epsilon(0.75) == ["--cb_explore_adf", "--squarecb"]


def test_problem_types() -> None:
    """One choice an event, or several slots."""
    assert parse(INITIAL_ARGUMENTS).problem_type == "cb"
    assert parse(DEFAULT_CCB_ARGUMENTS).problem_type == "ccb"


def test_regcb_needs_its_full_state() -> None:
    """Its bounds are computed from what a predict-only model leaves out."""
    assert parse(B + "--regcbopt").needs_full_model
    assert not parse(B + "--squarecb").needs_full_model


def test_whatever_is_accepted_loads_trains_and_predicts(tmp_path: Path) -> None:
    """The table of samples, and random mixtures of what the list allows: none may fail or crash VW."""
    texts = ACCEPTED + _mixtures(80)
    logs = {"cb": write(tmp_path / "cb.json", event_lines(60)), "ccb": write(tmp_path / "ccb.json", slots_lines(60))}
    paths = [(tmp_path / f"{index}.state", tmp_path / f"{index}.vw") for index in range(len(texts))]
    jobs = [
        subprocess_jobs.Job(
            arguments.with_epsilon(0.2), logs[arguments.problem_type], tmp_path / "metrics", state, predictor
        )
        for arguments, (state, predictor) in zip(map(parse, texts), paths, strict=True)
    ]

    answers, trouble = subprocess_jobs.run(jobs, timedelta(minutes=2))

    assert trouble is None, f"{texts[len(answers)]}: {trouble}"
    for text, answer, (_, predictor) in zip(texts, answers, paths, strict=True):
        assert answer.get("learned") == 60, f"{text}: {answer}"
        Model.load(predictor.read_bytes(), parse(text), Exploration(0.1)).close()


def _mixtures(number: int) -> list[str]:
    """Random arguments that are accepted."""
    rng, combinations = random.Random(7), list[str]()
    while len(combinations) < number:
        words = [rng.choice(["--cb_explore_adf", "--ccb_explore_adf"]), "--bit_precision 12"]
        words += rng.sample(_WORDS, rng.randint(1, 7))
        try:
            combinations.append(parse(" ".join(words)).text)
        except InvalidLearningArguments:
            continue
    return combinations


_WORDS = [
    *("--clip_p 0", "--clip_p 0.1", "--clip_p 1"),
    *("--cb_type dr", "--cb_type ips", "--cb_type dm", "--epsilon 0", "--epsilon 1", "-l 10", "-l 1e-9", "--power_t 1"),
    *("--l1 0.1", "--l2 0.1", "-q ::", "--cubic :::", "--interactions ij", "--ignore i", "--ignore F", "--keep j"),
    *("--ignore_linear j", "--marginal i", "--marginal kji", "--noconstant", "--chain_hash", "--coin", "--first_only"),
    *("--large_action_space", "--max_actions 1", "--max_actions 50", "--squarecb", "--gamma_scale 1e-3", "--bag 1"),
    *("--gamma_exponent 0", "--regcb", "--regcbopt", "--mellowness 1", "--cb_min_cost -1000", "--cb_max_cost 1000"),
    *("--softmax", "--lambda 1000", "--bag 10", "--greedify", "--cover 10", "--psi 10", "--nounif", "--rnd 10"),
    *("--synthcover", "--synthcoverpsi 1", "--first 0", "--first 1000000", "--random_seed 0", "--random_seed 99"),
]
