"""Tables of events, as an owner exports them, with a world in which the device decides what is best."""

import csv
import gzip
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ACTIONS = ("tea", "juice", "water")
SHOWN_BY = {"mobile": (0.7, 0.2, 0.1), "desktop": (0.2, 0.6, 0.2), "tablet": (0.1, 0.3, 0.6)}
BEST = {"mobile": "juice", "desktop": "water", "tablet": "tea"}
COLUMNS = {"action": "shown", "reward": "clicked", "time": "at", "probability": "p"}
WITHOUT_CHANCES = {name: column for name, column in COLUMNS.items() if name != "probability"} | {
    "context": ["device", "hour"]
}


def rows(events: int, seed: int = 1) -> list[dict[str, Any]]:
    """Events in order: the best action of a device pays in half of all cases, others in .15 of them."""
    rng, made = random.Random(seed), []
    for number in range(events):
        device = rng.choice([*SHOWN_BY])
        chances = SHOWN_BY[device]
        place = rng.choices(range(3), chances)[0]
        made.append(
            {
                "at": f"2024-01-{1 + 28 * number // events:02}T{number * 24 // events % 24:02}:00:{number % 60:02}Z",
                "device": device,
                "hour": rng.randrange(24),
                "shown": ACTIONS[place],
                "clicked": int(rng.random() < (0.5 if ACTIONS[place] == BEST[device] else 0.15)),
                "p": chances[place],
            }
        )
    return made


def write_csv(path: Path, events: Sequence[Mapping[str, Any]]) -> Path:
    """A CSV file of them; compressed if its name says so."""
    with gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*events[0]])
        writer.writeheader()
        writer.writerows(events)
    return path


def write_columns(path: Path, columns: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(columns), encoding="utf-8")
    return path
