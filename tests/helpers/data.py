"""A small data set in real IDX files, its params, and what tests draw from."""

import copy
import gzip
import socket
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from ruamel.yaml import YAML

from helpers.project import ROOT
from pipeline.core import files
from pipeline.data.arrays import Split

CURVES = {"epoch/train_loss", "epoch/train_accuracy", "epoch/validation_loss", "epoch/validation_accuracy"}
METRICS = CURVES | {"test/accuracy", "test/loss", "best/epoch", "best/validation_accuracy", "best/train_loss"}
SHIPPED = ROOT / "tests" / "shipped_params.yaml"  # as params.yaml came; the user may have made his own of that
CLASSES, SIDE, TRAIN, TEST = 4, 8, 160, 40


def make_split(count: int, seed: int) -> Split:
    """`count` images of four classes that a model can tell apart: a bright quadrant on noise."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % CLASSES).astype(np.uint8)
    images = random.integers(0, 60, (count, SIDE, SIDE, 1), dtype=np.uint8)
    half = SIDE // 2
    for image, label in zip(images, labels, strict=True):
        image[half * (label // 2) :, half * (label % 2) :][:half, :half] += 150
    return Split(images, labels)


def idx_bytes(values: np.ndarray) -> bytes:
    """An array of uint8 as an IDX file."""
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + values.tobytes()


def write_source(folder: Path, train: Split, test: Split) -> dict:
    """Writes the four gzipped files; returns the `train` and `test` parts of the section `dataset`."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {}
    for name, split in (("train", train), ("test", test)):
        parts[name] = {"format": "idx", "count": len(split.images)}
        for kind, values in (("images", split.images.squeeze(-1)), ("labels", split.labels)):
            plain = folder / f"{name}-{kind}"
            plain.write_bytes(idx_bytes(values))
            parts[name] |= {kind: plain.name, f"{kind}_sha256": files.sha256(plain)}
            plain.with_name(plain.name + ".gz").write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()
    return parts


def write_files(folder: Path, contents: dict[str, bytes]) -> None:
    """Writes files by their relative paths, and the folders that they are in."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def small_params(parts: dict, source: Path) -> dict:
    """The shipped params.yaml, shrunk to the small data set."""
    params = YAML(typ="safe", pure=True).load(SHIPPED)
    params["dataset"] |= {"name": "quadrants", "classes": list("ABCD"), "height": SIDE, "width": SIDE} | parts
    params["download"] |= {"sources": [str(source)]}
    params["preprocess"] |= {"validation": 40}
    params["train"] |= {"batch_size": 16, "epochs": 2, "learning_rate": 0.01}
    params["train"]["model"] |= {"filters": 4, "dense_units": 8}
    params["tune"] |= {"trials": 3, "epochs": 2}
    params["tune"]["space"] |= {"filters": {"low": 2, "high": 6, "step": 2}, "batch_size": {"choices": [8, 16]}}
    allowed = {"flip": 1.0, "shift": 1.0, "light": 1.0, "noise": 1.0, "archetypes": 0.0}
    params["evaluate"] |= {"showcase": 6, "mistakes": 5, "behaviour": allowed}
    params["gate"] |= {"accuracy": 0.0, "worst_class": 0.0, "calibration_error": 1.0}
    return params


def changed(values: dict, key: str, value) -> dict:
    """Parameters with another value for a key, as in "train.epochs"."""
    values = copy.deepcopy(values)
    *parents, last = key.split(".")
    section = values
    for parent in parents:
        section = section[parent]
    section[last] = value
    return values


def edited(text, inserted):
    """A strategy: `text` (str or bytes) after a few cuts and insertions of what the strategy `inserted` draws."""
    places = st.integers(0, len(text))
    edits = st.lists(st.tuples(places, st.sampled_from([0, 0, 1, 1, 2, 9, 10**6]), inserted), max_size=3)

    def apply(changes):
        result = text
        for place, length, new in changes:
            result = result[:place] + new + result[place + length :]
        return result

    return edits.map(apply)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
