"""Documents in pieces: predicted to the last bit as the whole, with the examples of the predictions before."""

import gc
import random
import resource
from pathlib import Path

import pytest

from shared.configuration.exploration import Exploration
from shared.learner.arguments import parse
from shared.learner.example_cache import EXAMPLE_BYTES, MOST
from shared.learner.features import DocumentPieces, action_text, context_text, whole
from shared.learner.model import Model
from tests.unit.learner.lines import event_lines, train_model

POLICIES = (
    "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::",
    "--cb_explore_adf --synthcover --epsilon 0.2 --cb_type mtr --clip_p 0.5 -q ::",
    "--cb_explore_adf --squarecb --cb_type mtr -q ::",
    "--cb_explore_adf --regcb --cb_min_cost -1 --cb_max_cost 0 -q ::",
    "--cb_explore_adf --bag 3 --cb_type dr --interactions ::",
    "--cb_explore_adf --cover 3 --epsilon 0.1 --cubic ijF",
    "--cb_explore_adf --rnd 2 --epsilon 0.1 -q ij --ignore_linear j",
    "--cb_explore_adf --softmax --lambda 3 --coin",
    "--cb_explore_adf --large_action_space --max_actions 5 --epsilon 0.1",
)


def pieces(chance: random.Random, most: int = 300) -> DocumentPieces:
    """Some of the actions of a catalogue, a few of them passing ones."""
    actions = [
        action_text(f"a{number}", [{"x": number % 7, "of": f"f{number % 11}"}, {"deep": {"y": [1.5, number]}}])
        for number in chance.sample(range(most), chance.randint(1, 20))
    ]
    context = context_text([{"user": f"u{chance.randrange(3)}"}, {"at": {"hour": chance.randrange(24)}}])
    return DocumentPieces(context, actions, {*chance.sample(actions, len(actions) // 4)})


def ask(model: Model, document: DocumentPieces, *, in_pieces: bool) -> list[float]:
    text = whole(document.context, document.actions)
    return model.probabilities(text, len(document.actions), document if in_pieces else None)


def load(folder: Path, arguments: str) -> tuple[Model, Model]:
    """The same model twice."""
    parsed, exploration = parse(arguments), Exploration(0.2, 0.1)
    data, _ = train_model(folder, event_lines(100), arguments)
    return Model.load(data, parsed, exploration), Model.load(data, parsed, exploration)


@pytest.mark.parametrize("arguments", POLICIES)
def test_a_document_in_pieces_has_the_chances_of_the_whole(tmp_path: Path, arguments: str) -> None:
    """To the last bit, however often an example was used, and after older ones have made room for it."""
    plain, caching = load(tmp_path, arguments)
    chance = random.Random(5)

    for _ in range(150):
        document = pieces(chance)
        assert ask(plain, document, in_pieces=False) == ask(caching, document, in_pieces=True)

    assert len(caching._examples) == MOST
    plain.close()
    caching.close()


def test_examples_take_part_in_the_size_of_a_model(tmp_path: Path) -> None:
    """So a process with many loops lets some of their models go."""
    _, model = load(tmp_path, POLICIES[0])
    document = pieces(random.Random(1))

    before = model.examples_bytes
    ask(model, document, in_pieces=True)

    lasting = len(document.actions) - len(document.passing)
    assert (before, model.examples_bytes) == (0, lasting * EXAMPLE_BYTES)


def test_an_unreadable_document_leaves_no_example_behind(tmp_path: Path) -> None:
    """They belong to the workspace that is not used any more; to use one of them would crash the process."""
    plain, caching = load(tmp_path, POLICIES[0])
    document = pieces(random.Random(2))
    ask(caching, document, in_pieces=True)

    broken = document._replace(context=b'{"FromUrl":[')
    assert caching.probabilities(b"", 2, broken._replace(actions=document.actions[:2])) == [0.5, 0.5]

    assert caching.examples_bytes == 0
    assert ask(plain, document, in_pieces=False) == ask(caching, document, in_pieces=True)
    caching.close()


def test_another_number_of_actions_than_the_pieces_have_gets_equal_chances(tmp_path: Path) -> None:
    """It cannot come from the gate, but if it does, the next document must not suffer."""
    plain, caching = load(tmp_path, POLICIES[0])
    document = pieces(random.Random(2))
    crafted = DocumentPieces(document.context, [b'{"i":{"id":"a"}},{"i":{"id":"b"}}'], ())

    assert caching.probabilities(b"", 2, crafted) == [0.5, 0.5]
    assert ask(plain, document, in_pieces=False) == ask(caching, document, in_pieces=True)


def test_a_model_that_is_let_go_leaves_no_memory_behind(tmp_path: Path) -> None:
    """The next model takes its place without a word; 256 examples are 8 MB, and a loop may publish one a minute."""
    data, _ = train_model(tmp_path, event_lines(50), POLICIES[0])
    sizes = []
    for _ in range(12):
        model, chance = Model.load(data, parse(POLICIES[0]), Exploration(0.2)), random.Random(3)
        while len(model._examples) < MOST:
            ask(model, pieces(chance), in_pieces=True)
        del model
        gc.collect()
        sizes.append(resident_bytes())

    assert sizes[-1] - sizes[3] < 4 * MOST * EXAMPLE_BYTES


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
