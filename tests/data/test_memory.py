"""No step of preprocess takes all pixels into memory: arrays may be larger. What is memory-mapped does not count."""

import importlib
import tracemalloc

import numpy as np
import pytest
from helpers.data import CLASSES, idx_bytes, make_split

from pipeline.config.schema import Dataset
from pipeline.core import paths
from pipeline.data import arrays, comparison, expectations, raw, sampling, tables
from pipeline.data.arrays import Split
from pipeline.reporting import data_checks

SIDE, COUNT = 128, {"train": 240, "test": 160}  # few rows, so that pixels are nearly all that is there
HALF = COUNT["test"] * SIDE * SIDE // 2  # of the pixels of the smaller part


@pytest.fixture(autouse=True)
def few_at_one_time(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    paths.RAW.mkdir(parents=True)
    monkeypatch.setattr(sampling, "PIXELS", 1 << 15)
    monkeypatch.setattr(arrays, "BLOCK", 1 << 15)


def peak(work) -> int:
    """The bytes that a function has taken at one time beyond what was there, as numpy tells it."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def pixels(part: str) -> np.ndarray:
    random = np.random.default_rng(len(part))
    images = random.integers(0, 60, (COUNT[part], SIDE, SIDE), dtype=np.uint8)
    images[np.arange(COUNT[part]) % 2 == 0, : SIDE // 2] += 150
    return images


def labels(part: str) -> np.ndarray:
    return (np.arange(COUNT[part]) % CLASSES).astype(np.uint8)


def described(train: dict, test: dict) -> Dataset:
    sizes = {"height": SIDE, "width": SIDE, "channels": 1}
    return Dataset.model_validate({"name": "x", "classes": list("ABCD"), "train": train, "test": test} | sizes)


def idx(part: str, **others) -> dict:
    for kind, values in (("images", pixels(part)), ("labels", labels(part))):
        (paths.RAW / f"{part}-{kind}").write_bytes(idx_bytes(values))
    hashes = {f"{kind}_sha256": "0" * 64 for kind in ("images", "labels")}
    return {"format": "idx", "images": f"{part}-images", "labels": f"{part}-labels"} | hashes | others


def npz(images: np.ndarray, **others) -> dict:
    np.savez(paths.RAW / "x.npz", x=images, y=labels("train"))
    return {"format": "npz", "file": "x.npz", "sha256": "0" * 64, "images": "x", "labels": "y"} | others


SHARE = {"format": "share", "of": 0.4, "seed": 1}


@pytest.mark.parametrize(
    "dataset",
    [
        lambda: described(idx("train"), idx("test")),
        lambda: described(idx("train", transposed=True), SHARE),
        lambda: described(npz(pixels("train")), SHARE),
        lambda: described(npz(np.asfortranarray(pixels("train") / np.float32(255)), brightest=1.0), SHARE),
    ],
)
def test_whatever_the_format_no_part_is_held_while_it_is_read(dataset):
    config = dataset()
    importlib.import_module("sklearn.model_selection")  # would be counted
    assert peak(lambda: raw.read(config)) < HALF


def test_checks_and_page_take_a_few_images_at_one_time(params):
    config = described(idx("train"), idx("test"))
    little = {"train": make_split(16, 1), "test": make_split(16, 2)}

    def work(parts: dict[str, Split]) -> dict:
        table = tables.image_table(parts)
        classes = expectations.class_rows(parts, config, params.preprocess.checks)
        return {
            "the image table": lambda: tables.image_table(parts),
            "the comparison": lambda: comparison.compare(parts, table, config.classes),
            "the prepared arrays": lambda: arrays.save(paths.TRAIN, parts["train"]),
            "the page": lambda: data_checks.render({"passed": True, "checks": [], "classes": classes}, parts, "x"),
        }

    for function in work(little).values():
        function()  # what is imported would be counted
    assert [name for name, function in work(raw.read(config)).items() if peak(function) > HALF] == []
