"""What a killed training leaves, and that it goes on from there to the same bits."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.data import make_split

from pipeline.config.schema import Params, leaves
from pipeline.core.errors import UserError
from pipeline.models import architectures
from pipeline.training import checkpoint, loop
from pipeline.training.history import Epoch, TrainingState

NOTHING, NAME = TrainingState([], []), "0123456789abcdef" * 2


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


def sealed(folder: Path, content: bytes) -> None:
    """Writes a state as `save` would, with the sha256 at its end."""
    digest = hashlib.sha256(folder.name.encode() + content).digest()
    (folder / checkpoint.STATE).write_bytes(content + digest)


def packed(**arrays) -> bytes:
    """Arrays as np.savez writes them."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def assert_set_aside(folder: Path, settings, capsys) -> None:
    """That a state is not believed: it is said once, the model is as it was, and the next start begins afresh."""
    model = architectures.build((8, 8, 1), 4, settings)
    before = model.get_weights()
    capsys.readouterr()
    assert checkpoint.restore(folder, model) == NOTHING and not checkpoint.exists(folder)
    (line,) = capsys.readouterr().out.splitlines()
    assert "state.npz: is not as it was written" in line and "the training starts afresh" in line
    assert checkpoint.restore(folder, model) == NOTHING and not capsys.readouterr().out
    assert equal(model.get_weights(), before)


DAMAGE = {
    "torn": lambda content: content[: len(content) // 2],
    "flipped": lambda content: content[:-900] + bytes([content[-900] ^ 1]) + content[-899:],
    "longer": lambda content: content + b"\0",
    "no state at all": lambda content: b"state",
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_set_aside_and_training_starts_afresh(settings, killed, tmp_path, capsys, damage):
    state = shutil.copytree(killed, tmp_path / killed.name) / checkpoint.STATE
    state.write_bytes(DAMAGE[damage](state.read_bytes()))
    assert_set_aside(state.parent, settings, capsys)


EDITED = {
    "best weights of zeros": lambda arrays: {name: array * 0 for name, array in arrays.items() if "best" in name},
    "more epochs than there were": lambda arrays: {"history": np.array(json.dumps([[1, {}, {"accuracy": 1}]] * 15))},
}


@pytest.mark.parametrize("edit", EDITED)
def test_a_state_that_was_edited_is_not_believed(settings, killed, tmp_path, capsys, edit):
    folder = shutil.copytree(killed, tmp_path / killed.name)
    content = (folder / checkpoint.STATE).read_bytes()
    arrays = dict(np.load(io.BytesIO(content)))
    (folder / checkpoint.STATE).write_bytes(packed(**arrays | EDITED[edit](arrays)) + content[-checkpoint.SHA256 :])
    assert_set_aside(folder, settings, capsys)


def test_the_state_of_another_training_is_not_believed(settings, killed, tmp_path, capsys):
    assert_set_aside(shutil.copytree(killed, tmp_path / "other"), settings, capsys)


HISTORIES = {
    "one number": "1",
    "one dimension": "[1, 2]",
    "four columns": '[[1, {"loss": 1.0}, {"accuracy": 1.0}, {}]]',
    "a number that is none": '[[1, {"loss": NaN}, {"accuracy": 1.0}]]',
    "no JSON": "[",
}


@pytest.mark.parametrize("history", HISTORIES)
def test_a_history_of_another_form_is_not_believed(settings, killed, tmp_path, capsys, history):
    folder = shutil.copytree(killed, tmp_path / killed.name)
    arrays = dict(np.load(folder / checkpoint.STATE))
    sealed(folder, packed(**arrays | {"history": np.array(HISTORIES[history])}))
    assert_set_aside(folder, settings, capsys)


def test_weights_of_another_model_are_not_believed(settings, tmp_path, capsys):
    with pytest.raises(Killed):
        train(leaves.replace(settings, {"filters": 2}), tmp_path, 1)
    assert_set_aside(tmp_path, settings, capsys)


class Payload:
    """Code, as a pickle carries it."""

    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


def test_a_state_that_carries_code_is_not_run_and_not_used(settings, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sealed(tmp_path, packed(history=np.array([Payload()], dtype=object), variable_000=np.zeros(1)))
    assert_set_aside(tmp_path, settings, capsys)
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
        checkpoint.empty(again)
        assert not checkpoint.exists(again) and checkpoint.identity(again) != name
    checkpoint.discard(NAME)
    checkpoint.discard(NAME)
    assert not first.exists()


def test_an_id_that_is_none_is_replaced_once(tmp_path):
    for content in (b"\xff\xfe", b"", b"' OR 1", b"0" * 31 + b"\n"):
        (tmp_path / "id").write_bytes(content)
        name = checkpoint.identity(tmp_path)
        assert len(name) == 32 and checkpoint.identity(tmp_path) == name


HOSTILE = [
    "..",
    "",
    ".",
    "a\0b",
    "\n",
    f"{NAME}\n",
    f"{NAME}/..",
    f"../training/{NAME}",
    f"{NAME}.0",
    NAME.upper(),
    None,
]


@pytest.mark.parametrize("name", [*HOSTILE, "absolute"])
def test_a_name_that_no_training_can_have_becomes_no_path(root, name):
    victim = root / "victim"
    victim.mkdir()
    with pytest.raises(UserError, match=r"is no training .*; nothing was done with it"):
        checkpoint.discard(str(victim) if name == "absolute" else name)
    with pytest.raises(UserError), checkpoint.claim(str(victim) if name == "absolute" else name):
        pass
    assert victim.is_dir() and [path.name for path in root.iterdir()] == ["victim"]


def test_a_state_that_is_a_link_is_not_followed(root):
    (victim := root / "victim").mkdir()
    (folder := root / ".state" / "training" / NAME).parent.mkdir(parents=True)
    folder.symlink_to(victim)
    with pytest.raises(UserError, match="is a link, and may lead anywhere"), checkpoint.claim(NAME):
        pass
    assert not list(victim.iterdir())
