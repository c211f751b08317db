"""What a killed training leaves, and that it goes on from there to the same bits."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.data import make_split

from pipeline.config.schema import Params, leaves
from pipeline.models import architectures
from pipeline.training import checkpoint, loop
from pipeline.training.history import Epoch, TrainingState

NOTHING = TrainingState([], [])


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def settings(source):
    params = Params.model_validate(source[1])
    return leaves.replace(params.train, {"epochs": 5, "dropout": 0.4})


@pytest.fixture(scope="module")
def undisturbed(settings, tmp_path_factory):
    """What comes out when nothing happens."""
    return train(settings, tmp_path_factory.mktemp("undisturbed"))


class Killed(Exception):
    pass


def train(settings, folder, killed_after=None):
    """One process's part of a training: builds, restores, trains until it is complete or killed."""
    model = architectures.build((8, 8, 1), 4, settings)
    restored = checkpoint.restore(folder, model)

    def on_epoch(progress):
        checkpoint.save(folder, model, progress)
        if len(progress.history) == killed_after:
            raise Killed

    history = loop.fit(model, make_split(120, 1), make_split(40, 3), settings, on_epoch, restored)
    return model.get_weights(), history, len(restored.history)


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("killed_after", [1, 3, 5])
def test_a_killed_training_ends_with_the_same_bits(settings, undisturbed, tmp_path, killed_after):
    with pytest.raises(Killed):
        train(settings, tmp_path, killed_after)
    weights, history, done = train(settings, tmp_path)
    assert done == killed_after and history == undisturbed[1]
    assert equal(weights, undisturbed[0])


@pytest.fixture(scope="module")
def killed(settings, tmp_path_factory) -> Path:
    """What a training leaves that was killed after three epochs."""
    folder = tmp_path_factory.mktemp("killed")
    with pytest.raises(Killed):
        train(settings, folder, 3)
    return folder


@pytest.mark.parametrize("damage", ["torn", "flipped", "missing", "empty", "encrypted", "without history"])
def test_after_a_damaged_state_training_starts_afresh(settings, killed, tmp_path, damage):
    folder = shutil.copytree(killed, tmp_path / "a")
    state = folder / checkpoint.STATE
    content = bytearray(state.read_bytes())
    if damage == "missing":
        state.unlink()
    elif damage == "without history":
        arrays = {name: array for name, array in np.load(state).items() if name != "history"}
        np.savez(state, **arrays)
    else:
        content[len(content) // 2] ^= 1
        encrypted = bytearray(content)
        encrypted[state.read_bytes().find(b"PK\x01\x02") + 8] ^= 1  # so says a flag of the zip directory
        state.write_bytes(
            {"encrypted": encrypted, "torn": content[: len(content) // 2], "flipped": content, "empty": b""}[damage]
        )
    model = architectures.build((8, 8, 1), 4, settings)
    before = model.get_weights()
    assert checkpoint.restore(folder, model) == NOTHING
    assert equal(model.get_weights(), before)


class Payload:
    """Code, as a pickle carries it."""

    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


def test_a_state_that_carries_code_is_not_run_and_not_used(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / checkpoint.STATE, history=np.array([Payload()], dtype=object), variable_000=np.zeros(1))
    assert checkpoint.restore(tmp_path, architectures.build((8, 8, 1), 4, settings)) == NOTHING
    assert not Path("ran").exists()


def test_without_a_state_training_starts_afresh(settings, tmp_path):
    assert checkpoint.restore(tmp_path, architectures.build((8, 8, 1), 4, settings)) == NOTHING
    assert not checkpoint.exists(tmp_path)


def test_a_failed_write_leaves_the_earlier_states(settings, tmp_path, monkeypatch):
    with pytest.raises(Killed):
        train(settings, tmp_path, 2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    model = architectures.build((8, 8, 1), 4, settings)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(
            tmp_path, model, TrainingState([Epoch(1, {"loss": 1.0}, {"accuracy": 0.0})], model.get_weights())
        )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_two_processes_at_the_same_training_get_a_folder_each(root):
    with checkpoint.claim("abc") as first:
        with checkpoint.claim("abc") as second:
            assert (first.name, second.name) == ("abc", "abc.2")
            checkpoint.discard("abc")
            assert first.is_dir(), "in use"
        (first / checkpoint.STATE).touch()
    with checkpoint.claim("abc") as again:
        assert again == first and checkpoint.exists(again)
        name = checkpoint.identity(again)
        assert checkpoint.identity(again) == name
        checkpoint.empty(again)
        assert not checkpoint.exists(again) and checkpoint.identity(again) != name
    checkpoint.discard("abc")
    checkpoint.discard("abc")
    assert not first.exists()
