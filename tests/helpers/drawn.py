"""Data sets of pictures that tests draw: a folder for each class, in colour and not square."""

from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.config.schema import Dataset
from pipeline.core import folders, paths

COLOURS = {"red": (200, 40, 40), "grün": (40, 200, 40), "sky blue": (60, 90, 220)}
SHAPE = (24, 32, 3)  # height, width, channels


def draw(folder: Path, each: int, seed: int, shape: tuple[int, ...] = SHAPE) -> None:
    """Writes `each` PNG files of each class: noise, and a box of the colour that the class is called after."""
    random = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            image = random.integers(0, 60, shape, dtype=np.uint8)
            top, left = random.integers(0, (shape[0] // 2, shape[1] // 2))
            image[top : top + shape[0] // 2, left : left + shape[1] // 2] = colour
            Image.fromarray(image).save(folder / name / f"{number}.png")


def half(folder: Path, **others) -> dict:
    """A half of a data set as params.yaml has it, of a folder in data/raw that is there already."""
    path = folder.relative_to(paths.RAW.absolute()).as_posix()
    return {"format": "folder", "path": path, "sha256": folders.tree_sha256(folder), "resize": "fit"} | others


def dataset(train: dict, test: dict, **others) -> Dataset:
    """The section dataset of such a data set."""
    sizes = dict(zip(("height", "width", "channels"), SHAPE, strict=True))
    return Dataset.model_validate(
        {"name": "colours", "classes": list(COLOURS)} | sizes | {"train": train, "test": test} | others
    )
