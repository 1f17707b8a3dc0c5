"""When to send a mail to whom, if days pass between the decision, the sending, and the click.

* `rewardWaitTime` is ten days, counted from the Rank: up to three until the mail goes out, and a week to read it.
* The hour is chosen when the mailing is planned, and some mails never arrive. So Ranks are deferred, and only mails
  that arrived are activated. Those that bounced are not learned; else each would count as one that nobody wanted.
* The event id travels in the link of the mail. Who gets the click needs nothing else to send the reward.
* A mail without a click counts as the default reward, 0. A click after the ten days is kept in the log and not learned.

A DAY IS TWO SECONDS HERE. With `DAY = 86400` the same calls are made by programs of your own: one that plans the
mailing, one that sends it, and your site, which gets the clicks.

    ENDPOINT=http://127.0.0.1:7071 KEY=your-key python examples/send_times.py

KEY is a key of the deployment: the recipe makes a loop of its own, and no other loop is changed. The readers are
simulated: whether a mail bounces, is clicked, or clicked too late, is drawn in `plan`.
"""

import json
import os
import random
import secrets
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

ENDPOINT = os.environ.get("ENDPOINT", "http://127.0.0.1:7071").rstrip("/")
KEY = os.environ.get("KEY", "your-key")
LOOP = f"send-times-{secrets.token_hex(2)}"
API, OWN_API = f"/{LOOP}/personalizer/v1.1-preview.3", f"/{LOOP}/rankloop/v1"

DAY, WAIT_DAYS = 2, 10  # seconds, and days from the Rank to the last reward that counts
READERS = 300  # of each mailing
LEARNING = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q :: -l 0.1"  # a small rate (-l), since events are few
HOURS = [  # in UTC or the reader's time: the first is when mails go out without a loop
    {"id": "09:00", "features": [{"part": "morning"}]},
    {"id": "13:00", "features": [{"part": "noon"}]},
    {"id": "20:00", "features": [{"part": "evening"}]},
]
SIMULATED_HABITS = {  # a kind of reader: the chance that a mail of each hour is clicked, so large that few mails do
    "office": {"09:00": 0.8, "13:00": 0.2, "20:00": 0.1},
    "kitchen": {"09:00": 0.1, "13:00": 0.8, "20:00": 0.2},
    "night": {"09:00": 0.05, "13:00": 0.2, "20:00": 0.8},
}
SIMULATED_BOUNCES, SIMULATED_LATE = 0.1, 0.15  # shares of mails that never arrive, and of clicks after the wait


@dataclass(frozen=True)
class Mail:
    """A planned mail with the link in it, and what will become of it."""

    work: str
    hour: str
    link: str
    bounces: bool
    is_clicked: bool
    is_late: bool


def plan(number: int) -> Mail:
    """Choose the hour of a mail. The Rank is deferred, since nobody knows yet whether the mail arrives."""
    chance = random.Random(number)  # the same readers in every run
    work, event = chance.choice(list(SIMULATED_HABITS)), uuid.uuid4().hex  # an id that tells nothing of the reader
    context = [{"reader": {"work": work}}]
    rank = {"eventId": event, "contextFeatures": context, "actions": HOURS, "deferActivation": True}
    hour = call("POST", f"{API}/rank", rank)["rewardActionId"]
    bounces, is_late = chance.random() < SIMULATED_BOUNCES, chance.random() < SIMULATED_LATE
    is_clicked = not bounces and chance.random() < SIMULATED_HABITS[work][hour]
    return Mail(work, hour, f"https://shop.example/offers?{urlencode({'event': event})}", bounces, is_clicked, is_late)


def event_in(link: str) -> str:
    """Give the event id in a link."""
    return parse_qs(urlsplit(link).query)["event"][0]


def send(mail: Mail) -> None:
    """Send a mail at its hour, and activate its event if it arrived."""
    if not mail.bounces:
        call("POST", f"{API}/events/{event_in(mail.link)}/activate")


def click(mail: Mail) -> None:
    """Reward a mail whose link was followed. A second click changes nothing: the earliest reward counts."""
    call("POST", f"{API}/events/{event_in(mail.link)}/reward", {"value": 1})


def play(numbers: range) -> list[Mail]:
    """Plan a mailing, send it a day later, and get its clicks the day after, but for those that come late."""
    with ThreadPoolExecutor(4) as threads:
        mails = list(threads.map(plan, numbers))
        time.sleep(DAY)
        list(threads.map(send, mails))
        time.sleep(DAY)
        list(threads.map(click, [mail for mail in mails if mail.is_clicked and not mail.is_late]))
    arrived, clicked = sum(not mail.bounces for mail in mails), sum(mail.is_clicked for mail in mails)
    print(f"{len(mails)} mails planned, {arrived} arrived, {clicked} clicked sooner or later: {clicked / arrived:.0%}")
    return mails


def print_losses(late: list[Mail]) -> None:
    """Print what became of mails that bounced, and of clicks that came late."""
    counts = call("GET", f"{OWN_API}/status")["events"]
    print(f"{counts['learned']} mails were learned, {counts['notActivated']} were not activated, since they bounced.")
    (event,) = call("GET", f"{OWN_API}/events/{event_in(late[0].link)}")["events"]
    clicked = event["observations"][-1]
    print(f"{len(late)} clicks came late. What became of the first:")
    print(f"  the click: {'it counts' if clicked['counts'] else 'it does not count'}. {clicked['because']}")
    print(f"  the mail: its reward is {event['reward']:.0f}. {event['rewardBecause']}")


def main() -> None:
    """Mail to readers without a model, wait for clicks that come late, and mail with what was learned."""
    make_loop(rewardWaitTime=f"PT{WAIT_DAYS * DAY}S", modelExportFrequency="PT1S")
    call("PUT", f"{API}/configurations/policy", {"name": "calm", "arguments": LEARNING})
    before = play(range(READERS))
    time.sleep((WAIT_DAYS - 1) * DAY)  # until the eleventh day
    late = [mail for mail in before if mail.is_clicked and mail.is_late]
    for mail in late:
        click(mail)
    wait_until_learned(len(before))

    print_losses(late)
    after = play(range(READERS, 2 * READERS))

    print("\nWhen the second mailing went out:\n" + f"{'':9}{'mails':>5}" + "".join(f"{h['id']:>8}" for h in HOURS))
    for work in SIMULATED_HABITS:
        hours = Counter(mail.hour for mail in after if mail.work == work)
        count = sum(hours.values())
        print(f"{work:9}{count:>5}" + "".join(f"{hours[str(hour['id'])] / count:>8.0%}" for hour in HOURS))


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
