import numpy as np
import pytest
from helpers.data import TEST, TRAIN, make_split

from pipeline.data import tables
from pipeline.data.arrays import Split


@pytest.fixture
def parts() -> dict[str, Split]:
    return {"train": make_split(TRAIN, 1), "test": make_split(TEST, 2)}


def test_the_class_table_counts_each_label(parts):
    few = Split(parts["test"].images[:1], np.array([2], np.uint8))
    table = tables.class_table({"train": parts["train"], "test": few}, ["a", "b", "c"])
    assert table.iloc[:3].to_dict("list") == {
        "part": ["train"] * 3,
        "index": [0, 1, 2],
        "name": ["a", "b", "c"],
        "count": [40] * 3,
        "share": [0.25] * 3,
        "deviation": [0] * 3,  # chance takes 160 images further than 1/12
    }
    alone = Split(parts["train"].images[:100], np.zeros(100, np.uint8))
    assert tables.class_table({"train": alone}, ["a", "b", "c"])["deviation"][0] == pytest.approx(
        2 / 3 - 0.155563, 1e-5
    )
    assert table.iloc[3:]["share"].tolist() == [0, 0, 1]


def test_the_image_table_has_one_row_an_image(parts):
    table = tables.image_table(parts)
    row = table[(table["part"] == "test") & (table["index"] == 3)].iloc[0]
    image = parts["test"].images[3]
    assert len(table) == TRAIN + TEST
    assert (row["label"], row["height"], row["min"], row["max"]) == (3, 8, image.min(), image.max())
    assert row["contrast"] == np.ptp(image) and not table["elsewhere"].any() and table["hash"].is_unique


def test_a_few_images_at_one_time_make_the_same_table(parts, monkeypatch):
    whole = tables.image_table(parts)
    monkeypatch.setattr(tables.sampling, "PIXELS", 7 * 64)
    assert tables.image_table(parts).equals(whole)
