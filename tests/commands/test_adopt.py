import pytest
from helpers.project import ROOT

from pipeline.commands import adopt
from pipeline.config.load import parse
from pipeline.config.rewrite import rewrite
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.tracking import queries

TEXT = (ROOT / "params.yaml").read_text()


def test_only_the_values_change_character_by_character():
    values = {"filters": 48, "dropout": 0.30000000000000004, "model": "cnn", "learning_rate": 1e-05}
    adopted = rewrite(TEXT, values)
    changed = [(old, new) for old, new in zip(TEXT.splitlines(), adopted.splitlines(), strict=True) if old != new]
    assert changed == [
        ("  filters: 32", "  filters: 48"),
        ("  dropout: 0.25", "  dropout: 0.30000000000000004"),
        ("  learning_rate: 0.002", "  learning_rate: 1e-05"),
    ]
    train = parse(adopted, "params.yaml").train
    assert (train.filters, train.dropout, train.learning_rate) == (48, 0.30000000000000004, 1e-05)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train: {filters: 1, dropout: 0.5}  # mine\n", "train: {filters: 7, dropout: 0.5}  # mine\n"),
        ("a: 1\ntrain:\n    # why\n    filters:   1   # few\n", "a: 1\ntrain:\n    # why\n    filters:   7   # few\n"),
        ("'train':\n  'filters': 1\nz: 2", "'train':\n  'filters': 7\nz: 2"),
        ("é: ü\r\ntrain:\r\n  filters: 1\r\n", "é: ü\r\ntrain:\r\n  filters: 7\r\n"),
    ],
)
def test_comments_order_and_layout_stay(text, expected):
    assert rewrite(text, {"filters": 7}) == expected


def test_a_run_that_is_not_there_or_trained_nothing_is_one_line(store):
    with pytest.raises(UserError, match="run 0123 is not in the MLflow store"):
        queries.trained_params("0123")
    with pytest.raises(UserError, match="trained nothing; a study is adopted with --study NAME"):
        queries.trained_params(store.create_run("0").info.run_id)


def test_a_run_is_adopted_but_for_what_is_kept(store, tmp_path, monkeypatch, capsys):
    run = store.create_run("0").info.run_id
    for name, value in {"train.filters": 64, "train.dropout": 0.5, "train.epochs": 3, "other": 1}.items():
        store.log_param(run, name, value)
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_text(TEXT)
    arguments = [run, "--keep", "epochs"]
    adopt.main.main(arguments, standalone_mode=False)
    train = parse(paths.PARAMS.read_text(), "").train
    assert (train.filters, train.dropout, train.epochs) == (64, 0.5, 10)
    shown = capsys.readouterr().out
    assert "-  filters: 32\n+  filters: 64" in shown and "epochs" not in shown
    adopt.main.main(arguments, standalone_mode=False)
    assert "has these parameters already" in capsys.readouterr().out


def test_a_value_that_would_not_train_leaves_the_file(store, tmp_path, monkeypatch):
    run = store.create_run("0").info.run_id
    store.log_param(run, "train.batch_size", 10_000_000)
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_text(TEXT)
    arguments = [run]
    with pytest.raises(UserError, match="batch_size"):
        adopt.main.main(arguments, standalone_mode=False)
    assert paths.PARAMS.read_text() == TEXT


def test_line_ends_links_and_rights_stay(store, tmp_path, monkeypatch):
    run = store.create_run("0").info.run_id
    store.log_param(run, "train.filters", 64)
    monkeypatch.chdir(tmp_path)
    real = tmp_path / "real.yaml"
    real.write_bytes(TEXT.replace("\n", "\r\n").encode())
    real.chmod(0o600)
    paths.PARAMS.symlink_to(real)
    arguments = [run]
    adopt.main.main(arguments, standalone_mode=False)
    assert paths.PARAMS.is_symlink() and real.stat().st_mode & 0o777 == 0o600
    assert real.read_bytes().decode() == TEXT.replace("filters: 32", "filters: 64", 1).replace("\n", "\r\n")
