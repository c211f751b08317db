"""Many picture files → one array, decoded once, by as many threads as there are processors."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.core.errors import UserError, first
from pipeline.data import pictures, scratch

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")  # of names, in small letters or large ones
BLOCK = 10_000  # files that wait to be decoded at one time


def is_named_as_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def decode(
    folder: Path, names: Sequence[str], shape: tuple[int, int, int], resize: Literal["fit", "crop", "stretch"]
) -> np.ndarray:
    """The pictures called `names` in a folder → uint8 (n, height, width, channels), in this order.

    Pillow lets other threads run while it decodes. Raises UserError with a line for each file that cannot be read, and
    where the array would not fit on the disk.
    """
    from tqdm import tqdm

    images = scratch.room_for((len(names), *shape))
    problems: list[str] = []

    def decode_one(place: int) -> None:
        try:
            with (folder / names[place]).open("rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    raise UserError("is empty")
                images[place] = pictures.read(file, shape, resize)
        except OSError as error:
            problems.append(f"{folder / names[place]}: {error.strerror or error}")
        except UserError as error:
            problems.append(f"{folder / names[place]}: {error}")

    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(desc=f"  {folder}/", total=len(names), unit=" pictures", disable=None) as bar,
    ):
        for start in range(0, len(names), BLOCK):
            for _ in pool.map(decode_one, range(start, min(start + BLOCK, len(names)))):
                bar.update()
    if problems:
        raise UserError("\n".join(first(sorted(problems))))
    return images
