"""Which films a carousel shows, and in which of its places: a Rank with several slots, and a reward for each slot.

The learning settings make the loop a multi-slot one. Each slot has features, since places differ: the first is large
and plays trailers, the others are small. A visitor clicks some of what is shown, or nothing, and each slot gets a
reward of its own. So the loop learns who likes what, and what belongs in which place.

    ENDPOINT=http://127.0.0.1:7071 KEY=your-key python examples/carousel.py

KEY is a key of the deployment: the recipe makes a loop of its own, and no other loop is changed. The visitors are
simulated: in your application, `show` sends the carousel to a browser and reports its clicks.
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
from typing import Any

ENDPOINT = os.environ.get("ENDPOINT", "http://127.0.0.1:7071").rstrip("/")
KEY = os.environ.get("KEY", "your-key")
LOOP = f"carousel-{secrets.token_hex(2)}"
API, OWN_API = f"/{LOOP}/personalizer/v1.1-preview.3", f"/{LOOP}/rankloop/v1"

PAGES = 300  # in each round
LEARNING = "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q :: -l 0.1"  # a small rate (-l), since events are few
FILMS = [  # in the order in which the carousel would show them without a loop
    {"id": "news", "features": [{"genre": "news", "headline": True}]},
    {"id": "comedy", "features": [{"genre": "comedy"}]},
    {"id": "space", "features": [{"genre": "adventure", "trailer": True}]},
    {"id": "cartoon", "features": [{"genre": "cartoon"}]},
    {"id": "crime", "features": [{"genre": "crime"}]},
]
SLOTS = [
    {"id": "first", "features": [{"size": "large", "plays": "trailers"}], "baselineAction": "news"},
    {"id": "second", "features": [{"size": "small"}], "baselineAction": "comedy"},
    {"id": "third", "features": [{"size": "small"}], "baselineAction": "space"},
]
SIMULATED_TASTE = {  # a kind of visitor: the chance that a film is clicked in a place that suits it, if it is seen
    "parents": {"news": 0.4, "comedy": 0.1, "space": 0.95, "cartoon": 0.75, "crime": 0.05},
    "adults": {"news": 0.4, "comedy": 0.1, "space": 0.95, "cartoon": 0.05, "crime": 0.75},
}
SIMULATED_PLACES = {"space": ["first"], "news": ["second", "third"]}  # where a film is clicked at all
SIMULATED_SIGHT = {"first": 1.0, "second": 0.8, "third": 0.6}  # the chance that a visitor sees a place at all

Clicks = dict[str, float]


def show(visitor: str, carousel: dict[str, str], chance: random.Random) -> Clicks:
    """Show a film in each slot, and give 1 or 0 for each slot: clicked or not. SIMULATED."""
    clicks = {}
    for slot, film in carousel.items():
        suits = slot in SIMULATED_PLACES.get(film, list(SIMULATED_SIGHT))
        liked = SIMULATED_TASTE[visitor][film] if suits else 0.1
        clicks[slot] = float(chance.random() < liked * SIMULATED_SIGHT[slot])
    return clicks


def visit(number: int) -> tuple[str, dict[str, str], Clicks]:
    """Rank the films for the slots of a page, show them, and send a reward for each slot."""
    chance = random.Random(number)  # the same visitors in every run
    visitor, event = chance.choice(list(SIMULATED_TASTE)), f"page-{number}"
    rank = {"eventId": event, "contextFeatures": [{"visitor": visitor}], "actions": FILMS, "slots": SLOTS}
    answer = call("POST", f"{API}/multislot/rank", rank)
    carousel = {slot["id"]: slot["rewardActionId"] for slot in answer["slots"]}
    clicks = show(visitor, carousel, chance)
    rewards = [{"slotId": slot, "value": value} for slot, value in clicks.items()]
    call("POST", f"{API}/multislot/events/{event}/reward", {"reward": rewards})
    return visitor, carousel, clicks


def play(numbers: range) -> list[tuple[str, dict[str, str], Clicks]]:
    """Show a round of pages, four at a time, and print how often each slot was clicked."""
    with ThreadPoolExecutor(4) as threads:
        visits = list(threads.map(visit, numbers))
    rates = {slot: sum(clicks[slot] for *_, clicks in visits) / len(visits) for slot in SIMULATED_SIGHT}
    by_slot = ", ".join(f"{slot} {rate:.2f}" for slot, rate in rates.items())
    print(f"{len(visits)} pages: {sum(rates.values()):.2f} clicks a page ({by_slot})")
    return visits


def main() -> None:
    """Show a round of pages without a model, and a round with what was learned of the first."""
    make_loop(rewardWaitTime="PT5S", modelExportFrequency="PT1S")
    call("PUT", f"{API}/configurations/policy", {"name": "carousel", "arguments": LEARNING})
    time.sleep(5)  # by then Rank knows of the change, whichever instance answers
    play(range(PAGES))
    wait_until_learned(PAGES)
    visits = play(range(PAGES, 2 * PAGES))

    names = [str(film["id"]) for film in FILMS]
    print("\nWhat the second round showed:\n" + f"{'':8}{'slot':8}{'pages':>6}" + "".join(f"{n:>9}" for n in names))
    for visitor in SIMULATED_TASTE:
        for slot in SIMULATED_SIGHT:
            counts = Counter(carousel[slot] for who, carousel, _ in visits if who == visitor)
            count = sum(counts.values())
            print(f"{visitor:8}{slot:8}{count:>6}" + "".join(f"{counts[name] / count:>9.0%}" for name in names))


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
