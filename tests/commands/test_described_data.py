"""Whatever describe has written is fetched and read by it; other data are refused, or have problems that are told."""

import contextlib
import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from helpers.data import SHIPPED
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.commands import describe
from pipeline.config.load import load
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import arrays, raw
from pipeline.sources import fetch

TEXT = SHIPPED.read_text()
COUNTS = st.lists(st.sampled_from([1, *range(3, 10)]), min_size=4, max_size=4)
SIGNS = st.sampled_from("aZ0é1 _'\"#:-&*!{[,~|") | st.characters(exclude_characters="/", exclude_categories=["C", "Z"])
NAMES = st.lists(
    st.sampled_from(["yes", "null", "1e3", "2020-01-01", "train", "test", "<b>"])
    | st.text(SIGNS, min_size=1, max_size=9),
    min_size=2,
    max_size=4,
    unique=True,
)


def picture(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 255, (4, 4), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


PICTURES = [picture(number) for number in range(4 * 9 * 3)]


def fill(folder: Path, names: list[str], parts: dict[str, list[int]], is_table: bool) -> None:
    """Pictures in class folders, below folders of the parts where there are several; or with a table of them."""
    left, rows = iter(PICTURES), []
    for part, counts in parts.items():
        for name, count in zip(names, counts, strict=False):
            for number in range(count):
                place = f"{len(rows)}.png" if is_table else f"{part if len(parts) > 1 else '.'}/{name}/{number}.png"
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                (folder / place).write_bytes(next(left))
                rows.append([place, name, part])
    if is_table:
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["path", "label", "split"], *rows])


@given(NAMES, COUNTS, COUNTS | st.none(), COUNTS | st.none(), st.booleans())
@settings(max_examples=settings.default.max_examples // 10)
def test_what_is_described_can_be_fetched_and_read(names, train, test, validation, is_table):
    parts = {part: n for part, n in (("train", train), ("validation", validation), ("test", test)) if n}
    with tempfile.TemporaryDirectory() as above, pytest.MonkeyPatch.context() as patch, io.StringIO() as shown:
        Path(above, "project").mkdir()
        patch.chdir(f"{above}/project")
        patch.setenv("DVC_ROOT", f"{above}/project")
        paths.PARAMS.write_text(TEXT)
        with contextlib.redirect_stdout(shown), contextlib.suppress(UserError):
            fill(Path("../data"), names, parts, is_table)
            describe.main.main(["../data", "--write"], standalone_mode=False)
        if "mend this" in shown.getvalue() or paths.PARAMS.read_text() == TEXT:
            return
        dataset, download, preprocess = load("dataset", "download", "preprocess")
        fetch.fetch(download.sources, dataset.sha256, paths.RAW, fetch.limits(dataset, download.timeout))
        found = raw.read(dataset)
        assert sum(len(part.labels) for part in found.values()) == sum(sum(n[: len(names)]) for n in parts.values())
        if preprocess.validation:
            arrays.stratified_split(found["train"].labels, preprocess.validation, preprocess.seed)
