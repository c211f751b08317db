import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers.resuming import train

from pipeline.config.schema import Params, Train, leaves
from pipeline.training.history import Epoch


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """The folder of a project."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def five_epochs(source) -> Train:
    return leaves.replace(Params.model_validate(source[1]).train, {"epochs": 5, "dropout": 0.4})


class Undisturbed(NamedTuple):
    """What comes out when nothing happens."""

    weights: list
    history: list[Epoch]
    killed: dict[int, Path]  # epoch → what the folder would be had it been killed after that


@pytest.fixture(scope="session")
def undisturbed(five_epochs, tmp_path_factory) -> Undisturbed:
    """Leave it as it is."""
    folder, kept = tmp_path_factory.mktemp("training"), tmp_path_factory.mktemp("kept")
    killed = {}

    def keep(number: int) -> None:
        killed[number] = shutil.copytree(folder, kept / str(number) / folder.name)

    weights, history, _ = train(five_epochs, folder, keep)
    return Undisturbed(weights, history, killed)
