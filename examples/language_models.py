"""Which language model answers a question, when a dear model is right more often, and a cheap one is enough for most.

Each question is a Rank among three actions: a large model, a small one, and the small one with a longer prompt that has
it work step by step. The reward is what the answer was worth less what its tokens cost. So the loop learns to send easy
questions to the cheap model and hard ones to the dear one.

    ENDPOINT=http://127.0.0.1:7071 KEY=your-key python examples/language_models.py

KEY is a key of the deployment: the recipe makes a loop of its own, and no other loop is changed. NO LANGUAGE MODEL IS
ASKED: `ask` simulates the answers. To use your own models, put the call and your measure of quality there.
"""

import json
import os
import random
import secrets
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

ENDPOINT = os.environ.get("ENDPOINT", "http://127.0.0.1:7071").rstrip("/")
KEY = os.environ.get("KEY", "your-key")
LOOP = f"language-models-{secrets.token_hex(2)}"
API, OWN_API = f"/{LOOP}/personalizer/v1.1-preview.3", f"/{LOOP}/rankloop/v1"

WORTH_CENTS = 2.0  # what a right answer is worth to you: the reward is 1 for an answer that is right and free
QUESTIONS = 500  # in each round
LEARNING = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q :: -l 0.1"  # a small rate (-l), since events are few
ACTIONS = [  # the first is the default: what you would ask without a loop
    {"id": "large", "features": [{"model": "large"}]},
    {"id": "small", "features": [{"model": "small"}]},
    {"id": "small-by-steps", "features": [{"model": "small", "prompt": "by steps"}]},
]
CENTS_PER_1000_TOKENS = {"large": 2.0, "small": 0.1, "small-by-steps": 0.1}
SIMULATED_TOKENS = {"large": 600, "small": 400, "small-by-steps": 6000}
SIMULATED_QUESTIONS = {  # the chance that each action answers a question rightly
    "When do you open?": {"large": 0.97, "small": 0.95, "small-by-steps": 0.95},
    "How much is 17 % of 2340?": {"large": 0.95, "small": 0.2, "small-by-steps": 0.95},
    "May I end this contract early?": {"large": 0.97, "small": 0.05, "small-by-steps": 0.15},
}


@dataclass(frozen=True)
class Answer:
    """What an answer was worth, from 0 to 1, and what it cost."""

    question: str
    action: str
    quality: float
    cents: float

    @property
    def reward(self) -> float:
        """Quality less price, in answers that are right and free."""
        return self.quality - self.cents / WORTH_CENTS


def ask(action: str, question: str, chance: random.Random) -> tuple[float, int]:
    """Give the quality of an answer, from 0 to 1, and its tokens. SIMULATED: your call of a model goes here.

    The provider's answer says how many tokens it took. Quality is yours to measure: a thumb, a test, a judge.
    """
    return float(chance.random() < SIMULATED_QUESTIONS[question][action]), SIMULATED_TOKENS[action]


def describe(question: str) -> dict[str, bool]:
    """Give the features of a question: what its text tells before anybody has answered it."""
    features = {"numbers": any(letter.isdigit() for letter in question), "law": "contract" in question.lower()}
    return {name: True for name, holds in features.items() if holds} or {"plain": True}


def answer_question(number: int) -> Answer:
    """Rank the models for a question, ask the chosen model, and send the reward."""
    chance = random.Random(number)  # the same questions in every run
    question = chance.choice(list(SIMULATED_QUESTIONS))
    context = [{"question": describe(question)}]
    rank = {"eventId": f"ask-{number}", "contextFeatures": context, "actions": ACTIONS}
    action = call("POST", f"{API}/rank", rank)["rewardActionId"]
    quality, tokens = ask(action, question, chance)
    answer = Answer(question, action, quality, tokens / 1000 * CENTS_PER_1000_TOKENS[action])
    call("POST", f"{API}/events/ask-{number}/reward", {"value": answer.reward})
    return answer


def play(numbers: range) -> list[Answer]:
    """Answer a round of questions, four at a time."""
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(answer_question, numbers))


def print_earnings(name: str, answers: list[Answer]) -> None:
    """Print what answers were worth and cost, on average."""
    count = len(answers)
    reward, right = sum(each.reward for each in answers) / count, sum(each.quality for each in answers) / count
    cents = sum(each.cents for each in answers) / count
    print(f"{name}: {count} questions, reward {reward:.2f}, right {right:.0%}, {cents:.2f} cents each")


def main() -> None:
    """Answer a round without a model and a round with what was learned of the first."""
    make_loop(rewardWaitTime="PT5S", modelExportFrequency="PT1S")
    call("PUT", f"{API}/configurations/policy", {"name": "calm", "arguments": LEARNING})
    before = play(range(QUESTIONS))
    print_earnings("round 1", before)
    wait_until_learned(len(before))
    after = play(range(QUESTIONS, 2 * QUESTIONS))
    print_earnings("round 2", after)

    names = [str(action["id"]) for action in ACTIONS]
    print("\nWho answered in round 2:\n" + f"{'':31}{'asked':>5}" + "".join(f"{n:>16}" for n in names))
    for question in SIMULATED_QUESTIONS:
        counts = Counter(each.action for each in after if each.question == question)
        count = sum(counts.values())
        print(f"{question:31}{count:>5}" + "".join(f"{counts[name] / count:>16.0%}" for name in names))
    default = call("GET", f"{OWN_API}/metrics")["total"]["firstAction"]  # estimated by the chances in the log
    low, high = default["interval"]
    print(
        f"Always {names[0]}: reward {default['averageReward']:.2f} (95 % interval {low:.2f} to {high:.2f}), estimated",
        end=" ",
    )
    print(f"from the {default['nonZeroWeights']} questions of round 1 that it answered.")


def make_loop(**settings: Any) -> None:
    """Make a loop for this run alone, set it, and say how it is deleted."""
    call("PUT", f"/rankloop/v1/loops/{LOOP}")
    call("PUT", f"{API}/configurations/service", settings)
    print(f"Made the loop {LOOP} with {settings}. No other loop is changed.")
    print(f"See it at {ENDPOINT}/{LOOP}/rankloop. It stays until you delete it, with all that it has learned:")
    print(f'  curl -X DELETE -H "Ocp-Apim-Subscription-Key: $KEY" {ENDPOINT}/rankloop/v1/loops/{LOOP}\n')


def wait_until_learned(ranks: int) -> None:
    """Wait until all Ranks of this run are learned, or need not be, and Rank uses the model."""
    print("Waiting until that is learned ...", flush=True)
    until = time.monotonic() + 900
    while time.monotonic() < until:
        status = call("GET", f"{OWN_API}/status")
        done = sum(status["events"][name] for name in ("learned", "notActivated", "answeredOtherwise", "refused"))
        in_use = status["model"] and status["model"]["id"] == status["instance"]["modelId"]
        if done >= ranks and in_use and not status["nextModel"]["dueAt"]:
            return
        time.sleep(0.5)
    raise SystemExit(f"That was not learned in 15 minutes. {status['because']}")


def call(method: str, path: str, body: object = None) -> Any:
    """Make a call, again if the answer says after how many seconds; any other refusal ends the recipe."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Ocp-Apim-Subscription-Key": KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(ENDPOINT + path, data, headers, method=method)
    for more_tries in (4, 3, 2, 1, 0):
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as refusal:
            if "Retry-After" not in refusal.headers or not more_tries:
                raise SystemExit(f"{method} {path}: {refusal.code} {refusal.read().decode()}") from None
            time.sleep(float(refusal.headers["Retry-After"]))
        except OSError as failure:
            raise SystemExit(f"{ENDPOINT}: {failure}. Does a loop serve there?") from None
    return None


if __name__ == "__main__":
    main()
