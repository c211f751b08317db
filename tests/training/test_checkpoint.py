"""A training that was killed goes on to the same bits; two at once get a folder each."""

import os
import shutil

import numpy as np
import pytest
from helpers.resuming import NOTHING, compiled, equal, train

from pipeline.config.schema import leaves
from pipeline.training import checkpoint
from pipeline.training.history import Epoch, TrainingState

NAME = "0123456789abcdef" * 2


@pytest.mark.parametrize("killed_after", [1, 3, 5])
def test_a_killed_training_ends_with_the_same_bits(five_epochs, undisturbed, tmp_path, killed_after):
    left = undisturbed.killed[killed_after]
    taken_over = shutil.copytree(left, tmp_path / f"{left.name}.2")  # of a second process at the same training
    weights, history, done = train(five_epochs, taken_over)
    assert done == killed_after and history == undisturbed.history
    assert equal(weights, undisturbed.weights)


def test_without_a_state_training_starts_afresh(five_epochs, tmp_path):
    assert checkpoint.restore(tmp_path, compiled(five_epochs)) == NOTHING
    assert not checkpoint.exists(tmp_path)


def test_a_failed_write_leaves_the_earlier_state(five_epochs, undisturbed, tmp_path, monkeypatch):
    shutil.copytree(undisturbed.killed[2], tmp_path, dirs_exist_ok=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    model = compiled(five_epochs)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(
            tmp_path, model, TrainingState([Epoch(1, {"loss": 1.0}, {"accuracy": 0.0})], model.get_weights())
        )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_two_processes_at_the_same_training_get_a_folder_each(root, monkeypatch):
    with checkpoint.claim(NAME) as first:
        with checkpoint.claim(NAME) as second:
            assert (first.name, second.name) == (NAME, f"{NAME}.2")
            checkpoint.discard(NAME)
            assert first.is_dir(), "in use"
        (first / checkpoint.STATE).touch()
    with checkpoint.claim(NAME) as again:
        assert again == first and checkpoint.exists(again)
        name = checkpoint.identity(again)
        assert checkpoint.identity(again) == name
        (again / checkpoint.OUTBOX).mkdir()
        for _ in ("full", "empty already"):
            checkpoint.empty(again)
            assert [path.name for path in again.iterdir()] == ["lock"]
        assert checkpoint.identity(again) != name

    def busy(*_, **__):
        raise OSError(16, "Device or resource busy")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rmdir", busy)
        checkpoint.discard(NAME)
    assert first.exists(), "a folder that cannot be removed stops nothing"
    checkpoint.discard(NAME)
    checkpoint.discard(NAME)
    assert not first.exists()


def test_norms_changed_images_smooth_targets_and_16_bits_go_on_to_the_same_bits(five_epochs, tmp_path):
    model = {"model": "vgg", "filters": 2, "growth": 3, "blocks": 1, "convolutions": 1, "dense_units": 4}
    others = {
        "dropout": 0.2,
        "flip": True,
        "shift": 1,
        "erase": 2,
        "label_smoothing": 0.1,
        "weight_decay": 0.01,
        "precision": "mixed_bfloat16",
        "calibrate": True,
    }
    settings = leaves.replace(five_epochs, model | others | {"epochs": 2, "warmup": 0.3, "schedule": "linear"})
    whole, killed = tmp_path / NAME, tmp_path / "killed" / NAME
    whole.mkdir()
    weights, history, _ = train(settings, whole, lambda number: number == 1 and shutil.copytree(whole, killed))
    assert equal(train(settings, killed)[0], weights) and len(history) == 2
