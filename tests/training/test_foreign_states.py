"""States of trainings that a bad disk or somebody else wrote: not believed, not run, and no way out of the folder."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.resuming import NOTHING, compiled, equal

from pipeline.config.schema import leaves
from pipeline.core.errors import UserError
from pipeline.training import checkpoint
from pipeline.training.history import Epoch, TrainingState

NAME = "0123456789abcdef" * 2
pytestmark = pytest.mark.usefixtures("root")


@pytest.fixture
def killed(undisturbed) -> Path:
    """What a training leaves that was killed after three epochs. Leave it as it is."""
    return undisturbed.killed[3]


@pytest.fixture(scope="module")
def model(five_epochs):
    """A newly built model, which no state changes."""
    return compiled(five_epochs)


def sealed(folder: Path, content: bytes) -> None:
    """Writes a state as `save` would, with the sha256 at its end."""
    digest = hashlib.sha256(folder.name.encode() + content).digest()
    (folder / checkpoint.STATE).write_bytes(content + digest)


def packed(**arrays) -> bytes:
    """Arrays as np.savez writes them."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def assert_set_aside(folder: Path, model, capsys) -> None:
    """That a state is not believed: it is said once, the model is as it was, and the next start begins afresh."""
    before = model.get_weights()
    capsys.readouterr()
    assert checkpoint.restore(folder, model) == NOTHING and not checkpoint.exists(folder)
    assert (folder / "damaged.npz").exists()
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
def test_a_damaged_state_is_set_aside_and_training_starts_afresh(model, killed, tmp_path, capsys, damage):
    state = shutil.copytree(killed, tmp_path / killed.name) / checkpoint.STATE
    state.write_bytes(DAMAGE[damage](state.read_bytes()))
    assert_set_aside(state.parent, model, capsys)


EDITED = {
    "best weights of zeros": lambda arrays: {name: array * 0 for name, array in arrays.items() if "best" in name},
    "more epochs than there were": lambda arrays: {"history": np.array(json.dumps([[1, {}, {"accuracy": 1}]] * 15))},
}


@pytest.mark.parametrize("edit", EDITED)
def test_a_state_that_was_edited_is_not_believed(model, killed, tmp_path, capsys, edit):
    folder = shutil.copytree(killed, tmp_path / killed.name)
    content = (folder / checkpoint.STATE).read_bytes()
    arrays = dict(np.load(io.BytesIO(content)))
    (folder / checkpoint.STATE).write_bytes(packed(**arrays | EDITED[edit](arrays)) + content[-checkpoint.SHA256 :])
    assert_set_aside(folder, model, capsys)


def test_the_state_of_another_training_is_not_believed(model, killed, tmp_path, capsys):
    assert_set_aside(shutil.copytree(killed, tmp_path / "other"), model, capsys)


HISTORIES = {
    "one number": "1",
    "one dimension": "[1, 2]",
    "four columns": '[[1, {"loss": 1.0}, {"accuracy": 1.0}, {}]]',
    "a number that is none": '[[1, {"loss": NaN}, {"accuracy": 1.0}]]',
    "an epoch left out": '[[1, {"loss": 1.0}, {"accuracy": 1.0}], [3, {"loss": 1.0}, {"accuracy": 1.0}]]',
    "no JSON": "[",
}


@pytest.mark.parametrize("history", HISTORIES)
def test_a_history_of_another_form_is_not_believed(model, killed, tmp_path, capsys, history):
    folder = shutil.copytree(killed, tmp_path / killed.name)
    arrays = dict(np.load(folder / checkpoint.STATE))
    sealed(folder, packed(**arrays | {"history": np.array(HISTORIES[history])}))
    assert_set_aside(folder, model, capsys)


def test_a_compressed_state_is_not_unpacked(model, killed, tmp_path, capsys):
    folder, file = shutil.copytree(killed, tmp_path / killed.name), io.BytesIO()
    np.savez_compressed(file, **np.load(folder / checkpoint.STATE))
    sealed(folder, file.getvalue())
    assert_set_aside(folder, model, capsys)


def test_weights_of_another_model_are_not_believed(five_epochs, model, tmp_path, capsys):
    other = compiled(leaves.replace(five_epochs, {"filters": 2}))
    epoch = Epoch(1, {"loss": 1.0}, {"accuracy": 0.0})
    checkpoint.save(tmp_path, other, TrainingState([epoch], other.get_weights()))
    assert_set_aside(tmp_path, model, capsys)


class Payload:
    """Code, as a pickle carries it."""

    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


def test_a_state_that_carries_code_is_not_run_and_not_used(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sealed(tmp_path, packed(history=np.array([Payload()], dtype=object), variable_000=np.zeros(1)))
    assert_set_aside(tmp_path, model, capsys)
    assert not Path("ran").exists()


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
