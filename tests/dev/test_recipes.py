"""The recipes in `examples/`, run as a user runs them: as processes, against a loop that `up` serves."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from localhost.environment import ROOT
from tests.dev.test_up import Starter
from tests.http.api import Api

RECIPES = ("ab_test", "carousel", "language_models", "send_times")
V1 = "/personalizer/v1.0/configurations"
SECONDS = 240


@dataclass(frozen=True, slots=True)
class Served:
    """A deployment on which all recipes are run at once, and what its loop `default` was before."""

    api: Api
    before: tuple[Any, Any]
    processes: Mapping[str, "subprocess.Popen[str]"]
    outputs: dict[str, str]

    def output(self, recipe: str) -> str:
        """What a recipe has printed, once it has ended well."""
        if recipe not in self.outputs:
            process = self.processes[recipe]
            self.outputs[recipe], errors = process.communicate(timeout=SECONDS)
            assert (process.returncode, errors) == (0, ""), self.outputs[recipe]
        return self.outputs[recipe]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The recipes mostly wait, and each has a loop of its own; so they run beside each other."""
    serving = Starter(tmp_path_factory.mktemp("recipes") / "data")(TRAIN_SCHEDULE="*/2 * * * * *")
    api = serving.api
    processes = {recipe: start(recipe, api.url, api.key or "") for recipe in RECIPES}
    try:
        yield Served(api, settings(api), processes, {})
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()
        serving.end()


def start(recipe: str, endpoint: str, key: str) -> "subprocess.Popen[str]":
    """Run a recipe with endpoint and key in the environment."""
    environment = {**os.environ, "ENDPOINT": endpoint, "KEY": key, "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / f"{recipe}.py")],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def settings(api: Api) -> tuple[Any, Any]:
    """The service configuration and the learning settings of the loop `default`."""
    return api.get(f"{V1}/service").json, api.get(f"{V1}/policy").json


def shares(output: str, names: tuple[str, ...], *, count: int) -> Callable[[str], dict[str, float]]:
    """Reads the shares in the row of a table; the counts of all rows must come to `count`."""
    row = re.compile(r"^(\S.*?) +(\d+)" + r" +(\d+)%" * len(names) + "$", re.MULTILINE)
    rows = {re.sub(r" +", " ", label): (int(n), values) for label, n, *values in row.findall(output)}
    assert sum(n for n, _ in rows.values()) == count
    return lambda label: {name: int(share) / 100 for name, share in zip(names, rows[label][1], strict=True)}


def numbers(pattern: str, output: str) -> list[float]:
    """All numbers that the groups of a pattern find, in order."""
    found = re.findall(pattern, output)
    return [float(number) for match in found for number in ((match,) if isinstance(match, str) else match)]


def test_hard_questions_go_to_the_dear_model_and_easy_ones_to_a_cheap_one(served: Served) -> None:
    """Quality less price is more than the dear model earns alone."""
    output = served.output("language_models")
    before, after = numbers(r"500 questions, reward (\S+),", output)
    (always_large,) = numbers(r"Always large: reward (\S+) ", output)
    who = shares(output, ("large", "small", "small-by-steps"), count=500)

    assert who("When do you open?")["large"] < 0.3
    assert who("How much is 17 % of 2340?")["large"] < 0.5
    assert who("May I end this contract early?")["large"] > 0.5
    assert after > max(before, always_large) + 0.05


def test_the_carousel_learns_who_likes_what_and_what_belongs_in_which_place(served: Served) -> None:
    """First the film with the trailer, then what the visitor likes, and last what is read in a small place only."""
    output = served.output("carousel")
    before, after = numbers(r"300 pages: (\S+) clicks a page", output)
    films = ("news", "comedy", "space", "cartoon", "crime")
    in_slot = shares(output, films, count=900)

    assert in_slot("parents first")["space"] > 0.5
    assert in_slot("adults first")["space"] > 0.5
    assert in_slot("parents second")["cartoon"] > 0.5
    assert in_slot("adults second")["crime"] > 0.5
    assert in_slot("parents third")["news"] + in_slot("adults third")["news"] > 0.8
    assert after > before * 1.3


def test_mails_go_out_when_their_readers_click(served: Served) -> None:
    """On average over the kinds of readers, each of which has another hour."""
    output = served.output("send_times")
    before, after = numbers(r"sooner or later: (\d+)%", output)
    hours = shares(output, ("09:00", "13:00", "20:00"), count=300)
    liked = hours("office")["09:00"] + hours("kitchen")["13:00"] + hours("night")["20:00"]

    assert liked / 3 > 0.5
    assert after > before + 10


def test_a_bounced_mail_is_not_learned_and_a_late_click_does_not_count(served: Served) -> None:
    """The first is never activated, the second comes after the reward wait time."""
    output = served.output("send_times")
    arrived = int(numbers(r"300 mails planned, (\d+) arrived", output)[0])
    learned, not_activated = numbers(r"(\d+) mails were learned, (\d+) were not activated", output)

    assert learned + not_activated == 300
    assert not_activated >= 300 - arrived > 0
    assert learned > 150
    assert "the click: it does not count." in output
    assert "the mail: its reward is 0. The default reward, since none came in time." in output


def test_the_ab_test_ends_with_a_lift_over_its_default(served: Served) -> None:
    """The test itself saw no winner, since each variant suits half of the visitors."""
    output = served.output("ab_test")
    a, in_a, b, in_b = numbers(r"  [AB]: (\S+) \(.* in (\d+) visits", output)
    *_, low, high = numbers(r"Lift over always A: \S+ purchases a visit \((\S+) to (\S+), 95 %\)", output)
    new, new_a, new_b, returning, returning_a, returning_b = numbers(r" (\d+) visits: A (\d+), B (\d+)", output)

    assert in_a + in_b == 500
    assert abs(a - b) < 0.1
    assert 0 < low < high
    assert new_b > 0.6 * new
    assert returning_a > 0.6 * returning
    assert (new, returning) == (new_a + new_b, returning_a + returning_b)
    assert "The test is over. Take the assignment out of your code" in output


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_changes_no_other_loop_and_says_how_its_own_is_deleted(served: Served, recipe: str) -> None:
    """Whoever tries it may have a loop that serves."""
    output = served.output(recipe)
    (url,) = re.findall(r"curl -X DELETE .* (http\S+)$", output, re.MULTILINE)
    answer = served.api.delete(url.removeprefix(served.api.url))

    assert answer.status in (200, 202, 204)
    assert settings(served.api) == served.before
    assert served.api.get("/rankloop/v1/status").json["events"]["learned"] == 0


def test_a_recipe_without_a_loop_says_so_in_a_line() -> None:
    """The address or the key may be wrong."""
    process = start("carousel", "http://127.0.0.1:9", "key")
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    assert len(errors.splitlines()) == 1
    assert "Does a loop serve there?" in errors
