"""params.yaml edited in place, or left as it is."""

import pytest
from helpers.data import SHIPPED

from pipeline.config.edit import edit
from pipeline.config.rewrite import EMPTY
from pipeline.core import paths
from pipeline.core.errors import UserError

TEXT = SHIPPED.read_text()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> None:
    """A folder with the shipped params.yaml, in which the process stands."""
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_text(TEXT)


def test_what_changes_is_shown_with_the_lines_beside_it():
    lines = edit({"train.model.filters": 48, "tune.timeout": EMPTY}, {})
    assert lines[:2] == ["--- before", "+++ params.yaml"]
    place = lines.index("-    filters: 32")
    assert lines[place + 1] == "+    filters: 48" and lines[place - 1].startswith("     name: cnn")
    assert lines[place - 2].startswith("@@") and lines[place + 2].startswith("     dense_units")
    assert "-    filters: {low: 16, high: 64, step: 16}" in edit({"tune.space.filters": {"low": 16, "high": 32}}, {})
    written = paths.PARAMS.stat()
    assert edit({"train.model.filters": 48}, {}) == [] and paths.PARAMS.stat().st_ino == written.st_ino


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        (TEXT, {"train.epochs": 0}, "params.yaml, with this in it: train.epochs: input should be greater"),
        (TEXT.replace("gate:", "a: ["), {"train.epochs": 1}, "params.yaml: while parsing a flow"),
        ("é: 1", {"train.epochs": 1}, "params.yaml: 'utf-8' codec can't decode"),
        ("[" * 500, {"train.epochs": 1}, "params.yaml: maximum recursion depth"),
        (
            TEXT.replace("high: 64, step: 16", "high: 64"),
            {"tune.space.filters.step": 1},
            "params.yaml: tune.space.filters.step is written in a way that cannot be changed in place",
        ),
    ],
)
def test_what_cannot_be_edited_is_one_line_and_stays(text, values, message):
    before = text.encode("latin-1" if text.startswith("é") else "utf-8")
    paths.PARAMS.write_bytes(before)
    with pytest.raises(UserError) as refused:
        edit(values, {})
    assert str(refused.value).startswith(message) and "\n" not in str(refused.value)
    assert paths.PARAMS.read_bytes() == before
