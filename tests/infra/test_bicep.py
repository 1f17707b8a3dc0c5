"""The files that Bicep's compiler made of `infra`: all other tests read them, with the compiler or without."""

import json

from tests.infra import bicep
from tests.infra.bicep import DEPLOYMENTS, INFRA, MADE_OF, NAMES


def test_what_the_compiler_made_is_of_these_files() -> None:
    """All other tests read what it made. Whoever changes `infra` has to make it again, and so needs the compiler."""
    made_of, now = json.loads(MADE_OF.read_text(encoding="utf-8")), bicep.fingerprints()
    differing = sorted(name for name in made_of.keys() | now.keys() if made_of.get(name) != now.get(name))

    assert differing == [], bicep.MAKE_AGAIN


def test_every_deployment_has_been_made() -> None:
    """And no file is left of one that is gone."""
    assert {path.name.removesuffix(".snapshot.json") for path in DEPLOYMENTS.glob("*.snapshot.json")} == set(NAMES)
    assert len(NAMES) == 4


# The linter's rules


def test_every_rule_of_the_linter_is_an_error() -> None:
    """What is only a warning is not read; a rule that is left out has the compiler's own level, which may be none."""
    core = json.loads((INFRA / "bicepconfig.json").read_text(encoding="utf-8"))["analyzers"]["core"]
    levels = {name: rule["level"] for name, rule in core["rules"].items()}

    assert core["enabled"] is True
    assert len(levels) == 44
    assert {"error"} == set(levels.values())
