"""What a cold start and a learner's start do not pay for."""

import re
import subprocess
import sys
from functools import cache

from tests.unit.pages import ROOT

_ASK = "import sys, function_app; print(*sys.modules)"
_OWN = re.compile(r"shared\.|train_timer|\w+_fn\b")
_LATER = re.compile(
    r"(configure_fn|export_fn|portal_fn|shared\.(evaluation|metrics|training|status(?!\.service_forms)))\."
    r"|reward_fn\.(?!reward|multislot|observations)"
    r"|train_timer\.|evaluate_fn\.(?!work|failed_messages)|status_fn\.(?!service|unmatched_paths)"
    r"|shared\.log\.(?!ranked_event|line_keys|feature_names|feature_numbers|array_projection)"
)
"""What is for the operator, the page, and the trainer."""
_MOST_OWN = 130


@cache
def modules_at_start() -> set[str]:
    """The modules that are there when the host knows the functions of the app."""
    asked = subprocess.run([sys.executable, "-c", _ASK], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(asked.stdout.split())


def test_nothing_is_imported_for_tokens_before_one_comes() -> None:
    """Most callers have a key, and these libraries take longer to import than the rest of the app."""
    assert set() == {"jwt", "cryptography", "urllib.request"} & modules_at_start()


def test_only_what_ranks_and_rewards_need_is_imported_at_the_start() -> None:
    """All else was two thirds of what a start imported, and is for a few calls a day."""
    own = {name for name in modules_at_start() if _OWN.match(name)}

    assert {name for name in own if _LATER.match(name)} == set()
    assert len(own) <= _MOST_OWN


def test_the_first_rank_and_the_first_reward_need_no_pydantic() -> None:
    """Its import and its checks would be a third of a cold start; configuration and model are read, too."""
    ask = """
import sys, function_app
from pathlib import Path
from shared.intake import reward_bodies
from shared.ranking import live_settings, multislot_bodies, rank_bodies
rank = b'"contextFeatures": [{"b": 1}], "actions": [{"id": "a", "features": [{"b": 1}]}], "eventId": "e"'
rank_bodies.read(b"{%b}" % rank)
multislot_bodies.read_rank(b'{%b, "slots": [{"id": "s", "baselineAction": "a"}]}' % rank)
multislot_bodies.read_rewards(b'{"reward": [{"slotId": "s", "value": 1}]}', strict=True)
reward_bodies.read_reward(b'{"value": 0.5}', strict=True)
for kind, name in ((live_settings.Configuration, "configuration"), (live_settings.Published, "published")):
    live_settings.json_documents.read_at_start(kind, Path(f"tests/earlier/{name}.json").read_bytes())
print(*sys.modules)
"""
    modules = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "shared.web.plain_checks" in modules.stdout.split()
    assert set() == {"pydantic", "pydantic_core", "annotated_types"} & {*modules.stdout.split()}


def test_the_first_model_does_not_read_what_packages_are_installed() -> None:
    """Pydantic would, in search of plugins, when it makes the first of its checks."""
    watch = (
        "opened = []; sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == 'open' else None)"
    )
    rank = (
        """rank_forms.RankRequest.read(b'{"contextFeatures": [], "actions": [{"id": "a", "features": [{"b": 1}]}]}')"""
    )
    ask = f"import sys; {watch}; import function_app; from shared.ranking import rank_forms; {rank}; print(*opened)"
    files = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "rank_forms" in files
    assert "entry_points.txt" not in files


def test_a_learner_does_not_read_what_packages_are_installed() -> None:
    """Vowpal Wabbit's package would, for its own version number, in three times the time of all else that it does."""
    begin = "import sys; before = {*sys.modules}; import shared.learner.driver, shared.learner.vowpal_wabbit as vw"
    ask = f"{begin}; vw.Workspace; print(*{{*sys.modules}} - before)"
    modules = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "vowpalwabbit.pyvw" in modules.stdout.split()
    assert "importlib.metadata" not in modules.stdout.split()


def test_a_start_leaves_the_turns_of_threads_as_python_has_them() -> None:
    """Shorter ones cost each Rank time for nothing, unless another call works in a thread."""
    ask = "import sys; before = sys.getswitchinterval(); import function_app; print(before, sys.getswitchinterval())"
    printed = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    before, after = printed.split()

    assert before == after
