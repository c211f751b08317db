import io

import numpy as np
import pytest
from helpers.drawn import COLOURS, SHAPE, dataset, draw
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.core import folders, paths
from pipeline.core.errors import UserError
from pipeline.data import raw
from pipeline.data.formats import csv

CLASSES = list(COLOURS)
TABLE = "path,label,split\n" + "".join(
    f"{name}/{number}.png,{label if number else name},{'train' if number < 3 else 'test'}\n"
    for label, name in enumerate(CLASSES)
    for number in range(5)
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = paths.RAW.absolute() / "pets"
    draw(path, each=5, seed=1)
    (path / "labels.csv").write_text(TABLE)
    return path


def half(folder, split: str | None, file: str = "labels.csv") -> dict:
    found = {"format": "csv", "path": "pets", "sha256": folders.tree_sha256(folder), "file": file, "resize": "fit"}
    return found | ({"split": split} if split else {})


def problems(folder, table: str | bytes, split: str | None = "train") -> list[str]:
    (folder / "labels.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    config = dataset(half(folder, split), {"format": "share", "of": 0.5, "seed": 1})
    with pytest.raises(UserError) as error:
        raw.read(config)
    return [line.removeprefix("data/raw/pets/labels.csv:") for line in str(error.value).splitlines()]


def test_rows_of_a_split_are_a_part(folder):
    parts = raw.read(dataset(half(folder, "train"), half(folder, "test")))
    assert [part.labels.tolist() for part in parts.values()] == [[0, 0, 0, 1, 1, 1, 2, 2, 2], [0, 0, 1, 1, 2, 2]]
    assert parts["train"].images.shape == (9, *SHAPE)
    assert np.array_equal(parts["test"].images[0], np.asarray(Image.open(folder / "red" / "3.png")))


def test_without_a_split_all_rows_count_in_their_order_and_other_files_do_not(folder):
    (folder / "labels.csv").write_text("note,label,path\n,grün,./grün/../red/1.png\n,2,red/0.png\n,red,red/2.png\n" * 1)
    config = dataset(half(folder, None), {"format": "share", "of": 0.5, "seed": 1})
    found = csv.read(config.train, config)
    assert found.labels.tolist() == [1, 2, 0]
    assert np.array_equal(found.images[1], np.asarray(Image.open(folder / "red" / "0.png")))


def test_paths_begin_where_the_file_lies(folder):
    (folder / "red" / "of red.csv").write_bytes("\ufeffpath,label\r\n0.png,red\r\n../grün/1.png,grün\r\n".encode())
    config = dataset(half(folder, None, "red/of red.csv"), {"format": "share", "of": 0.5, "seed": 1})
    assert csv.read(config.train, config).labels.tolist() == [0, 1]


def test_a_class_may_be_called_as_a_number():
    rows = [csv.Row(2, "a.png", "1"), csv.Row(3, "b.png", "0"), csv.Row(4, "c.png", "2")]
    files = {"a.png", "b.png", "c.png"}
    assert csv.pictures(rows, paths.RAW, ["1", "2", "0"], "", files) == {"a.png": 0, "b.png": 2, "c.png": 1}


def test_all_rows_with_a_mistake_are_named_at_once(folder):
    table = (
        "path,label,split\nred/0.png,red,train\nred/9.png,red,train\n/etc/passwd,red,train\n../secret.png,1,train\n"
        "red/0.png,red,train\nred/1.png,yellow,train\nred/2.png,3,train\n,1,train\nred/3.png,,train\nred/4.png,-1,test\n"
    )
    assert problems(folder, table) == [
        "3: there is no file 'red/9.png'",
        "4: there is no file '/etc/passwd'",
        "5: there is no file '../secret.png'",
        "6: 'red/0.png' is in two rows",
        "7: 'yellow' is no class, and no number from 0 to 2",
        "8: '3' is no class, and no number from 0 to 2",
        "9: there is no file ''",
        "10: '' is no class, and no number from 0 to 2",
    ]
    many = "path,label,split\n" + "nowhere.png,red,train\n" * 30
    assert len(problems(folder, many)) == 21 and problems(folder, many)[-1] == "… and 10 more"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,label\na.png,1\n", " has no column path, split; it has file, label"),
        ("", " has no column path, label, split; it has none"),
        ("path,label,split,label\n", " has the column label twice"),
        ("path,label,split\n", " has no row of split train; there are []"),
        (TABLE.replace("train", "training"), " has no row of split train; there are ['test', 'training']"),
        ("path,label,split\nä".encode("latin-1"), " is no CSV file in UTF-8: "),
        ('path,label,split\n"a', " is no CSV file in UTF-8: unexpected end of data"),
    ],
)
def test_what_is_no_such_table_is_told(folder, table, message):
    (line,) = problems(folder, table)
    assert line.startswith(message)


def test_a_table_that_is_missing_and_broken_pictures_are_named(folder):
    (folder / "red" / "0.png").write_text("text")
    (folder / "red" / "1.png").write_text("")
    found = problems(folder, TABLE)
    assert [line.removeprefix("data/raw/pets/").partition(":")[0] for line in found] == ["red/0.png", "red/1.png"]
    config = dataset(half(folder, "train"), half(folder, "test", "test.csv"))
    with pytest.raises(UserError, match=r"data/raw/pets/test\.csv is missing; data/raw/pets/ is there"):
        raw.read(config)


SIGNS = st.text(st.sampled_from('ab,"\n\r é/.0') | st.characters(exclude_categories=["Cs"]), max_size=20)


@given(SIGNS.map(str.encode) | st.binary(max_size=60) | SIGNS.map(lambda text: f"path,label,split\n{text}".encode()))
def test_any_bytes_are_rows_or_a_user_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "x.csv"
    path.write_bytes(content)
    for split in (None, "a"):
        try:
            rows = csv.read_rows(path, split)
            csv.pictures(rows, path, ["a", "b"], "", {"a"})
        except UserError as error:
            assert str(error).splitlines()[0].startswith(str(path))


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["cat", "dog, large"]), st.sampled_from(["train", "test"])), min_size=1)
)
def test_what_a_csv_writer_wrote_is_read(tmp_path_factory, rows):
    import csv as standard

    text = io.StringIO(newline="")
    standard.writer(text).writerows([("path", "label", "split"), *rows])
    path = tmp_path_factory.getbasetemp() / "x.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    for split in {row[2] for row in rows}:
        assert [row[1:] for row in csv.read_rows(path, split)] == [row[:2] for row in rows if row[2] == split]
