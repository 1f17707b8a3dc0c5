"""How a loop takes over an A/B test, and when the test is over.

1. The test goes on as it was. Each visit is a Rank, too, with the variant that the test assigns as the first action. In
   the learning mode *LoggingOnly* Rank shows the first action, and the loop learns from the rewards who likes what.
2. The loop goes *Online* and decides. The first action is A in all visits: the default, with which it is compared.
3. The verdict tells the lift over always A, with an interval that may be looked at as often as you like. The test is
   over as soon as the verdict says `better` or `worse`.

An apprentice instead of step 1 would learn to repeat what the test assigns. That suits a rule, not a lot that is drawn.

    ENDPOINT=http://127.0.0.1:7071 KEY=your-key python examples/ab_test.py

KEY is a key of the deployment: the recipe makes a loop of its own, and no other loop is changed. The visitors are
simulated: in your application, `show` shows the variant and tells whether the visitor bought.
"""

import hashlib
import json
import os
import random
import secrets
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

ENDPOINT = os.environ.get("ENDPOINT", "http://127.0.0.1:7071").rstrip("/")
KEY = os.environ.get("KEY", "your-key")
LOOP = f"ab-test-{secrets.token_hex(2)}"
API, OWN_API = f"/{LOOP}/personalizer/v1.1-preview.3", f"/{LOOP}/rankloop/v1"

VISITS, ROUNDS = 500, 5  # visits in each round, and the rounds after which a test without a result ends
EXPLORATION = 0.4  # an A/B test explores in all visits; the more, the sooner the verdict is there
END = {
    "better": "Take the assignment out of your code, and let Rank decide. Less exploration earns more from now on.",
    "worse": "Show A. If B should suit some visitors, send features that tell who they are.",
    "notDistinguishable": "Show A: whatever the difference is, it is too small for so many visits.",
    "unknown": "Show A: the loop cannot tell yet, and its page says why.",
}
UNDECIDED = ("notDistinguishable", "unknown")
VARIANTS = {"A": {"layout": "list"}, "B": {"layout": "pictures"}}
SIMULATED_VISITORS = {"new": {"A": 0.1, "B": 0.7}, "returning": {"A": 0.7, "B": 0.1}}  # the chance to buy


def assign(visitor: int) -> str:
    """Give the variant that the A/B test assigns: always the same for a visitor, half of them each."""
    return "AB"[hashlib.sha256(f"layout test {visitor}".encode()).digest()[0] % 2]


def show(variant: str, kind: str, chance: random.Random) -> float:
    """Show a variant; give 1 if the visitor bought, else 0. SIMULATED."""
    return float(chance.random() < SIMULATED_VISITORS[kind][variant])


def visit(visitor: int, first: str) -> tuple[str, str, float]:
    """Rank the variants with one of them as the first action, show what Rank says, and send the reward."""
    chance = random.Random(visitor)  # the same visitors in every run
    kind, event = chance.choice(list(SIMULATED_VISITORS)), f"visit-{visitor}"
    actions = [{"id": name, "features": [VARIANTS[name]]} for name in sorted(VARIANTS, key=lambda name: name != first)]
    rank = {"eventId": event, "contextFeatures": [{"visitor": kind}], "actions": actions}
    variant = call("POST", f"{API}/rank", rank)["rewardActionId"]
    bought = show(variant, kind, chance)
    call("POST", f"{API}/events/{event}/reward", {"value": bought})
    return kind, variant, bought


def play(visitors: range, *, tested: bool) -> list[tuple[str, str, float]]:
    """Have a round of visits, four at a time, with the first action that the test assigns, or with A."""
    with ThreadPoolExecutor(4) as threads:
        visits = list(threads.map(lambda each: visit(each, assign(each) if tested else "A"), visitors))
    print(f"{len(visits)} visits: {sum(bought for *_, bought in visits) / len(visits):.2f} purchases a visit")
    return visits


def set_mode(mode: str) -> None:
    """Change the learning mode."""
    call("PUT", f"{API}/configurations/service", {"learningMode": mode})
    time.sleep(5)  # by then Rank knows of the change, whichever instance answers
    print(f"The learning mode is {mode}.")


def print_test() -> None:
    """Print what the A/B test says, by the log of the loop."""
    for action in call("GET", f"{OWN_API}/metrics/actions")["actions"]:
        low, high = action["interval"]
        print(f"  {action['id']}: {action['averageReward']:.2f} ({low:.2f} to {high:.2f}) in {action['count']} visits")


def read_verdict() -> str:
    """Print the lift over always A, and give the conclusion."""
    verdict = call("GET", f"{OWN_API}/status")["verdict"]
    if verdict["over"] is None:
        print(verdict["because"])
        return str(verdict["conclusion"])
    (above,) = (each["aboveFirstAction"] for each in verdict["windows"] if each["over"] == verdict["over"])
    low, high = above["interval"]
    print(f"Lift over always A: {above['lift']:+.2f} purchases a visit ({low:+.2f} to {high:+.2f}, 95 %)", end=" ")
    print(f"in {above['events']} visits: {verdict['conclusion']}.")
    return str(verdict["conclusion"])


def main() -> None:
    """Log a round of the A/B test, take over, and go on until the verdict is there."""
    make_loop(rewardWaitTime="PT5S", modelExportFrequency="PT1S", explorationPercentage=EXPLORATION)
    set_mode("LoggingOnly")
    play(range(VISITS), tested=True)
    wait_until_learned(VISITS)
    print_test()

    set_mode("Online")
    visits: list[tuple[str, str, float]] = []
    conclusion = "unknown"
    while conclusion in UNDECIDED and len(visits) < ROUNDS * VISITS:
        begin = VISITS + len(visits)
        visits += play(range(begin, begin + VISITS), tested=False)
        wait_until_learned(begin + VISITS)
        conclusion = read_verdict()

    print(f"The test is over. {END[conclusion]}\nWhat was shown since the loop decides:")
    for kind in SIMULATED_VISITORS:
        counts = Counter(variant for who, variant, _ in visits if who == kind)
        print(f"  {kind:9}{sum(counts.values()):>5} visits: " + ", ".join(f"{v} {counts[v]}" for v in VARIANTS))


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
