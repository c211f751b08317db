import pytest
from helpers.data import SHIPPED

from pipeline.config.load import parse
from pipeline.config.rewrite import EMPTY, dump, rewrite

TEXT = SHIPPED.read_text()


def test_only_the_values_change_character_by_character():
    values = {"train.model.filters": 48, "train.model.dropout": 0.30000000000000004, "train.learning_rate": 1e-05}
    written = rewrite(TEXT, values | {"train.model.name": "cnn"})
    changed = [(old, new) for old, new in zip(TEXT.splitlines(), written.splitlines(), strict=True) if old != new]
    assert changed == [
        ("    filters: 32", "    filters: 48"),
        ("    dropout: 0.25", "    dropout: 0.30000000000000004"),
        ("  learning_rate: 0.002", "  learning_rate: 1e-05"),
    ]
    assert rewrite("a: 1\nb: 1\n", {"b": 22, "a": 11}) == "a: 11\nb: 22\n", "in any order"
    train = parse(written, "params.yaml").train
    assert (train.model.filters, train.model.dropout, train.learning_rate) == (48, 0.30000000000000004, 1e-05)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train: {filters: 1, dropout: 0.5}  # mine\n", "train: {filters: 7, dropout: 0.5}  # mine\n"),
        ("a: 1\ntrain:\n    # why\n    filters:   1   # few\n", "a: 1\ntrain:\n    # why\n    filters:   7   # few\n"),
        ("'train':\n  'filters': 1\nz: 2", "'train':\n  'filters': 7\nz: 2"),
        ("é: ü\r\ntrain:\r\n  filters: 1\r\n", "é: ü\r\ntrain:\r\n  filters: 7\r\n"),
        ("train: {model: {filters: 1}}\nfilters: 2\n", "train: {model: {filters: 1}}\nfilters: 2\n"),
    ],
)
def test_comments_order_and_layout_stay(text, expected):
    assert rewrite(text, {"train.filters": 7}) == expected


def test_a_key_is_added_behind_its_neighbours_and_one_is_removed_with_its_line():
    text = (
        "train:  # how\n  model:\n    name: cnn  # which\n    dropout: 0.5  # how much\n\n  # how long\n  epochs: 1\n"
    )
    values = {"train.model.name": "vgg", "train.model.dropout": None, "train.model.units": 3, "train.model.blocks": 2}
    expected = (
        "train:  # how\n  model:\n    name: vgg  # which\n    units: 3\n    blocks: 2\n\n  # how long\n  epochs: 1\n"
    )
    assert rewrite(text, values) == expected
    assert rewrite(text.replace("\n", "\r\n"), values) == expected.replace("\n", "\r\n")
    assert (
        rewrite("space: {a: 1}\nb:\n  c: 1\n", {"space.a": None, "space.d": 1, "e.f": 2, "b.g": None})
        == "space: {a: 1}\nb:\n  c: 1\n"
    )
    assert (
        rewrite("s:\n  a: {low: 1}\n  b:\n    low: 1\n    high: 2\n  c: 3\n", {"s.a": None, "s.b": None})
        == "s:\n  c: 3\n"
    )
    for values in ({"a.c": None}, {"a.d": 2}):
        assert rewrite("a:\n  b: 1\n  c: 1", values) == "a:\n  b: 1\n  c: 1", "the line has no end"


def test_nothing_becomes_a_value_and_a_value_nothing():
    text = "a:\n  v: 5  # five\n\n  w: 1\n"
    empty = "a:\n  v:  # five\n\n  w: 1\n"
    assert rewrite(text, {"a.v": EMPTY}) == empty and rewrite(empty, {"a.v": 5}) == text
    assert rewrite("a:\n  v:\n  w: 1\n", {"a.v": 5}) == "a:\n  v: 5\n  w: 1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s:  # why\n  a: >-\n    long\n\n  # next\nt: 1\n", "s:  # why\n  x:\n  - 1\n  - b: 2\n\n  # next\nt: 1\n"),
        ("s: {a: 1}  # why\nt: 1\n", 's: {"x": [1, {"b": 2}]}  # why\nt: 1\n'),
        ("s: 5\nt: 1\n", 's: {"x": [1, {"b": 2}]}\nt: 1\n'),
        ("t: 1\nu: 2\nv: 3\n", 't: 1\nu: 2\nv: 3\ns: {"x": [1, {"b": 2}]}\n'),
        ("s:\r\n  a: 1\r\nt: 1\r\n", "s:\r\n  x:\r\n  - 1\r\n  - b: 2\r\nt: 1\r\n"),
    ],
)
def test_a_mapping_or_a_list_is_replaced_as_a_whole(text, expected):
    assert rewrite(text, {"s": {"x": [1, {"b": 2}]}}) == expected
    assert rewrite("s: {a: 1}\n", {"s": ["é"]}) == 's: ["é"]\n'


def test_a_comment_is_added_where_there_is_none():
    assert rewrite("a: 1\n", {"a": 2}, {"a": "why"}) == "a: 2  # why\n"
    assert rewrite("a: 1  # mine\n", {"a": 2}, {"a": "why"}) == "a: 2  # mine\n"
    assert rewrite("a: 1\n", {}, {"a": "why", "b": "no"}) == "a: 1  # why\n"
    assert rewrite("a: 1\r\n", {}, {"a": "why"}) == "a: 1  # why\r\n"
    assert rewrite("b: 2\na: 1", {}, {"a": "why"}) == "b: 2\na: 1  # why"


def test_a_long_text_is_dumped_in_one_line():
    assert dump({"a": " ".join(["word"] * 500)}).count("\n") == 1


def test_what_an_alias_stands_for_is_changed_at_its_anchor_alone():
    text = "a: &a\n  x: 1\nb: *a\n"
    assert rewrite(text, {"a.x": 2}) == text.replace("1", "2") and rewrite(text, {"b.x": 2}) == text
    assert rewrite(text, {"b": {"y": 2}}) == 'a: {"y": 2}\nb: *a\n', "without anchor, so that it is refused"
    bomb = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}\n" for n in range(1, 60))
    assert rewrite(bomb, {"a0.x": 2}) == bomb.replace("1}", "2}", 1)
