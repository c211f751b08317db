from pathlib import Path

import pytest
from helpers.faults import EPOCHS
from helpers.project import Project
from helpers.shared import made_once


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, prepared) -> Project:
    """A project after `dvc repro` with EPOCHS epochs, to which nothing happened. Leave it as it is."""

    def make(folder: Path) -> None:
        prepared.copy(folder).change("train", epochs=EPOCHS).ok("dvc", "repro")

    return Project.at(made_once(tmp_path_factory, "undisturbed", make))
